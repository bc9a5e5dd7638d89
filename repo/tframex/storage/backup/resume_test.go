package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// interruptions are what a batch may leave behind when a restore ends in it.
var interruptions = map[string]func(records []storage.Record, apply func([]storage.Record)) error{
	"before": func([]storage.Record, func([]storage.Record)) error { return errBroken },
	"amid": func(records []storage.Record, apply func([]storage.Record)) error {
		apply(records[:len(records)/2])
		return errBroken
	},
	"behind": func(records []storage.Record, apply func([]storage.Record)) error {
		apply(records)
		return errBroken
	},
}

// A restore that is interrupted at any batch, and once more at the next, ends with the same
// storage as one that is not.
func TestInterrupted(t *testing.T) {
	source := newFake().put("a", numbered(4)...).put("b", numbered(1)...)
	file, _ := backupOf(t, source, Options{})
	for _, existing := range []storage.Existing{storage.Refuse, storage.Skip, storage.Overwrite} {
		target := func() *fake {
			s := newFake().put("a", storage.Record{ID: "mine", Document: storage.Document{}})
			if existing != storage.Refuse {
				s.put("a", storage.Record{ID: "r3", Document: storage.Document{"mine": true}})
			}
			return s
		}
		o := RestoreOptions{Existing: existing, Batch: 2}
		want := target()
		if _, err := Restore(t.Context(), bytes.NewReader(file), want, o); err != nil {
			t.Fatal(err)
		}
		for how, interrupt := range interruptions {
			for n := 1; n <= want.imports; n++ {
				s := target()
				o.Resume = filepath.Join(t.TempDir(), "state")
				s.onImport = func(i int, records []storage.Record, apply func([]storage.Record)) error {
					if i == n || i == n+1 {
						return interrupt(records, apply)
					}
					apply(records)
					return nil
				}
				what := fmt.Sprintf("existing %d, %s import %d", existing, how, n)
				interruptedRestore(t, what, file, s, o)
				equal(t, s, want)
				if t.Failed() {
					t.Fatal(what)
				}
			}
		}
	}
}

// interruptedRestore restores until there is no error.
func interruptedRestore(t *testing.T, what string, file []byte, s *fake, o RestoreOptions) {
	t.Helper()
	for try := range 4 {
		r, err := Restore(t.Context(), bytes.NewReader(file), s, o)
		_, missing := os.Stat(o.Resume)
		switch {
		case err == nil:
			sum := r.Total()
			if r.Resumed != (try > 0) || missing == nil || sum.Created+sum.Skipped+sum.Overwritten != sum.Records {
				t.Errorf("%s: %+v, state file: %v", what, r, missing)
			}
			return
		case !errors.Is(err, errBroken) || missing != nil:
			t.Errorf("%s: %v, state file: %v", what, err, missing)
		}
	}
	t.Errorf("%s: it does not get on", what)
}

// A record that another has put there meanwhile is refused, though the restore was resumed.
func TestResumeRefuses(t *testing.T) {
	file, _ := backupOf(t, newFake().put("a", numbered(4)...), Options{})
	s, o := newFake(), RestoreOptions{Batch: 2, Resume: filepath.Join(t.TempDir(), "state")}
	s.onImport = func(n int, records []storage.Record, apply func([]storage.Record)) error {
		if n == 2 {
			return errBroken
		}
		apply(records)
		return nil
	}
	if _, err := Restore(t.Context(), bytes.NewReader(file), s, o); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	s.put("a", storage.Record{ID: "r3", Document: storage.Document{"mine": true}})
	r, err := Restore(t.Context(), bytes.NewReader(file), s, o)
	if want := (TableReport{Name: "a", Records: 4, Created: 3, Refused: 1}); !errors.Is(err, storage.ErrDuplicate) || r.Tables[0] != want || r.Refusals[0].ID != "r3" {
		t.Errorf("%+v, %v", r, err)
	}
	if s.tables["a"].records["r3"].Document["mine"] != true {
		t.Error("it was overwritten")
	}
}

// started returns a storage, a backup of it in part restored, and the options to go on.
func started(t *testing.T) (*fake, []byte, RestoreOptions) {
	t.Helper()
	file, _ := backupOf(t, newFake().put("a", numbered(4)...).put("b", numbered(4)...), Options{})
	s, o := newFake(), RestoreOptions{Existing: storage.Skip, Batch: 2, Resume: filepath.Join(t.TempDir(), "state")}
	s.onImport = func(n int, records []storage.Record, apply func([]storage.Record)) error {
		if n == 4 {
			return errBroken
		}
		apply(records)
		return nil
	}
	if _, err := Restore(t.Context(), bytes.NewReader(file), s, o); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	if info, err := os.Stat(o.Resume); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	return s, file, o
}

type renamed struct{ *fake }

func (renamed) Backend() string { return "other" }

func TestStateOfAnother(t *testing.T) {
	change := func(old, new string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			data, err := os.ReadFile(path)
			if err != nil || !strings.Contains(string(data), old) {
				t.Fatalf("%s, %v", data, err)
			}
			if err := os.WriteFile(path, []byte(strings.Replace(string(data), old, new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for what, edit := range map[string]func(*testing.T, string){
		"no JSON":         change(`{`, `[`),
		"another format":  change(stateName, "other"),
		"another version": change(`"version":1`, `"version":2`),
		"no such table":   change(`"table":"b"`, `"table":"c"`),
		"beyond":          change(`"position":2`, `"position":5`),
	} {
		s, file, o := started(t)
		edit(t, o.Resume)
		refusesState(t, what, s, file, o)
	}
	s, file, o := started(t)
	other, _ := backupOf(t, newFake().put("a", numbered(4)...).put("b", numbered(4)...), Options{})
	refusesState(t, "another backup", s, other, o)
	refusesState(t, "another backend", renamed{s}, file, o)
	refusesState(t, "another storage", newFake(), file, o)
	different := o
	different.Existing = storage.Overwrite
	refusesState(t, "treated in another way", s, file, different)
	different = o
	different.Tables = []string{"b"}
	refusesState(t, "other tables", s, file, different)
	if r, err := Restore(t.Context(), bytes.NewReader(file), s, o); err != nil || !r.Resumed || r.Total().Created != 8 {
		t.Errorf("%+v, %v", r, err)
	}
}

// refusesState fails the test unless the restore does not go on with the state.
func refusesState(t *testing.T, what string, s storage.Storage, file []byte, o RestoreOptions) {
	t.Helper()
	if _, err := Restore(t.Context(), bytes.NewReader(file), s, o); !errors.Is(err, ErrState) {
		t.Errorf("%s: %v", what, err)
	}
	if _, err := os.Stat(o.Resume); err != nil {
		t.Errorf("%s: the state is gone: %v", what, err)
	}
}

func TestStateCannotBeKept(t *testing.T) {
	file, _ := backupOf(t, newFake().put("a", numbered(4)...), Options{})
	s := newFake()
	_, err := Restore(t.Context(), bytes.NewReader(file), s, RestoreOptions{Resume: filepath.Join(t.TempDir(), "none", "state")})
	if !errors.Is(err, os.ErrNotExist) || s.imports > 0 {
		t.Errorf("%v, %d imports", err, s.imports)
	}
}

// The state has no values of documents.
func TestStateHasNoDocuments(t *testing.T) {
	_, _, o := started(t)
	data, err := os.ReadFile(o.Resume)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil || len(got) != 9 || strings.Contains(string(data), `"n"`) {
		t.Errorf("%s (%v)", data, err)
	}
}
