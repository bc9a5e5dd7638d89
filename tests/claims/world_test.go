package claims

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/places"
)

// grace is for how long a claim without a record blocks its value, as is documented.
const grace = time.Second

// How many records and values are contended for.
const (
	records = 10
	values  = 3 // emails, and as many names
)

// world is a server with accounts that clients contend for.
type world struct {
	server *redisd.Server
	raw    *redis.Client // past the wire
	wire   *wire
	steps  []step        // at which writers stop
	speed  time.Duration // how much faster the server's time goes

	delayed sync.WaitGroup // calls of the dead that are under way

	mu       sync.Mutex
	random   *rand.Rand
	counts   map[string]int
	crashes  int
	problems []string
}

// newWorld returns a world whose scripts are changed on their way; the writes look for two owners.
func newWorld(t *testing.T, server *redisd.Server, ids []string, change func(script, source string) string) *world {
	t.Helper()
	t.Logf("repeat with -seed %d", *seedFlag)
	w := &world{server: server, raw: server.Client(), steps: writerSteps, speed: 1, random: rand.New(rand.NewPCG(*seedFlag, 1)), counts: map[string]int{}}
	var keys []string
	for _, id := range ids {
		keys = append(keys, w.key(id))
	}
	w.wire = newWire(t, func(script, source string) string {
		if source = change(script, source); script == write {
			source = audited(source, keys, w.findings())
		}
		return source
	})
	return w
}

func unchanged(_, source string) string { return source }

// contended returns the ids of the records that are contended for, and of those that get the values afterwards.
func contended() (ids []string) {
	for i := range records {
		ids = append(ids, accountID(i))
	}
	for i := range values {
		ids = append(ids, email(i), name(i))
	}
	return ids
}

func accountID(i int) string { return fmt.Sprint("a", i) }
func email(i int) string     { return fmt.Sprint("email", i) }
func name(i int) string      { return fmt.Sprint("name", i) }

// key returns the key of an account.
func (w *world) key(id string) string {
	return fmt.Sprintf("%s{%s}:r:%s", w.server.Prefix(), placement.Tag("accounts", placement.Shard(id, 16), 16), id)
}

// findings is the list of values that had two owners.
func (w *world) findings() string { return w.server.Prefix() + "findings" }

// another returns a source of random numbers for one goroutine.
func (w *world) another() *rand.Rand {
	w.mu.Lock()
	defer w.mu.Unlock()
	return rand.New(rand.NewPCG(w.random.Uint64(), w.random.Uint64()))
}

func (w *world) count(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[what]++
}

func (w *world) report(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// crashed counts a crash and returns how many there were.
func (w *world) crashed(at step) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[at.name]++
	w.crashes++
	return w.crashes
}

// found returns what is wrong so far, nil if nothing.
func (w *world) found() []string {
	list, err := w.raw.LRange(context.Background(), w.findings(), 0, 9).Result()
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		return []string{err.Error()}
	}
	return append(list, w.problems...)
}

// client is a client that may stop dead.
type client struct {
	*places.Accounts
	*crasher
	ctx   context.Context // ends with the client
	close func()
}

// client returns a new client with connections of its own, which dies at a step, or lives on if that has no script.
func (w *world) client(ctx context.Context, at step, sweeps time.Duration) (*client, error) {
	options := w.server.Options()
	options.PoolSize = 2
	rdb := redis.NewClient(options)
	life, die := context.WithCancel(ctx)
	c := &crasher{world: w, step: at, died: die}
	rdb.AddHook(c)
	of, err := repo.New(rdb, repo.Config{
		Prefix: w.server.Prefix(), SweepInterval: sweeps, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		MinRetryBackoff: time.Millisecond, MaxRetryBackoff: max(time.Millisecond, 16*time.Millisecond/w.speed),
	})
	if err != nil {
		return nil, err
	}
	return &client{places.NewAccounts(of), c, life, func() {
		die()
		_ = of.Close()
		_ = rdb.Close()
	}}, nil
}

// obtain has a record get a value, as a client does that has just come, and reports if that takes longer than is documented.
// It is also good if the value turns out to belong to another record, which then has it.
func (w *world) obtain(ctx context.Context, what string, a *places.Account) {
	ctx, cancel := context.WithTimeout(ctx, 4*grace)
	defer cancel()
	c, err := w.client(ctx, step{}, -1)
	if err != nil {
		w.report("%s: %v", what, err)
		return
	}
	defer c.close()
	stalls := w.stalls(ctx)
	start := time.Now()
	for err = c.Save(ctx, a); errors.Is(err, repo.ErrUnique) && !w.belongs(ctx, c, err, a); {
		err = c.Save(ctx, a)
	}
	took := time.Since(start)
	cancel()
	stalled := <-stalls
	if took > grace+slack+stalled || err != nil && !errors.Is(err, repo.ErrUnique) {
		w.report("%s: the value is blocked for %v, of which %v are due to the machine: %v", what, took, stalled, err)
	}
}

// belongs tells whether a value that a is refused for belongs to the record that the error names.
func (w *world) belongs(ctx context.Context, c *client, err error, a *places.Account) bool {
	var unique *repo.UniqueError
	errors.As(err, &unique)
	owner, err := c.Get(ctx, unique.Owner)
	return err == nil && (a.Email != nil && owner.Email != nil && *owner.Email == *a.Email || a.Name != "" && strings.EqualFold(owner.Name, a.Name))
}

// stalls measures until ctx ends for how long this process or the server were not given time to run.
func (w *world) stalls(ctx context.Context) <-chan time.Duration {
	sum := make(chan time.Duration, 1)
	go func() {
		const pause = 10 * time.Millisecond
		tick := time.NewTicker(pause)
		defer tick.Stop()
		var stalled time.Duration
		for ctx.Err() == nil {
			before := time.Now()
			<-tick.C
			w.raw.Ping(context.Background())
			stalled += max(0, time.Since(before)-2*pause)
		}
		sum <- stalled
	}()
	return sum
}
