package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// small is a backup of two tables.
func small(t testing.TB) []byte {
	s := newFake().put("a", numbered(2)...).put("b", numbered(1)...)
	file, _ := backupOf(t, s, Options{})
	return file
}

// notTaken fails the test unless a file is refused, and nothing is written of it.
func notTaken(t *testing.T, what string, file []byte) {
	t.Helper()
	s := newFake()
	_, err := Restore(t.Context(), bytes.NewReader(file), s, RestoreOptions{})
	if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
		t.Errorf("%s: %v", what, err)
	}
	if len(s.tables) > 0 {
		t.Errorf("%s: records were written", what)
	}
}

func TestEveryFlippedBit(t *testing.T) {
	file := small(t)
	for i := range file {
		for bit := range 8 {
			flipped := bytes.Clone(file)
			flipped[i] ^= 1 << bit
			if _, err := Check(t.Context(), bytes.NewReader(flipped), CheckOptions{}); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
				t.Errorf("bit %d of byte %d of %d: %v", bit, i, len(file), err)
			}
		}
	}
}

func TestTruncated(t *testing.T) {
	file := small(t)
	for n := range file {
		notTaken(t, "cut off", file[:n])
	}
	for n := 1; n < len(file); n += 7 {
		notTaken(t, "without its start", file[n:])
	}
}

func TestPutTogether(t *testing.T) {
	file, other := small(t), small(t)
	notTaken(t, "twice", slices.Concat(file, file))
	notTaken(t, "two", slices.Concat(file, other))
	notTaken(t, "two without the seal between", slices.Concat(file[:len(file)-sealSize], other))
	notTaken(t, "with more behind it", append(bytes.Clone(file), 'x'))
	notTaken(t, "with the seal of another", slices.Concat(file[:len(file)-sealSize], other[len(other)-sealSize:]))
	notTaken(t, "a frame to skip between", slices.Concat(file[:len(file)-sealSize], []byte("\x50\x2a\x4d\x18\x01\x00\x00\x00x"), file[len(file)-sealSize:]))
}

// sealed returns a file of lines, whatever they are, with a seal that is right.
func sealed(t testing.TB, lines ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	s := &sealer{w: &b, hash: sha256.New()}
	w, err := zstd.NewWriter(s, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, strings.Join(lines, "")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.seal(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Lines that were changed are noticed even with a new seal.
func TestLinesChanged(t *testing.T) {
	l := linesOf(t, small(t)) // header, a, 2 records, b, record, manifest
	if _, err := Check(t.Context(), bytes.NewReader(sealed(t, l...)), CheckOptions{}); err != nil {
		t.Fatal(err)
	}
	for what, lines := range map[string][]string{
		"tables swapped":         {l[0], l[4], l[5], l[1], l[2], l[3], l[6]},
		"records swapped":        {l[0], l[1], l[3], l[2], l[4], l[5], l[6]},
		"a record less":          {l[0], l[1], l[2], l[4], l[5], l[6]},
		"a record twice":         {l[0], l[1], l[2], l[2], l[3], l[4], l[5], l[6]},
		"a record of the other":  {l[0], l[1], l[2], l[4], l[3], l[5], l[6]},
		"a record changed":       {l[0], l[1], strings.Replace(l[2], `"n":0`, `"n":9`, 1), l[3], l[4], l[5], l[6]},
		"a table less":           {l[0], l[1], l[2], l[3], l[6]},
		"a table twice":          {l[0], l[1], l[1], l[2], l[3], l[4], l[5], l[6]},
		"a table renamed":        {l[0], strings.Replace(l[1], `"a"`, `"x"`, 1), l[2], l[3], l[4], l[5], l[6]},
		"no such name":           {l[0], strings.Replace(l[1], `"a"`, `"a b"`, 1), l[2], l[3], l[4], l[5], l[6]},
		"tables not sorted":      {strings.Replace(l[0], `["a","b"]`, `["b","a"]`, 1), l[4], l[5], l[1], l[2], l[3], l[6]},
		"a table that cannot be": {strings.Replace(l[0], `["a","b"]`, `["a b"]`, 1), strings.Replace(l[1], `"a"`, `"a b"`, 1)},
		"a schema of text":       {l[0], `{"table":{"name":"a","schema":"x"}}` + "\n"},
		"no tables":              {l[0], l[2], l[3], l[5], l[6]},
		"no manifest":            l[:6],
		"the manifest twice":     {l[0], l[1], l[2], l[3], l[4], l[5], l[6], l[6]},
		"more at the end":        {l[0], l[1], l[2], l[3], l[4], l[5], l[6], l[2]},
		"an unknown line":        {l[0], l[1], l[2], l[3], l[4], l[5], "{\"index\":{}}\n", l[6]},
		"no JSON":                {l[0], l[1], "no JSON\n"},
		"no line at the end":     {l[0], l[1], strings.TrimSpace(l[2])},
		"no document":            {l[0], l[1], "{\"record\":{\"id\":\"x\",\"document\":[]}}\n", l[6]},
		"no id":                  {l[0], l[1], "{\"record\":{\"document\":{}}}\n", l[6]},
		"no header":              l[1:],
		"nothing":                nil,
		"another format":         {strings.Replace(l[0], formatName, "other", 1), l[1], l[2], l[3], l[4], l[5], l[6]},
		"only an unknown header": {"{\"version\":1}\n"},
	} {
		notTaken(t, what, sealed(t, lines...))
	}
}

func TestVersion(t *testing.T) {
	l := linesOf(t, small(t))
	_, err := Check(t.Context(), bytes.NewReader(sealed(t, strings.Replace(l[0], `"version":1`, `"version":2`, 1))), CheckOptions{})
	if !errors.Is(err, ErrVersion) || !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
	// Fields that are not known are passed over.
	s := newFake()
	lines := addFields(t, l)
	if _, err := Restore(t.Context(), bytes.NewReader(sealed(t, lines...)), s, RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := len(s.tables["a"].records); n != 2 {
		t.Errorf("%d records", n)
	}
}

// addFields returns the lines with a field more in each, and a manifest that fits.
func addFields(t *testing.T, lines []string) []string {
	t.Helper()
	rewrite := &reader{v: &checker{}, whole: sha256.New()}
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = strings.Replace(l, `":{`, `":{"new":[1],`, 1)
		if i == len(lines)-1 {
			break
		}
		rewrite.text = []byte(out[i])
		if strings.HasPrefix(l, `{"table"`) {
			if err := rewrite.endTable(); err != nil {
				t.Fatal(err)
			}
			rewrite.part = sha256.New()
			rewrite.m.Tables = append(rewrite.m.Tables, Table{})
		}
		rewrite.sum()
	}
	if err := rewrite.endTable(); err != nil {
		t.Fatal(err)
	}
	last := len(out) - 1
	m := manifestOf(t, lines[last])
	out[last] = strings.Replace(out[last], m.SHA256, sum(rewrite.whole), 1)
	out[last] = strings.Replace(out[last], `"bytes":`+text(m.Bytes), `"bytes":`+text(rewrite.m.Bytes), 1)
	for i, table := range m.Tables {
		out[last] = strings.Replace(out[last], table.SHA256, rewrite.m.Tables[i].SHA256, 1)
	}
	return out
}

func TestForeign(t *testing.T) {
	for _, file := range []string{"", "x", "SQLite format 3\x00 and more of it, to have more bytes than a seal has of its own", "{\"header\":{}}\n" + strings.Repeat("x", 100)} {
		if _, err := Check(t.Context(), strings.NewReader(file), CheckOptions{}); !errors.Is(err, ErrFormat) && !errors.Is(err, ErrDamaged) {
			t.Errorf("%.20q: %v", file, err)
		}
	}
	if _, err := Check(t.Context(), strings.NewReader(strings.Repeat("no backup ", 100)), CheckOptions{}); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
	if _, err := Check(t.Context(), bytes.NewReader(sealed(t, "{\"event\":1}\n")), CheckOptions{}); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
}

// What cannot be read is not what is damaged.
func TestReadFails(t *testing.T) {
	file := small(t)
	for n := 0; n < len(file); n += 50 {
		r := io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(errBroken))
		if _, err := Check(t.Context(), r, CheckOptions{}); !errors.Is(err, errBroken) || errors.Is(err, ErrDamaged) {
			t.Errorf("behind %d bytes: %v", n, err)
		}
	}
	for _, r := range []io.Reader{iotest.OneByteReader(bytes.NewReader(file)), iotest.DataErrReader(bytes.NewReader(file))} {
		if _, err := Check(t.Context(), r, CheckOptions{}); err != nil {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Check(ctx, bytes.NewReader(file), CheckOptions{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// changing is a file that is another one from the second reading on.
type changing struct {
	*bytes.Reader
	next []byte
}

func (c *changing) Seek(offset int64, whence int) (int64, error) {
	n, err := c.Reader.Seek(offset, whence)
	if c.next != nil && c.Size() > 0 {
		c.Reader, c.next = bytes.NewReader(c.next), nil
	}
	return n, err
}

func TestChangedMeanwhile(t *testing.T) {
	first, second := small(t), small(t)
	r := &changing{bytes.NewReader(first), nil}
	progress := func(p Progress) {
		if p.Phase == Checking {
			r.next = second
		}
	}
	if _, err := Restore(t.Context(), r, newFake(), RestoreOptions{Existing: storage.Skip, Progress: progress}); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}

// What grows when it is decompressed takes no more memory than a document may have.
func TestBombs(t *testing.T) {
	limit(t, 4<<20)
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	block := bytes.Repeat([]byte("x"), 1<<20)
	for range 64 {
		if _, err := w.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = Check(t.Context(), &b, CheckOptions{})
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "more than") {
		t.Error(err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 40<<20 {
		t.Errorf("%d MB for a line without end", n>>20)
	}
	// A frame that wants a window of 1 GB.
	large := "\x28\xb5\x2f\xfd\x00\xa0\x01\x00\x00" + strings.Repeat("x", 100)
	if _, err := Check(t.Context(), strings.NewReader(large), CheckOptions{}); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}

// Nothing goes on when a call has returned, whatever it returns.
func TestNoGoroutineStays(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	file := small(t)
	for _, data := range [][]byte{file, file[:len(file)/2], nil, []byte("no backup at all, but longer than the seal of one would be")} {
		_, _ = Check(t.Context(), bytes.NewReader(data), CheckOptions{})
		_, _ = Restore(t.Context(), bytes.NewReader(data), newFake(), RestoreOptions{})
	}
	_, _ = Write(t.Context(), &limited{n: 10}, newFake().put("a", numbered(3)...), Options{})
	_, _ = Write(t.Context(), io.Discard, broken{newFake().put("a", numbered(3)...)}, Options{})
}
