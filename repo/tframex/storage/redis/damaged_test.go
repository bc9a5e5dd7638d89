package redis_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/redis"
)

// A record that somebody has damaged does not hide the others from an export: it is named,
// and what comes behind it can be read.
func TestDamagedRecords(t *testing.T) {
	server := redisd.Shared(t)
	s := open(t, redis.Config{Connection: repo.Config{Addrs: []string{server.Addr()}, Prefix: server.Prefix()}})
	rdb := s.Client().Redis()
	for table, fields := range map[string]storage.Document{
		"messages":   {"role": "user", "conversation_id": "c"},
		"flow_steps": {"execution_id": "f", "step_order": 1},
		"sessions":   {"user_id": "u", "expires_at": "2999-01-01T00:00:00"},
		"user_roles": {"user_id": "u", "assigned_at": "2025-01-01T00:00:00"},
		"things":     {"a": 1},
	} {
		t.Run(table, func(t *testing.T) {
			const n = 520 // two pages and more
			var want []string
			docs := make([]storage.Document, n)
			for i := range docs {
				docs[i] = storage.Document{"id": fmt.Sprintf("d%03d", i), "session_id": fmt.Sprintf("d%03d", i), "role_id": fmt.Sprintf("d%03d", i)}
				for name, value := range fields {
					docs[i][name] = value
				}
				want = append(want, fmt.Sprintf("d%03d", i))
			}
			_, err := s.BulkInsert(t.Context(), table, docs)
			must(t, err)
			whole, _ := exportAll(t, s, table)
			damaged := []string{whole[0], whole[7], whole[8], whole[255], whole[n-1]}
			for _, id := range damaged {
				keys := rdb.Keys(t.Context(), server.Prefix()+"*r:*"+id).Val()
				keys = slices.DeleteFunc(keys, func(key string) bool { return rdb.Type(t.Context(), key).Val() != "hash" })
				if len(keys) != 1 {
					t.Fatalf("keys of %s: %q", id, keys)
				}
				must(t, rdb.HSet(t.Context(), keys[0], "data", "{", "extra", "{").Err())
			}
			got, bad := exportAll(t, s, table)
			want = slices.DeleteFunc(want, func(id string) bool { return slices.Contains(damaged, id) })
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("%d records are exported, want %d", len(got), len(want))
			}
			if len(bad) != len(damaged) {
				t.Errorf("%q are named, want %q", bad, damaged)
			}
			for i := range bad {
				if !strings.Contains(bad[i], damaged[i]) { // of user_roles the id is that of both parts
					t.Errorf("%q is named, want %q", bad[i], damaged[i])
				}
			}
			if _, err := s.Select(t.Context(), table, storage.Query{}); !errors.Is(err, storage.ErrValidation) || !strings.Contains(err.Error(), damaged[0]) {
				t.Errorf("Select: %v, want an error that names %q", err, damaged[0])
			}
			_, err = s.DropTable(t.Context(), table)
			must(t, err)
		})
	}
}

// exportAll returns the ids of the records that can be read, and of those that cannot.
func exportAll(t *testing.T, s *redis.Storage, table string) (good, bad []string) {
	t.Helper()
	for from, more := "", true; more; {
		more = false
		for r, err := range s.Export(t.Context(), table, from) {
			one, ok := errors.AsType[*storage.RecordError](err)
			switch {
			case ok:
				bad, from, more = append(bad, one.ID), one.Position, true
			case err != nil:
				t.Fatal(err)
			default:
				good, from = append(good, r.ID), r.Position
			}
		}
	}
	return good, bad
}

// Of documents that exclude each other the first is stored.
func TestBulkInOrder(t *testing.T) {
	server := redisd.Shared(t)
	s := open(t, redis.Config{Connection: repo.Config{Addrs: []string{server.Addr()}, Prefix: server.Prefix() + "bulk:"}})
	for table, names := range map[string][2]string{"things": {"id", "n"}, "users": {"username", "n"}} {
		var docs []storage.Document
		for i := range 500 {
			docs = append(docs, storage.Document{names[0]: fmt.Sprint("x", i%120), "n": i})
		}
		ids, err := s.BulkInsert(t.Context(), table, docs)
		many, ok := errors.AsType[*storage.BulkError](err)
		if !ok {
			t.Fatalf("%s: %v", table, err)
		}
		for i, id := range ids {
			stored := many.Errs[i] == nil
			if stored != (i < 120) || stored != (id != "") || !stored && !errors.Is(many.Errs[i], storage.ErrDuplicate) {
				t.Fatalf("%s: document %d: %q, %v", table, i, id, many.Errs[i])
			}
			if !stored {
				continue
			}
			if doc, err := s.Get(t.Context(), table, id); err != nil || doc["n"] != int64(i) {
				t.Errorf("%s: document %d is %v, %v", table, i, doc, err)
			}
		}
	}
}
