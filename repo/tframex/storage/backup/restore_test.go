package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// odd are documents as they are found, each under the id o0, o1, …
var odd = []string{
	`{}`,
	`{"id":"o1","":0,"null":null,"list":[],"object":{},"nested":{"a":[{"b":[null,true,"x"]}]}}`,
	`{"integer":9223372036854775807,"beyond":18446744073709551616,"as":1.0,"small":1e-7,"large":1e400,"minus":-0,"long":0.1000000000000000055}`,
	`{"text":"\u0000 \u2028 \u2029 < > & \" \\ / é 世 😀 \ufffd","number as text":"007","bool as text":"True"}`,
	`{"created_at":"2025-07-05 01:10:56.998281","updated_at":null,"timestamp":"2025-07-05T01:22:00+02:00"}`,
	`{"Record":{"record":{}},"manifest":1,"header":{"version":2},"document":"{\"a\":1}\n"}`,
}

// awkward is a storage with all that a backup has to keep.
func awkward(t *testing.T) *fake {
	t.Helper()
	s := newFake()
	for i, text := range odd {
		s.put("odd", storage.Record{ID: fmt.Sprint("o", i), Document: parsed(t, text)})
	}
	berlin := time.FixedZone("", 2*3600)
	s.put("times",
		storage.Record{ID: "all", Document: storage.Document{}, CreatedAt: at, UpdatedAt: at.Add(time.Nanosecond), ExpiresAt: at.AddDate(5000, 0, 0)},
		storage.Record{ID: "zone", Document: storage.Document{}, CreatedAt: at.In(berlin)},
		storage.Record{ID: "id with \" \\ < / : { } é", Document: storage.Document{}, UpdatedAt: time.Unix(0, 0)})
	schema := parsed(t, `{"fields":{"n":{"max":18446744073709551616,"step":1.0}}}`)
	for table, schema := range map[string]storage.Document{"empty": nil, "with_schema": schema} {
		if err := s.CreateTable(t.Context(), table, schema); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestRoundTrip(t *testing.T) {
	s := awkward(t)
	file, _ := backupOf(t, s, Options{Secrets: true})
	restored := newFake()
	r, err := Restore(t.Context(), bytes.NewReader(file), restored, RestoreOptions{Batch: 2})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, restored, s)
	for id, want := range s.tables["odd"].records {
		w, _ := json.Marshal(want.Document)
		g, _ := json.Marshal(restored.tables["odd"].records[id].Document)
		if !bytes.Equal(w, g) { // also numbers in the form that they were written in
			t.Errorf("%s: %s, want %s", id, g, w)
		}
	}
	if sum := r.Total(); sum.Records != 9 || sum.Created != 9 || r.DryRun || r.Resumed {
		t.Errorf("%+v", r)
	}
	again, _ := backupOf(t, restored, Options{Secrets: true})
	if a, b := linesOf(t, file), linesOf(t, again); len(a) != len(b) {
		t.Errorf("a backup of what was restored has %d lines, want %d", len(b), len(a))
	}
}

// overlapping returns a backup of r0 … r3 and a storage with other forms of r0 and r1.
func overlapping(t *testing.T) ([]byte, *fake) {
	file, _ := backupOf(t, newFake().put("a", numbered(4)...), Options{})
	mine := numbered(2)
	for i := range mine {
		mine[i].Document = storage.Document{"id": mine[i].ID, "mine": true}
	}
	return file, newFake().put("a", mine...)
}

func TestExisting(t *testing.T) {
	for existing, want := range map[storage.Existing]TableReport{
		storage.Skip:      {Name: "a", Records: 4, Created: 2, Skipped: 2},
		storage.Overwrite: {Name: "a", Records: 4, Created: 2, Overwritten: 2},
	} {
		file, s := overlapping(t)
		r, err := Restore(t.Context(), bytes.NewReader(file), s, RestoreOptions{Existing: existing, Batch: 3})
		if err != nil || len(r.Tables) != 1 || r.Tables[0] != want {
			t.Errorf("%+v (%v), want %+v", r.Tables, err, want)
		}
		_, mine := s.tables["a"].records["r0"].Document["mine"]
		if mine != (existing == storage.Skip) || len(s.tables["a"].ids) != 4 {
			t.Errorf("existing %d: %v", existing, s.tables["a"].records)
		}
	}
}

func TestRefuse(t *testing.T) {
	file, s := overlapping(t)
	var told []Refusal
	r, err := Restore(t.Context(), bytes.NewReader(file), s, RestoreOptions{Refused: func(r Refusal) { told = append(told, r) }})
	if !errors.Is(err, ErrRefused) || !errors.Is(err, storage.ErrDuplicate) {
		t.Error(err)
	}
	if len(s.tables["a"].ids) != 2 || s.imports != 0 {
		t.Errorf("it has written, though records exist: %v", s.tables["a"].ids)
	}
	if len(told) != 2 || !slices.Equal(told, r.Refusals) || told[1] != (Refusal{"a", "r1", storage.ErrDuplicate}) || r.Tables[0].Refused != 2 {
		t.Errorf("%v, %+v", told, r)
	}
	// Records that do not exist are no obstacle.
	s = newFake().put("a", storage.Record{ID: "other", Document: storage.Document{}})
	if r, err := Restore(t.Context(), bytes.NewReader(file), s, RestoreOptions{}); err != nil || r.Total().Created != 4 || len(s.tables["a"].ids) != 5 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRefused(t *testing.T) {
	records := numbered(maxRefusals + 50)
	for i := range records {
		records[i].Document["refuse"] = i >= 10
	}
	file, _ := backupOf(t, newFake().put("a", records...), Options{})
	calls, s := 0, newFake()
	r, err := Restore(t.Context(), bytes.NewReader(file), s, RestoreOptions{Refused: func(Refusal) { calls++ }})
	if !errors.Is(err, ErrRefused) || !errors.Is(err, storage.ErrValidation) {
		t.Error(err)
	}
	if r.Tables[0].Created != 10 || r.Tables[0].Refused != 1040 || calls != 1040 || len(r.Refusals) != maxRefusals || r.Refusals[0].ID != "r10" {
		t.Errorf("%+v, %d calls, %d refusals", r.Tables, calls, len(r.Refusals))
	}
}

func TestDryRun(t *testing.T) {
	for existing, want := range map[storage.Existing]TableReport{
		storage.Refuse:    {Name: "a", Records: 4, Created: 2, Refused: 2},
		storage.Skip:      {Name: "a", Records: 4, Created: 2, Skipped: 2},
		storage.Overwrite: {Name: "a", Records: 4, Created: 2, Overwritten: 2},
	} {
		file, s := overlapping(t)
		r, err := Restore(t.Context(), bytes.NewReader(file), s, RestoreOptions{Existing: existing, DryRun: true, Resume: filepath.Join(t.TempDir(), "state")})
		if errors.Is(err, ErrRefused) != (existing == storage.Refuse) || !r.DryRun || r.Tables[0] != want {
			t.Errorf("%+v (%v), want %+v", r.Tables, err, want)
		}
		if s.imports != 0 || len(s.tables["a"].ids) != 2 {
			t.Errorf("a dry run has written: %v", s.tables["a"].ids)
		}
	}
}

func TestRestoreTables(t *testing.T) {
	file, _ := backupOf(t, newFake().put("a", numbered(1)...).put("b", numbered(2)...).put("c", numbered(3)...), Options{})
	s := newFake()
	r, err := Restore(t.Context(), bytes.NewReader(file), s, RestoreOptions{Tables: []string{"c", "a"}})
	if err != nil || len(r.Tables) != 2 || r.Total().Created != 4 || s.tables["b"] != nil {
		t.Errorf("%+v, %v", r.Tables, err)
	}
	s = newFake()
	if _, err := Restore(t.Context(), bytes.NewReader(file), s, RestoreOptions{Tables: []string{"a", "d"}}); !errors.Is(err, ErrTable) || len(s.tables) > 0 {
		t.Error(err)
	}
	empty, _ := backupOf(t, newFake(), Options{})
	if r, err := Restore(t.Context(), bytes.NewReader(empty), s, RestoreOptions{}); err != nil || len(r.Tables) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := numbered(3)
		records[0].ExpiresAt = time.Now().Add(time.Hour)
		records[1].ExpiresAt = time.Now().Add(2 * time.Hour)
		file, _ := backupOf(t, newFake().put("a", records...), Options{})
		time.Sleep(time.Hour)
		for _, dry := range []bool{true, false} {
			s := newFake()
			r, err := Restore(t.Context(), bytes.NewReader(file), s, RestoreOptions{DryRun: dry})
			if want := (TableReport{Name: "a", Records: 3, Created: 2, Expired: 1}); err != nil || r.Tables[0] != want {
				t.Errorf("%+v (%v), want %+v", r.Tables, err, want)
			}
			if dry {
				continue
			}
			if got := s.tables["a"].records["r1"].ExpiresAt; !got.Equal(records[1].ExpiresAt) || len(s.tables["a"].ids) != 2 {
				t.Errorf("expires at %v, want %v; records %v", got, records[1].ExpiresAt, s.tables["a"].ids)
			}
		}
		// One that expires on its way, and is refused for it, has expired.
		s := newFake()
		s.onImport = func(_ int, list []storage.Record, apply func([]storage.Record)) error {
			time.Sleep(time.Hour)
			list[0].Document["refuse"] = true
			apply(list)
			return nil
		}
		r, err := Restore(t.Context(), bytes.NewReader(file), s, RestoreOptions{})
		if want := (TableReport{Name: "a", Records: 3, Created: 1, Expired: 2}); err != nil || r.Tables[0] != want {
			t.Errorf("%+v (%v), want %+v", r.Tables, err, want)
		}
	})
}

func TestOverwriteKeepsSecrets(t *testing.T) {
	user := func(fields storage.Document) storage.Record {
		maps.Copy(fields, storage.Document{"id": "u"})
		return storage.Record{ID: "u", Document: fields}
	}
	saved := newFake().put("users", user(storage.Document{"name": "then", "password_hash": "then", "extra": "then"}), storage.Record{ID: "v", Document: storage.Document{}})
	saved.put("other", user(storage.Document{"password_hash": "then"}))
	for withSecrets, want := range map[bool]storage.Document{
		false: {"id": "u", "name": "then", "extra": "then", "password_hash": "now", "api_key": "now"},
		true:  {"id": "u", "name": "then", "extra": "then", "password_hash": "then"},
	} {
		file, _ := backupOf(t, saved, Options{Secrets: withSecrets})
		s := newFake().put("users", user(storage.Document{"name": "now", "password_hash": "now", "api_key": "now", "more": "now"}))
		s.put("other", user(storage.Document{"password_hash": "now"}))
		if _, err := Restore(t.Context(), bytes.NewReader(file), s, RestoreOptions{Existing: storage.Overwrite}); err != nil {
			t.Fatal(err)
		}
		if got := s.tables["users"].records["u"].Document; !storage.Equal(doc(got), doc(want)) {
			t.Errorf("secrets %v: %v, want %v", withSecrets, got, want)
		}
		if got := s.tables["other"].records["u"].Document["password_hash"]; got != "then" {
			t.Errorf("a table without secrets: %v", got)
		}
	}
}

func TestRestoreProgress(t *testing.T) {
	file, _ := backupOf(t, newFake().put("a", numbered(2500)...), Options{})
	var got []Progress
	s := newFake().put("a", storage.Record{ID: "other", Document: storage.Document{}})
	_, err := Restore(t.Context(), bytes.NewReader(file), s, RestoreOptions{Batch: 1500, Progress: func(p Progress) { got = append(got, p) }})
	if err != nil {
		t.Fatal(err)
	}
	want := []Progress{
		{Checking, "a", 1000, 0}, {Checking, "a", 2000, 0}, {Checking, "a", 2500, 0},
		{Comparing, "a", 1000, 2500}, {Comparing, "a", 2000, 2500}, {Comparing, "a", 2500, 2500},
		{Restoring, "a", 1500, 2500}, {Restoring, "a", 2500, 2500},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want\n%v", got, want)
	}
}

// A context that ends in any phase ends the restore there.
func TestRestoreCancelled(t *testing.T) {
	file, _ := backupOf(t, newFake().put("a", numbered(3000)...), Options{})
	for _, phase := range []Phase{Checking, Comparing, Restoring} {
		ctx, cancel := context.WithCancel(t.Context())
		s := newFake().put("a", storage.Record{ID: "other", Document: storage.Document{}})
		r, err := Restore(ctx, bytes.NewReader(file), s, RestoreOptions{Progress: func(p Progress) {
			if p.Phase == phase {
				cancel()
			}
		}})
		stored := len(s.tables["a"].ids) - 1
		if !errors.Is(err, context.Canceled) || (phase == Restoring) != (stored > 0) || stored > defaultBatch || phase == Restoring && int(r.Total().Created) != stored {
			t.Errorf("%s: %v, %d records, %+v", phase, err, stored, r.Tables)
		}
		cancel()
	}
}
