package backup

import (
	"bytes"
	"testing"
)

// FuzzCheck: whatever a file has, Check returns; and what it takes for whole can be
// restored.
func FuzzCheck(f *testing.F) {
	file := small(f)
	lines := linesOf(f, file)
	f.Add(file, false)
	f.Add(file[:len(file)-1], false)
	f.Add([]byte(lines[0]), true)
	f.Add([]byte(lines[0]+lines[1]+lines[2]), true)
	var all []byte
	for _, l := range lines {
		all = append(all, l...)
	}
	f.Add(all, true)
	f.Add(bytes.ReplaceAll(all, []byte("{}"), []byte("null")), true)
	f.Add([]byte(`{"header":{"format":"tframex-backup","version":1,"tables":null}}`+"\n"+`{"table":null,"record":{}}`), true)
	f.Fuzz(func(t *testing.T, data []byte, text bool) {
		if text { // lines, in a file with the right seal
			data = sealed(t, string(data))
		}
		m, err := Check(t.Context(), bytes.NewReader(data), CheckOptions{})
		s := newFake()
		r, restored := Restore(t.Context(), bytes.NewReader(data), s, RestoreOptions{})
		if (err == nil) != (restored == nil) {
			t.Fatalf("Check: %v, Restore: %v", err, restored)
		}
		if err == nil && r.Total().Records != m.Records || err != nil && len(s.tables) > 0 {
			t.Errorf("%+v, %+v", m, r)
		}
	})
}
