package consume

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

var (
	longFlag = flag.Bool("long", false, "200,000 events under fire, in place of 10,000")
	seedFlag = flag.Uint64("seed", rand.Uint64(), "of what happens under fire")
)

// fire is 8 consumers of two groups that work off the same events while consumers are killed
// and their connections fail. Of the group "order", which has the events of each task in order,
// Once counts them. The group "any" has them as they come: Once counts those of every
// second task, and this process the others.
type fire struct {
	t       *testing.T
	burn    func(context.Context, []*seat)
	first   bool // all is written before consumers begin
	tasks   *events.Tasks
	steps   *events.Steps
	records int
	rounds  int
	random  *rand.Rand

	wrote   atomic.Bool
	calls   atomic.Int64
	kills   atomic.Int64
	failed  atomic.Int64 // handlers, by chance
	mu      sync.Mutex
	handled map[string]int // by the group any, by task and version
	wrong   []string
}

// fate is what handlers do with an event: most are handled, some not at the first attempt,
// few never.
type fate int

const (
	fine fate = iota
	flaky
	poison
	stubborn
)

func (f *fire) fate(task, version int64) fate {
	switch n := (task*7919 + version*104729 + int64(*seedFlag%1000)) % 1000; {
	case n < 2:
		return poison
	case n < 4:
		return stubborn
	case n < 30:
		return flaky
	}
	return fine
}

// Whatever happens to its consumers, a group handles each event at least once; what Once
// does takes effect exactly once; in order the events of a record are one after the other;
// exactly what is poisoned is dead; and in the end nothing is left.
func TestUnderFire(t *testing.T) {
	server := redisd.Start(t)
	f := &fire{t: t, records: 100, rounds: 100}
	if *longFlag {
		f.records, f.rounds = 500, 400
	}
	f.burn = f.torment
	f.run(server.Client(), func() *seat {
		proxy := faultproxy.Start(t, server.Addr())
		return &seat{f: f, config: repo.Config{Addrs: []string{proxy.Addr()}}, proxies: []*faultproxy.Proxy{proxy}}
	})
}

// So it is on a cluster.
func TestClusterUnderFire(t *testing.T) {
	cluster := redisd.StartCluster(t)
	f := &fire{t: t, records: 40, rounds: 25}
	if *longFlag {
		f.rounds = 250
	}
	f.burn = f.torment
	f.run(cluster.Client(), func() *seat {
		network := faultproxy.NewNetwork(t)
		s := &seat{f: f, config: repo.Config{Addrs: cluster.Addrs(), Cluster: true, Dialer: network.Dial}}
		for _, primary := range cluster.Primaries() {
			s.proxies = append(s.proxies, network.To(primary.Addr()))
		}
		return s
	})
}

// And while the server is killed and comes back with what is in its append-only file.
func TestRestarts(t *testing.T) {
	server := redisd.Start(t, redisd.AOF())
	f := &fire{t: t, records: 40, rounds: 50, first: true}
	f.burn = func(ctx context.Context, _ []*seat) {
		for range 3 {
			pause(ctx, 100*time.Millisecond)
			server.Kill()
			server.Start()
		}
	}
	f.run(server.Client(), func() *seat {
		return &seat{f: f, config: repo.Config{Addrs: []string{server.Addr()}}}
	})
}

// run has 8 seats consume what is written until nothing is left.
func (f *fire) run(rdb redis.UniversalClient, sit func() *seat) {
	f.t.Logf("repeat with -seed %d", *seedFlag)
	client := with(f.t, rdb, repo.Config{Prefix: "f:"})
	f.tasks, f.steps = events.NewTasks(client), events.NewSteps(client)
	f.handled, f.random = map[string]int{}, rand.New(rand.NewPCG(*seedFlag, 1))
	if f.first {
		f.write()
	}
	noLeak(f.t)
	ctx, end := context.WithCancel(f.t.Context())
	burning, stop := context.WithCancel(ctx)
	var consumers, chaos sync.WaitGroup
	var seats []*seat
	for range 8 {
		s := sit()
		seats = append(seats, s)
		consumers.Go(func() { s.run(ctx) })
	}
	chaos.Go(func() { f.burn(burning, seats) })
	if !f.first {
		f.write()
	}
	f.await("order", "any")
	stop()
	chaos.Wait()
	end()
	consumers.Wait()
	f.check()
	f.t.Logf("%d events: %d calls of handlers, %d kills, %d failures by chance", f.records*f.rounds, f.calls.Load(), f.kills.Load(), f.failed.Load())
}

// write makes the events.
func (f *fire) write() {
	for range f.rounds {
		var list []*events.Task
		for i := range f.records {
			list = append(list, &events.Task{Owner: fmt.Sprint("o", i%40), ID: int64(i), Title: "t"})
		}
		must(f.t, f.tasks.SaveMany(f.t.Context(), list))
	}
	f.wrote.Store(true)
}

// await waits until groups have done their work.
func (f *fire) await(groups ...string) {
	f.t.Helper()
	var lag repo.Lag
	for deadline := time.Now().Add(15 * patience); len(groups) > 0; time.Sleep(20 * time.Millisecond) {
		var err error
		lag, err = f.tasks.Lag(context.Background(), groups[0])
		if err == nil && f.wrote.Load() && lag.Pending+lag.Undelivered == 0 {
			groups = groups[1:]
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("the group %s is not done: %+v, %v", groups[0], lag, err)
		}
	}
}

// torment has something happen to one of the seats, again and again.
func (f *fire) torment(ctx context.Context, seats []*seat) {
	for ctx.Err() == nil {
		s := seats[f.random.IntN(len(seats))]
		proxy := s.proxies[f.random.IntN(len(s.proxies))]
		switch n := f.random.IntN(10); {
		case n < 3:
			s.kill()
		case n < 4:
			s.leave()
		case n < 8:
			proxy.Cut()
		case n < 9: // until what it has is another's
			proxy.Sever()
			pause(ctx, fireClaim+fireClaim/2)
			proxy.Heal()
		default:
			proxy.DropReply(faultproxy.Any, 1+f.random.IntN(5), 6+f.random.IntN(50))
		}
		pause(ctx, time.Duration(20+f.random.IntN(150))*time.Millisecond)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// handle handles an event.
func (f *fire) handle(ctx context.Context, steps *events.Steps, d taskDelivery) error {
	f.calls.Add(1)
	key, version := d.Event.Key, d.Event.Version
	switch f.fate(key.ID, version) {
	case poison:
		return repo.ErrPoison
	case stubborn:
		return errTest
	case flaky:
		if rand.IntN(4) == 0 {
			f.failed.Add(1)
			return errTest
		}
	}
	if d.Group == "any" && key.ID%2 == 0 {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.handled[fmt.Sprintf("%d/%d", key.ID, version)]++
		return nil
	}
	var last int64
	err := d.Once(ctx, func(tx *repo.Tx) (err error) {
		last, err = f.count(tx, steps, d)
		return err
	})
	if err == nil && d.Group == "order" && last != f.before(key.ID, version) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.wrong = append(f.wrong, fmt.Sprintf("%d: %d after %d", key.ID, version, last))
	}
	return err
}

// count has a transaction count an event, and returns the version before.
func (f *fire) count(tx *repo.Tx, steps *events.Steps, d taskDelivery) (last int64, err error) {
	key, in := d.Event.Key, steps.InTx(tx)
	counter, err := in.Get(events.StepKey{Owner: key.Owner, TaskID: key.ID, ID: d.Group})
	if errors.Is(err, repo.ErrNotFound) {
		return 0, in.Create(&events.Step{Owner: key.Owner, TaskID: key.ID, ID: d.Group, State: fmt.Sprint("1 ", d.Event.Version)})
	}
	if err != nil {
		return 0, err
	}
	n, version, _ := strings.Cut(counter.State, " ")
	last, _ = strconv.ParseInt(version, 10, 64)
	counter.State = fmt.Sprint(number(n)+1, " ", d.Event.Version)
	return last, in.Update(counter)
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// lives tells whether an event is handled in the end.
func (f *fire) lives(task, version int64) bool {
	fate := f.fate(task, version)
	return fate != poison && fate != stubborn
}

// before returns the last version before one that is handled, 0 if none is.
func (f *fire) before(task, version int64) int64 {
	for version--; version > 0 && !f.lives(task, version); version-- {
	}
	return version
}

// check looks at what is left when all have ended.
func (f *fire) check() {
	t := f.t
	ctx := context.Background()
	if len(f.wrong) > 0 {
		t.Errorf("%d times out of order: %s", len(f.wrong), f.wrong[0])
	}
	var dead []string
	for i := range int64(f.records) {
		want := 0
		for v := int64(1); v <= int64(f.rounds); v++ {
			if !f.lives(i, v) {
				dead = append(dead, fmt.Sprintf("%d/%d", i, v))
				continue
			}
			want++
			if i%2 == 0 && f.handled[fmt.Sprintf("%d/%d", i, v)] == 0 {
				t.Errorf("%d/%d was not handled", i, v)
			}
		}
		for _, group := range []string{"order", "any"} {
			if group == "any" && i%2 == 0 {
				continue
			}
			key := events.StepKey{Owner: fmt.Sprint("o", i%40), TaskID: i, ID: group}
			counter, err := f.steps.Get(ctx, key)
			if err != nil {
				t.Errorf("%+v: %v", key, err)
				continue
			}
			if n, _, _ := strings.Cut(counter.State, " "); number(n) != want {
				t.Errorf("%+v: %s took effect, want %d", key, n, want)
			}
		}
	}
	slices.Sort(dead)
	for _, group := range []string{"order", "any"} {
		var got []string
		for _, l := range letters(t, &f.tasks.Repository, group) {
			name := fmt.Sprintf("%d/%d", l.Event.Key.ID, l.Event.Version)
			if got = append(got, name); !slices.Contains(dead, name) {
				t.Errorf("%s: %s is dead after %d attempts: %s", group, name, l.Attempts, l.Error)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, dead) {
			t.Errorf("%s: %d dead letters, want %d", group, len(got), len(dead))
		}
		lag, err := f.tasks.Lag(ctx, group)
		if err != nil || lag.Pending+lag.Undelivered != 0 {
			t.Errorf("%s: left %+v, %v", group, lag, err)
		}
	}
}
