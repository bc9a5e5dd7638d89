package s3

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/memory"
	"github.com/redisgen/redisgen/repo/tframex/storage/migrate"
)

const damagedDir = "tframex/tables/things/data/2025/07/05/"

// damage is what objects have that are no documents.
var damage = []string{"", "{", `{"id": "x", "n": NaN}`, "[]", `"text"`, "{} {}", "\x00\x01"}

// export reads a table as package migrate does: behind each record that cannot be read it goes
// on. It returns the ids of all in their order, with ! before those that cannot be read.
func export(t *testing.T, s storage.Storage, from string) (ids []string) {
	t.Helper()
	for {
		var last error
		for record, err := range s.Export(t.Context(), "things", from) {
			if last = err; err == nil {
				ids, from = append(ids, record.ID), record.Position
			}
		}
		if last == nil {
			return ids
		}
		of, ok := errors.AsType[*storage.RecordError](last)
		if !ok || of.Position <= from || !strings.Contains(last.Error(), damagedDir+of.ID) {
			t.Fatalf("behind %q: %v, want a RecordError that names the object", from, last)
		}
		ids, from = append(ids, "!"+of.ID), of.Position
	}
}

// TestExportDamaged exports tables with objects that are no documents, in any place.
func TestExportDamaged(t *testing.T) {
	for _, places := range []string{"!.....", ".....!", "..!...", "!!....", "..!!!.", "....!!", "!.!.!.", "!!!!!!", "!"} {
		server := serve(t, nil)
		server.store(t, "tframex/tables/things/_metadata.json", "{", nil)
		var want []string
		for i, place := range places {
			id, body := fmt.Sprint("d", i), `{"id": "x"}`
			if place == '!' {
				body, want = damage[i%len(damage)], append(want, "!"+id)
			} else {
				want = append(want, id)
			}
			server.store(t, damagedDir+id+".json", body, nil)
		}
		for _, batch := range []int{1, 4, 100} {
			if got := export(t, connect(t, server, Config{BatchSize: batch}), ""); !slices.Equal(got, want) {
				t.Errorf("%s, %d at once: Export yields %q, want %q", places, batch, got, want)
			}
		}
	}
}

// TestUnreadable has objects that can be asked for, and cannot be read.
func TestUnreadable(t *testing.T) {
	f := serveFaulty(t)
	for _, id := range []string{"a", "b", "c"} {
		f.store(t, damagedDir+id+".json", `{"id": "`+id+`"}`, nil)
	}
	s := connect(t, f.fake, quick)
	for name, test := range map[string]struct {
		answer func(w http.ResponseWriter)
		want   error
	}{
		"too large":           {func(w http.ResponseWriter) { w.Header().Set("Content-Length", fmt.Sprint(maxObject+1)) }, storage.ErrValidation},
		"of unknown length":   {spaces, storage.ErrValidation},
		"in an archive":       {func(w http.ResponseWriter) { answer(w, 403, archived) }, storage.ErrQuery},
		"an object of nobody": {func(w http.ResponseWriter) { _, _ = io.WriteString(w, "null") }, storage.ErrValidation},
	} {
		f.onObject(damagedDir+"b.json", test.answer)
		if got := export(t, s, ""); !slices.Equal(got, []string{"a", "!b", "c"}) {
			t.Errorf("%s: Export yields %q", name, got)
		}
		if _, err := s.Get(t.Context(), "things", "b"); !errors.Is(err, test.want) || errors.Is(err, storage.ErrConnection) || !strings.Contains(err.Error(), damagedDir+"b.json") {
			t.Errorf("%s: Get: %v", name, err)
		}
	}
}

// spaces answers with JSON that does not come to a value in as many bytes as a document has.
func spaces(w http.ResponseWriter) {
	part := bytes.Repeat([]byte(" "), 1<<20)
	for range maxObject>>20 + 1 {
		if _, err := w.Write(part); err != nil {
			return
		}
	}
}

// onObject answers what asks for an object.
func (f *faulty) onObject(key string, answer func(w http.ResponseWriter)) {
	f.on(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, key) {
			answer(w)
		} else {
			next.ServeHTTP(w, r)
		}
	})
}

// TestLostObject loses the connection while objects are read: that is no error of a record,
// also among records that cannot be read.
func TestLostObject(t *testing.T) {
	f := serveFaulty(t)
	for _, id := range []string{"a", "c", "e"} {
		f.store(t, damagedDir+id+".json", `{"id": "`+id+`"}`, nil)
	}
	f.store(t, damagedDir+"b.json", "{", nil)
	f.store(t, damagedDir+"d.json", "{", nil)
	config := quick
	config.BatchSize = 1 // so that it is known what is read before
	for name, lose := range map[string]func(w http.ResponseWriter){
		"no answer":     func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"half a body":   func(w http.ResponseWriter) { w.Header().Set("Content-Length", "100"); _, _ = io.WriteString(w, "{") },
		"error 500":     func(w http.ResponseWriter) { answer(w, 500, "InternalError") },
		"access denied": func(w http.ResponseWriter) { answer(w, 403, "AccessDenied") },
	} {
		f.onObject(damagedDir+"c.json", lose)
		for _, config := range []Config{config, quick} {
			s := connect(t, f.fake, config)
			var last error
			for _, err := range s.Export(t.Context(), "things", "2025/07/05/b.json") {
				last = err
			}
			if _, of := errors.AsType[*storage.RecordError](last); of || !errors.Is(last, storage.ErrConnection) {
				t.Errorf("%s: Export ends with %v, want ErrConnection", name, last)
			}
		}
		var ids []string
		for record, err := range connect(t, f.fake, config).Export(t.Context(), "things", "") {
			if err == nil {
				ids = append(ids, record.ID)
			} else if of, ok := errors.AsType[*storage.RecordError](err); !ok || of.ID != "b" {
				t.Errorf("%s: %v, want that b cannot be read", name, err)
			}
		}
		if !slices.Equal(ids, []string{"a"}) {
			t.Errorf("%s: Export yields %q before", name, ids)
		}
	}
}

// TestMigrateDamaged copies a bucket with objects that are no documents.
func TestMigrateDamaged(t *testing.T) {
	server := serve(t, nil)
	server.store(t, "tframex/tables/things/_metadata.json", "<html>", nil)
	for i := range 12 {
		server.store(t, fmt.Sprintf("%sd%02d.json", damagedDir, i), fmt.Sprintf(`{"id": "d%02d", "n": %d}`, i, i), nil)
	}
	bad := []string{"d00", "d04", "d05", "d11"}
	for i, id := range bad {
		server.store(t, damagedDir+id+".json", damage[i], nil)
	}
	source := connect(t, server, Config{})
	if info := must[storage.TableInfo](t)(source.TableInfo(t.Context(), "things")); info.Records != 12 || info.Schema != nil || !info.CreatedAt.IsZero() {
		t.Errorf("TableInfo: %+v", info)
	}
	embedded, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := embedded.Initialize(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = embedded.Close() })
	for _, target := range []storage.Storage{embedded, connect(t, serve(t, nil), Config{})} {
		report, err := migrate.Run(t.Context(), source, target, migrate.Options{BatchSize: 3})
		if !errors.Is(err, migrate.ErrRefused) || len(report.Tables) != 1 || !report.Tables[0].Done {
			t.Fatalf("%s: %+v, %v, want ErrRefused at the end", target.Backend(), report, err)
		}
		var refused []string
		for _, r := range report.Tables[0].Refusals {
			refused = append(refused, r.ID)
		}
		if got := report.Total(); got.Read != 12 || got.Created != 8 || !slices.Equal(refused, bad) {
			t.Errorf("%s: %+v, refused %q", target.Backend(), got, refused)
		}
		if got := must[int64](t)(target.Count(t.Context(), "things", nil)); got != 8 {
			t.Errorf("%s has %d documents, want 8", target.Backend(), got)
		}
	}
	stats := must[[]migrate.TableStats](t)(migrate.Stats(t.Context(), source, migrate.StatsOptions{Scan: true}))
	if len(stats) != 1 || stats[0].Records != 8 || stats[0].Unreadable != 4 {
		t.Errorf("Stats: %+v", stats)
	}
}
