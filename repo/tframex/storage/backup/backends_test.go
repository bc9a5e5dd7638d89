package backup

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/sqlite"
)

// backends are storages of each kind that needs no server, empty.
var backends = map[string]func(t *testing.T) storage.Storage{
	"sqlite": func(t *testing.T) storage.Storage {
		s, err := sqlite.New(sqlite.Config{Path: filepath.Join(t.TempDir(), "tframex.db")})
		if err != nil {
			t.Fatal(err)
		}
		return opened(t, s)
	},
}

// opened returns a storage that is closed at the end of the test.
func opened(t *testing.T, s storage.Storage) storage.Storage {
	t.Helper()
	if err := s.Initialize(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// documents are those of an agent platform, and others.
var documents = map[string][]string{
	"users": {
		`{"id":"u1","username":"ann","email":"ann@example.com","password_hash":"h","api_key":"k","is_active":true,"metadata":{"n":1.0},"created_at":"2025-07-05T01:10:56.998281","updated_at":null,"team":"x"}`,
		`{"id":"u2","username":"bob","is_active":true,"metadata":{},"created_at":"2025-07-05T01:22:00.315338+02:00","updated_at":null}`,
	},
	"messages": {
		`{"id":"m1","conversation_id":"c1","role":"user","content":"\u2028 <b> é","created_at":"2025-07-05T01:10:57.000001","metadata":{"big":18446744073709551616}}`,
	},
	"sessions": {
		`{"session_id":"s1","user_id":"u1","created_at":"2025-07-05T01:10:57.000000","expires_at":"2999-07-05T01:10:57.000000","last_activity":"2025-07-05T01:10:57.000000","is_active":true,"data":{}}`,
	},
	"notes": {`{"id":"n1","text":"of a table that nobody knows","list":[1,2.50,null]}`},
}

// filled puts the documents into a storage.
func filled(t *testing.T, s storage.Storage) storage.Storage {
	t.Helper()
	for table, list := range documents {
		for _, text := range list {
			if _, err := s.Insert(t.Context(), table, parsed(t, text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.CreateTable(t.Context(), "planned", storage.Document{"version": int64(2)}); err != nil {
		t.Fatal(err)
	}
	return s
}

// contents returns all records of a storage.
func contents(t *testing.T, s storage.Storage) *fake {
	t.Helper()
	all := newFake()
	names, err := s.ListTables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		info, err := s.TableInfo(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		all.put(name).tables[name].info = info
		for r, err := range s.Export(t.Context(), name, "") {
			if err != nil {
				t.Fatal(err)
			}
			all.put(name, r)
		}
	}
	return all
}

// What a backend has comes back in each other, whatever happens on the way.
func TestBackends(t *testing.T) {
	for from, source := range backends {
		for to, target := range backends {
			t.Run(from+" to "+to, func(t *testing.T) {
				s, restored := filled(t, source(t)), target(t)
				file, m := backupOf(t, s, Options{Secrets: true})
				o := RestoreOptions{Batch: 1, Resume: filepath.Join(t.TempDir(), "state")}
				if r, err := Restore(t.Context(), bytes.NewReader(file), restored, o); err != nil || r.Total().Created != m.Records {
					t.Fatalf("%+v, %v", r, err)
				}
				same(t, contents(t, restored), contents(t, s), from == to)
				if _, err := Restore(t.Context(), bytes.NewReader(file), restored, o); err == nil {
					t.Error("restored twice")
				}
				o.Existing = storage.Overwrite
				if r, err := Restore(t.Context(), bytes.NewReader(file), restored, o); err != nil || r.Total().Overwritten != m.Records {
					t.Fatalf("%+v, %v", r, err)
				}
				same(t, contents(t, restored), contents(t, s), from == to)
			})
		}
	}
}

// same fails the test unless two storages have the same; of other backends, documents alone.
func same(t *testing.T, got, want *fake, alike bool) {
	t.Helper()
	if alike {
		equal(t, got, want)
		return
	}
	for _, s := range []*fake{got, want} {
		for _, table := range s.tables {
			for id, r := range table.records {
				table.records[id] = storage.Record{ID: r.ID, Document: r.Document}
			}
		}
	}
	equal(t, got, want)
}

// A restore into a real backend that ends after any batch goes on behind it.
func TestBackendsResume(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			s := filled(t, open(t))
			file, m := backupOf(t, s, Options{Secrets: true})
			target := &stopping{Storage: open(t)}
			o := RestoreOptions{Batch: 1, Resume: filepath.Join(t.TempDir(), "state")}
			tries := 0
			for ; ; tries++ {
				target.left = 1
				r, err := Restore(t.Context(), bytes.NewReader(file), target, o)
				if err == nil {
					if r.Total().Created != m.Records {
						t.Errorf("%+v", r)
					}
					break
				}
				if tries > int(m.Records) {
					t.Fatal(err)
				}
			}
			if tries == 0 {
				t.Error("it was not interrupted")
			}
			same(t, contents(t, target.Storage), contents(t, s), true)
		})
	}
}

// stopping is a storage that breaks behind a number of imports, of which the last is done.
type stopping struct {
	storage.Storage
	left int
}

func (s *stopping) Import(ctx context.Context, table string, records []storage.Record, existing storage.Existing) (storage.ImportReport, error) {
	r, err := s.Storage.Import(ctx, table, records, existing)
	if s.left--; s.left < 0 {
		return storage.ImportReport{}, errBroken
	}
	return r, err
}
