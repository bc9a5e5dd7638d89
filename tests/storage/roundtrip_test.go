package storage

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/migrate"
)

// open returns the storage of a URL.
func open(t *testing.T, url string) storage.Storage {
	t.Helper()
	config, err := storage.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	s, err := storage.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// timed are tables of which all backends keep all times: SQLite does not keep when a session
// expires, but in the document.
var timed = append(migrate.DefaultTables(), "flow_steps", "user_roles", "workflow_traces")

// TestRoundTrip migrates a database as it is found in use to Redis and back into a new one:
// all documents are equal, field for field, and the columns with times are the same instants.
func TestRoundTrip(t *testing.T) {
	server := redisd.Shared(t)
	for name, url := range map[string]string{
		"redis":  server.URL() + "?key_prefix=" + server.Prefix(),
		"memory": "memory:",
	} {
		t.Run(name, func(t *testing.T) {
			old, middle := existingDatabase(t, existing), open(t, url)
			path := filepath.Join(t.TempDir(), "new.db")
			for _, way := range []struct{ from, to storage.Storage }{
				{open(t, "sqlite:"+old+"?read_only=true"), middle},
				{middle, open(t, "sqlite:"+path)},
			} {
				report, err := migrate.Run(t.Context(), way.from, way.to, migrate.Options{BatchSize: 3})
				n := report.Total()
				if err != nil || n.Created != int64(len(existing)) || n.Read != n.Created {
					t.Fatalf("%s to %s: %v, %v %+v", way.from.Backend(), way.to.Backend(), err, n, report.Tables)
				}
				for _, o := range []migrate.VerifyOptions{{}, {Times: true, Tables: timed}} {
					if v, err := migrate.Verify(t.Context(), way.from, way.to, o); err != nil {
						t.Errorf("%s and %s: %v: %+v", way.from.Backend(), way.to.Backend(), err, v)
					}
				}
				// Again, over what is there: nothing changes.
				report, err = migrate.Run(t.Context(), way.from, way.to, migrate.Options{Existing: storage.Overwrite})
				if n := report.Total(); err != nil || n.Overwritten != int64(len(existing)) {
					t.Errorf("again: %v, %v", err, n)
				}
			}
			compare(t, old, path)
		})
	}
}

// compare fails the test where two databases differ.
func compare(t *testing.T, old, path string) {
	t.Helper()
	var tables []string
	for _, r := range existing {
		if !slices.Contains(tables, r.table) {
			tables = append(tables, r.table)
		}
	}
	has, want := rowsOf(t, path, append(tables, emptyTable)), rowsOf(t, old, append(tables, emptyTable))
	if len(has) != len(want) || len(want) != len(existing) {
		t.Fatalf("%d rows, want %d", len(has), len(existing))
	}
	for i, r := range want {
		if has[i].table != r.table || has[i].id != r.id {
			t.Errorf("%s %q, want %s %q", has[i].table, has[i].id, r.table, r.id)
			continue
		}
		if got, want := fields(t, has[i].data), fields(t, r.data); !reflect.DeepEqual(got, want) {
			t.Errorf("%s %q:\n%v, want\n%v", r.table, r.id, got, want)
		}
		if a, b := instant(t, has[i].created), instant(t, r.created); a != b {
			t.Errorf("%s %q: created_at %v, want %v", r.table, r.id, a, b)
		}
		if a, b := instant(t, has[i].updated), instant(t, r.updated); a != b {
			t.Errorf("%s %q: updated_at %v, want %v", r.table, r.id, a, b)
		}
	}
}

// fields returns the fields of a document, numbers as they are written.
func fields(t *testing.T, data string) map[string]any {
	t.Helper()
	doc, err := storage.ParseDocument([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// instant returns the moment of a column, zero if it is null.
func instant(t *testing.T, column any) time.Time {
	t.Helper()
	if column == nil {
		return time.Time{}
	}
	at, err := storage.ParseTime(column.(string))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestRefusals has records that Redis cannot take: each is named with the reason, by a dry run
// as by the run itself, and all others come over.
func TestRefusals(t *testing.T) {
	rows := append(slices.Clone(existing),
		row{"messages", "x-1", `{"id":"x-1","conversation_id":"c-1","role":"robot","content":"?","created_at":"2025-07-05T01:30:01"}`, "2025-07-05 01:30:01", nil},
		row{"flow_executions", "x-2", `{"id":"x-2","flow_name":"f","status":"lost","started_at":"2025-07-05T01:30:01"}`, "2025-07-05 01:30:01", nil},
		row{"users", "x-3", `{"id":"x-3","username":"x","created_at":"last tuesday"}`, "2025-07-05 01:30:01", nil},
		row{"sessions", "x-4", `{"session_id":"x-4","user_id":"carl","created_at":"2025-07-05T01:00:00","expires_at":"2025-07-05T02:00:00","is_active":true,"data":{}}`, "2025-07-05 01:00:00", nil},
	)
	old := existingDatabase(t, rows)
	source := open(t, "sqlite:"+old+"?read_only=true")
	reasons := map[string]string{}
	for _, dry := range []bool{true, false} {
		report, err := migrate.Run(t.Context(), source, open(t, "memory:"), migrate.Options{DryRun: dry})
		n := report.Total()
		if err == nil || n.Created != int64(len(existing)) || n.Refused != 4 {
			t.Fatalf("dry %v: %v, %v", dry, err, n)
		}
		for _, table := range report.Tables {
			for _, r := range table.Refusals {
				if dry {
					reasons[r.ID] = r.Reason
				} else if reasons[r.ID] == "" {
					t.Errorf("the dry run did not find %s: %s", r.ID, r.Reason)
				}
			}
		}
	}
	want := []string{"x-1", "x-2", "x-3", "x-4"}
	for _, id := range want {
		if reasons[id] == "" {
			t.Errorf("nothing is said of %s", id)
		}
	}
}

// TestUniqueInTheTarget has two users whose names differ in case alone, which the existing
// system takes and Redis does not.
func TestUniqueInTheTarget(t *testing.T) {
	old := existingDatabase(t, append(slices.Clone(existing), row{"users", "z", `{"id":"z","username":"ANN"}`, "2025-07-05 01:30:01", nil}))
	report, err := migrate.Run(t.Context(), open(t, "sqlite:"+old+"?read_only=true"), open(t, "memory:"), migrate.Options{})
	if n := report.Total(); err == nil || n.Refused != 1 || n.Created != int64(len(existing)) {
		t.Fatalf("%v, %v", err, n)
	}
	if r := report.Tables[0].Refusals[0]; r.ID != "z" || r.Table != "users" {
		t.Errorf("%+v", r)
	}
}

// messageRows returns n messages as rows.
func messageRows(n int) (rows []row) {
	for i := range n {
		id := fmt.Sprintf("m-%06d", i)
		data, _ := json.Marshal(map[string]any{"id": id, "conversation_id": fmt.Sprint("c-", i%50), "role": "user", "content": "message " + id, "n": i, "created_at": "2025-07-05T01:30:01.000001"})
		rows = append(rows, row{"messages", id, string(data), "2025-07-05 01:30:01.000001", nil})
	}
	return rows
}

// TestUnreadableRow has a row whose text is no JSON: it is reported, and the others come over.
func TestUnreadableRow(t *testing.T) {
	old := existingDatabase(t, append(slices.Clone(existing),
		row{"events", "broken", `{"id":"broken",`, "2025-07-05 01:30:01", nil},
		row{"events", "e-0", `{"id":"e-0","event_type":"x","event_source":"x","action":"x","status":"x","created_at":"2025-07-05T01:30:01"}`, "2025-07-05 01:30:01", nil}))
	report, err := migrate.Run(t.Context(), open(t, "sqlite:"+old+"?read_only=true"), open(t, "memory:"), migrate.Options{})
	if n := report.Total(); err == nil || n.Refused != 1 || n.Created != int64(len(existing)+1) {
		t.Fatalf("%v, %v", err, n)
	}
}
