package storages

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo/tframex/storage"
	_ "github.com/redisgen/redisgen/repo/tframex/storage/memory"
	_ "github.com/redisgen/redisgen/repo/tframex/storage/redis"
	_ "github.com/redisgen/redisgen/repo/tframex/storage/sqlite"
)

// program does what is measured.
type program interface {
	io.Closer
	Insert(ctx context.Context, table string, doc storage.Document) (string, error)
	BulkInsert(ctx context.Context, table string, docs []storage.Document) ([]string, error)
	Get(ctx context.Context, table, id string) (storage.Document, error)
	// Newest returns the newest conversations of a user.
	Newest(ctx context.Context, user string, n int) ([]storage.Document, error)
	Update(ctx context.Context, table, id string, changes storage.Document) (bool, error)
	Delete(ctx context.Context, table, id string) (bool, error)
}

// backend is a storage.
type backend struct{ storage.Storage }

func (b backend) Newest(ctx context.Context, user string, n int) ([]storage.Document, error) {
	return b.Select(ctx, conversations, storage.Query{Filter: storage.Filter{"user_id": user}, OrderBy: "created_at", Desc: true, Limit: n})
}

// subject is a program, and what it has.
type subject struct {
	program
	name   string
	stored int     // how many documents it has from the beginning
	next   int     // the number of the document to insert next
	added  []place // what was inserted since, and is to be deleted
}

// The first subjects are those that the others are compared with.
const (
	byBackend = iota
	byHand
)

// subjects are all programs, on databases without documents.
func subjects(t testing.TB) (list []*subject) {
	add := func(name string, p program, err error) {
		t.Helper()
		check(t, err)
		t.Cleanup(func() {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
		list = append(list, &subject{program: p, name: name})
	}
	open := func(name, typ string, settings ...any) {
		t.Helper()
		config := storage.Config{Type: typ, Settings: map[string]any{}}
		for i := 0; i < len(settings); i += 2 {
			config.Settings[settings[i].(string)] = settings[i+1]
		}
		s, err := storage.Open(t.Context(), config)
		add(name, backend{s}, err)
	}
	dir := t.TempDir()
	open("sqlite", "sqlite", "database_path", filepath.Join(dir, "backend.db"))
	for _, synchronous := range []string{"FULL", "NORMAL"} {
		h, err := openHand(t.Context(), filepath.Join(dir, synchronous+".db"), synchronous)
		add("by hand, "+synchronous, h, err)
	}
	for _, sync := range []string{"always", "everysec"} {
		socket := filepath.Join(dir, sync+".sock")
		server := redisd.Start(t, redisd.Config("appendonly yes", "appendfsync "+sync, "unixsocket "+socket))
		for _, network := range []struct{ name, url string }{{"TCP", server.URL()}, {"Unix", "unix://" + socket}} {
			way := func(name string, options ...any) {
				options = append(options, "url", network.url, "key_prefix", strings.NewReplacer(" ", "", ",", ":").Replace(name)+":")
				open(name, "redis", options...)
			}
			if sync == "always" {
				way("redis, " + network.name + ", always")
				continue
			}
			way("redis, " + network.name)
			way("redis, "+network.name+", auto_pipelining", "auto_pipelining", true)
			way("redis, "+network.name+", cache", "cache", true)
		}
	}
	open("memory", "memory", "max_size", 1_000_000)
	return list
}

// fill gives a subject n documents, and reads each once.
func (s *subject) fill(t testing.TB, n int) {
	t.Helper()
	for _, table := range []string{conversations, messages} {
		for from := 0; from < n/2; from += 100 {
			_, err := s.BulkInsert(t.Context(), table, several(table, from, min(100, n/2-from)))
			check(t, err)
		}
	}
	for i := range n {
		at := placeOf(i)
		_, err := s.Get(t.Context(), at.table, at.id)
		check(t, err)
	}
	s.stored, s.next = n, n
}

func check(t testing.TB, err error) {
	if err != nil {
		t.Helper()
		t.Fatal(err)
	}
}
