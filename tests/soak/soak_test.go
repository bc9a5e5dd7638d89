package soak

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

var records = flag.Int("records", 15_000, "how many records there are")

// store is a server with many records, and the same records in Go.
type store struct {
	client *repo.Client
	rdb    redis.UniversalClient
	items  *Items
	list   []*Item
	calls  recorder
}

// Everything that is asked of many records, in one test: to load them takes the
// most time. What changes them comes last.
func TestSoak(t *testing.T) {
	s := fill(t, *records)
	t.Run("memory", s.memory)
	t.Run("depth", s.depth)
	t.Run("ties", s.ties)
	t.Run("queries", s.queries)
	t.Run("writes", s.writes)
	t.Run("missing", s.missing)
}

// fill starts a server and stores n records.
func fill(t *testing.T, n int) *store {
	t.Helper()
	server := redisd.Start(t, redisd.Config("slowlog-max-len 100000"))
	client, err := repo.Open(t.Context(), repo.Config{Addrs: []string{server.Addr()}, Prefix: server.Prefix(), ReadTimeout: 30 * time.Second})
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })
	s := &store{client: client, rdb: client.Redis(), items: NewItems(client), list: make([]*Item, n)}
	s.rdb.AddHook(&s.calls)
	for i := range s.list {
		s.list[i] = item(i, n)
	}
	start := time.Now()
	must(t, s.items.SaveMany(t.Context(), s.list, repo.Parallel(4)))
	took := time.Since(start)
	t.Logf("%d records stored in %.1f s, %.0f a second", n, took.Seconds(), float64(n)/took.Seconds())
	return s
}

// item returns record i of n. Each of its fields varies by itself, but for Rank,
// which is the same for all.
func item(i, n int) *Item {
	return &Item{
		ID: fmt.Sprintf("%07d", i), Code: fmt.Sprint("code", i), Name: fmt.Sprintf("name %07d", i*7919%n),
		Kind: fmt.Sprint("kind", i%5), City: fmt.Sprint("city", i/5%1000), Team: fmt.Sprint("team", i/300),
		Tags: []string{fmt.Sprint("t", i/11%20), fmt.Sprint("u", i/13%7)}, Score: float64(i * 104729 % n), Rank: 7, Hits: i / 7 % 10,
		At: time.Unix(1_700_000_000+int64(i), 0).UTC(), Note: "what is known of it besides, in some words",
	}
}

// count returns for how many records a condition holds.
func (s *store) count(holds func(*Item) bool) (n int) {
	for _, it := range s.list {
		if holds(it) {
			n++
		}
	}
	return n
}

// memory reports what the entries of each index take.
func (s *store) memory(t *testing.T) {
	type index struct{ bytes, entries, keys int64 }
	indexes := map[string]*index{}
	base := s.client.Prefix() + "{items}:"
	iter := s.rdb.Scan(t.Context(), 0, base+"*", 10_000).Iterator()
	for iter.Next(t.Context()) {
		kind, rest, _ := strings.Cut(strings.TrimPrefix(iter.Val(), base), ":")
		name := kind
		if kind != "r" {
			field, _, _ := strings.Cut(rest, ":")
			name += ":" + field
		}
		ix := indexes[name]
		if ix == nil {
			ix = &index{}
			indexes[name] = ix
		}
		if kind == "r" && ix.keys == 1000 {
			continue // enough to know
		}
		bytes, err := s.rdb.MemoryUsage(t.Context(), iter.Val(), 0).Result()
		must(t, err)
		ix.bytes, ix.keys, ix.entries = ix.bytes+bytes, ix.keys+1, ix.entries+s.size(t, kind, iter.Val())
	}
	must(t, iter.Err())
	for name, ix := range indexes {
		t.Logf("%-10s %8d keys, %8d entries, %4d bytes each", name, ix.keys, ix.entries, ix.bytes/ix.entries)
	}
}

// size returns how many entries a key has; a record is one.
func (s *store) size(t *testing.T, kind, key string) int64 {
	t.Helper()
	n, err := int64(1), error(nil)
	switch kind {
	case "u":
		n, err = s.rdb.HLen(t.Context(), key).Result()
	case "i", "s", "l", "a":
		n, err = s.rdb.ZCard(t.Context(), key).Result()
	}
	must(t, err)
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ids returns how many ids a query yields.
func ids[T any, K comparable](ctx context.Context, q *repo.Query[T, K]) (n int, err error) {
	for _, err := range q.IDs(ctx) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
