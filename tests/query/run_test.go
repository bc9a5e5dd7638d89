// Package query compares queries with the evaluation of the same conditions over a plain Go map: random entities,
// random records, random queries, on every kind of server.
package query

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
)

var (
	seedFlag    = flag.Uint64("seed", 0, "of the first entity; 0: QUERY_SEED, else a new one")
	queriesFlag = flag.Int("queries", 3600, "how many random queries on a real server; on the embedded one, and of records that expire, there are fewer")
)

// firstSeed returns the seed of the first entity of a test; those that follow have the numbers that follow.
func firstSeed(t *testing.T) uint64 {
	t.Helper()
	s := *seedFlag
	if text := os.Getenv("QUERY_SEED"); s == 0 && text != "" {
		var err error
		if s, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal("QUERY_SEED: ", err)
		}
	}
	if s == 0 {
		s = uint64(rand.Uint32())
	}
	t.Logf("repeat with -run '^%s$' -seed %d", t.Name(), s)
	return s
}

// store is a server. The clock of one whose records expire is the test's.
type store struct {
	rdb     redis.UniversalClient
	repos   func(prefix string, e *schema.Entity) redis.UniversalClient
	most    int // records of an entity
	now     func() time.Time
	advance func(time.Duration) // nil: records do not expire

	functions bool // scripts are functions
}

// connect returns a connection that is closed when the test ends.
func connect(t *testing.T, addr string) *redis.Client {
	rdb := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// inMemory returns the store of a miniredis.
func inMemory(t *testing.T, server *miniredis.Miniredis) *store {
	rdb := connect(t, server.Addr())
	repos := func(string, *schema.Entity) redis.UniversalClient { return rdb }
	return &store{rdb: rdb, repos: repos, most: 150, now: time.Now}
}

func embedded(t *testing.T) *store { return inMemory(t, miniredis.RunT(t)) }

// deployed returns the store of what REDISGEN_DEPLOYMENT says.
func deployed(t *testing.T, server testclient.Deployment) *store {
	repos := func(prefix string, e *schema.Entity) redis.UniversalClient {
		return server.For(&schema.Package{Entities: []*schema.Entity{e}}).Connect(t, prefix)
	}
	return &store{rdb: server.Client(), repos: repos, functions: server.Functions(), most: 400, now: time.Now}
}

// realServer returns a Redis, or what else REDISGEN_DEPLOYMENT says.
func realServer(t *testing.T) *store { return deployed(t, testclient.Start(t)) }

func embeddedWithClock(t *testing.T) *store {
	server := miniredis.RunT(t)
	now := time.Date(2024, 2, 28, 23, 0, 0, 0, time.UTC)
	server.SetTime(now)
	server.ClockTTL(true)
	s := inMemory(t, server)
	s.now = func() time.Time { return now }
	s.advance = func(d time.Duration) {
		now = now.Add(d)
		server.SetTime(now)
	}
	return s
}

func realServerWithClock(t *testing.T) *store {
	server := testclient.Start(t, redisd.Clock())
	s := deployed(t, server)
	var offset time.Duration
	s.now = func() time.Time { return time.Now().Add(offset) }
	s.advance = func(d time.Duration) {
		offset += d
		server.Advance(d)
	}
	return s
}

func TestEmbedded(t *testing.T) {
	t.Parallel()
	compareMany(t, embedded(t), *queriesFlag/3)
}

func TestRedis(t *testing.T) {
	t.Parallel()
	compareMany(t, realServer(t), *queriesFlag)
}

// Seeds by which mistakes were found once: of 432772667 a composite index keeps by score, in several shards, the order of
// a field that its own index keeps as bytes.
func TestSeedsOfMistakes(t *testing.T) {
	t.Parallel()
	s := realServer(t)
	for _, seed := range []uint64{432772667} {
		if err := round(t.Context(), s, seed, 80, map[string]int{}); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// Those that have expired are in no result, also while their entries are still there.
func TestEmbeddedExpiry(t *testing.T) {
	t.Parallel()
	compareMany(t, embeddedWithClock(t), *queriesFlag/9)
}

func TestRedisExpiry(t *testing.T) {
	t.Parallel()
	compareMany(t, realServerWithClock(t), *queriesFlag/9)
}

// compareMany asks n questions, some about each entity.
func compareMany(t *testing.T, s *store, n int) {
	const each = 80
	seed, asked := firstSeed(t), map[string]int{}
	for ; n > 0; n -= each {
		if err := round(t.Context(), s, seed, min(n, each), asked); err != nil {
			t.Fatalf("repeat with -run '^%s$' -seed %d\n%v", t.Name(), seed, err)
		}
		seed++
	}
	t.Logf("asked %v", asked)
}

// round asks n questions about one random entity, and has its records change between them. It counts the questions by
// what was found.
func round(ctx context.Context, s *store, seed uint64, n int, asked map[string]int) error {
	rng := rand.New(rand.NewPCG(seed, 0))
	w, err := newWorld(ctx, s, rng, fmt.Sprintf("%d*[a]:", seed))
	if err != nil {
		return err
	}
	defer w.close()
	for i := range n {
		q := w.randomQuestion(rng)
		err := w.ask(q)
		switch {
		case unanswerable(q, err):
			asked["without an index of the order"]++
			continue
		case err != nil:
			return fmt.Errorf("question %d: %v\n%w\n\na smaller one: %w", i, q, err, w.shrink(q, err))
		}
		found := len(w.answer(q))
		asked[q.way]++
		asked[magnitude(found)]++
		if err := w.disturb(i); err != nil {
			return fmt.Errorf("after question %d: %w\n%v", i, err, w.entity)
		}
	}
	return w.check()
}

// unanswerable tells whether a query could not be answered because only a composite index has its order.
func unanswerable(q *question, err error) bool {
	return errors.Is(err, repo.ErrNoIndex) && q.order != nil && !q.order.self().sorted()
}

func magnitude(found int) string {
	switch {
	case found == 0:
		return "found none"
	case found < 10:
		return "found some"
	}
	return "found many"
}

// disturb changes records, now and then.
func (w *world) disturb(i int) error {
	if w.store.advance != nil && i%10 == 5 {
		w.pass()
	}
	switch {
	case i%40 == 39:
		return w.bulk()
	case i%8 == 7:
		return w.change()
	}
	return nil
}

// bulk deletes or patches the records that a random query is for.
func (w *world) bulk() error {
	q := w.randomQuestion(w.rng)
	q.order = nil
	found := w.answer(q)
	var free []column
	for _, c := range w.entity.columns {
		if !c.self().unique {
			free = append(free, c)
		}
	}
	if len(free) == 0 || len(found) < len(w.records)/2 && chance(w.rng, 3) {
		return w.bulkDelete(q, found)
	}
	return w.bulkPatch(q, found, pick(w.rng, free...))
}

func (w *world) bulkDelete(q *question, found []*record) error {
	progress, err := w.query(q).Delete(w.ctx)
	if err == nil && progress.Done != int64(len(found)) {
		err = fmt.Errorf("%d records", progress.Done)
	}
	for _, r := range found {
		delete(w.records, r.id)
		delete(w.due, r.id)
	}
	return w.bulkDone(fmt.Sprintf("%v deleted, of which there are %d", q, len(found)), err)
}

func (w *world) bulkPatch(q *question, found []*record, c column) error {
	v, change := c.change(w.rng)
	progress, err := w.query(q).Patch(w.ctx, change)
	if err == nil && progress.Done != int64(len(found)) {
		err = fmt.Errorf("%d records", progress.Done)
	}
	for _, r := range found {
		r.values[w.entity.place(c)] = v
	}
	return w.bulkDone(fmt.Sprintf("%v patched, of which there are %d: %s=%s", q, len(found), c.self().Go, show(v)), err)
}

// bulkDone compares all records, and the keyspace.
func (w *world) bulkDone(what string, err error) error {
	if err == nil {
		err = w.ask(&question{way: "everything"})
	}
	if err == nil {
		err = w.check()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
