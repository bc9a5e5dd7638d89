package backup

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// A record that cannot be read ends a backup, unless somebody wants to be told of it: then the
// backup has all others.
func TestUnreadable(t *testing.T) {
	damaged := []string{"r0", "r4", "r5", "r9"}
	source := newFake().put("things", numbered(10)...)
	source.onExport = func(r storage.Record) error {
		if slices.Contains(damaged, r.ID) {
			return &storage.Error{Backend: "fake", Op: "Export", Err: &storage.RecordError{ID: r.ID, Position: r.Position, Err: storage.ErrValidation}}
		}
		return nil
	}
	_, err := Write(t.Context(), new(bytes.Buffer), source, Options{})
	if one, ok := errors.AsType[*storage.RecordError](err); !ok || one.ID != "r0" {
		t.Errorf("Write = %v, want an error of r0", err)
	}

	var told []string
	var file bytes.Buffer
	m, err := Write(t.Context(), &file, source, Options{Unreadable: func(u Unreadable) {
		told = append(told, u.ID)
		if u.Table != "things" || !errors.Is(u.Err, storage.ErrValidation) {
			t.Errorf("told %+v", u)
		}
	}})
	if err != nil || !slices.Equal(told, damaged) || m.Tables[0].Records != 6 || m.Tables[0].Unreadable != 4 {
		t.Fatalf("told of %q, manifest %+v, %v", told, m, err)
	}
	checked, err := Check(t.Context(), bytes.NewReader(file.Bytes()), CheckOptions{})
	if err != nil || checked.Tables[0] != m.Tables[0] {
		t.Errorf("Check = %+v, %v", checked, err)
	}
	target := newFake()
	report, err := Restore(t.Context(), bytes.NewReader(file.Bytes()), target, RestoreOptions{})
	if err != nil || report.Total().Created != 6 || len(target.tables["things"].ids) != 6 {
		t.Errorf("Restore = %+v, %v", report, err)
	}
}

// A backup goes on where a connection was lost, and gives up when it stays lost.
func TestLostConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFake().put("things", numbered(20)...)
		failures := 5
		source.onExport = func(r storage.Record) error {
			if r.ID == "r7" && failures > 0 {
				failures--
				return fmt.Errorf("%w: reset", storage.ErrConnection)
			}
			return nil
		}
		var file bytes.Buffer
		m, err := Write(t.Context(), &file, source, Options{})
		if err != nil || m.Records != 20 || failures != 0 {
			t.Errorf("Write = %+v, %v", m, err)
		}
		failures = 1000
		if _, err := Write(t.Context(), new(bytes.Buffer), source, Options{}); !errors.Is(err, storage.ErrConnection) {
			t.Errorf("Write = %v, want ErrConnection", err)
		}
	})
}
