package backup

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/memory"
	"github.com/redisgen/redisgen/repo/tframex/storage/redis"
	"github.com/redisgen/redisgen/repo/tframex/storage/sqlite"
)

// backends are storages of several kinds, empty.
var backends = map[string]func(t *testing.T) storage.Storage{
	"memory": func(t *testing.T) storage.Storage {
		s, err := memory.New(memory.Config{})
		if err != nil {
			t.Fatal(err)
		}
		return opened(t, s)
	},
	"redis": func(t *testing.T) storage.Storage {
		server := redisd.Shared(t)
		s, err := redis.New(redis.Config{Connection: repo.Config{Addrs: []string{server.Addr()}, Prefix: server.Prefix()}})
		if err != nil {
			t.Fatal(err)
		}
		return opened(t, s)
	},
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

// The moment at which a record expires comes back, not how long it has left.
func TestBackendsExpiry(t *testing.T) {
	want := time.Date(2999, 7, 5, 1, 10, 57, 0, time.UTC)
	for _, name := range []string{"memory", "redis"} {
		t.Run(name, func(t *testing.T) {
			s, restored := filled(t, backends[name](t)), backends[name](t)
			file, _ := backupOf(t, s, Options{})
			if _, err := Restore(t.Context(), bytes.NewReader(file), restored, RestoreOptions{}); err != nil {
				t.Fatal(err)
			}
			if got := contents(t, restored).tables["sessions"].records["s1"].ExpiresAt; !got.Equal(want) {
				t.Errorf("expires at %v, want %v", got, want)
			}
		})
	}
}

// Users that are overwritten from a backup without secrets keep theirs, in real backends too.
func TestBackendsSecrets(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			s := filled(t, open(t))
			file, _ := backupOf(t, s, Options{})
			if _, err := s.Update(t.Context(), "users", "u1", storage.Document{"password_hash": "new", "team": "y"}); err != nil {
				t.Fatal(err)
			}
			if _, err := Restore(t.Context(), bytes.NewReader(file), s, RestoreOptions{Existing: storage.Overwrite}); err != nil {
				t.Fatal(err)
			}
			got, err := s.Get(t.Context(), "users", "u1")
			if err != nil || got["password_hash"] != "new" || got["api_key"] != "k" || got["team"] != "x" {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

// Records that change during a backup are in it as they were at one moment.
func TestBackendsDuringWrites(t *testing.T) {
	const records = 100
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			for i := range records {
				if _, err := s.Insert(t.Context(), "notes", storage.Document{"id": fmt.Sprint("n", i), "one": 0, "two": 0}); err != nil {
					t.Fatal(err)
				}
			}
			stop := make(chan struct{})
			var writer sync.WaitGroup
			writer.Go(func() {
				for n := 1; ; n++ {
					select {
					case <-stop:
						return
					default:
						if _, err := s.Update(t.Context(), "notes", fmt.Sprint("n", n%records), storage.Document{"one": n, "two": n}); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
			file, _ := backupOf(t, s, Options{})
			close(stop)
			writer.Wait()
			restored := newFake()
			if _, err := Restore(t.Context(), bytes.NewReader(file), restored, RestoreOptions{}); err != nil {
				t.Fatal(err)
			}
			if n := len(restored.tables["notes"].records); n != records {
				t.Errorf("%d records", n)
			}
			for id, r := range restored.tables["notes"].records {
				if r.Document["one"] != r.Document["two"] {
					t.Errorf("record %s is of two moments: %v", id, r.Document)
				}
			}
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
