package watch

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// counted writes records with the numbers 0, 1, 2 … and checks what a loop receives of
// them: each once, in the order of their shard. None of a stream is missing, and of
// messages only some with a gap in their place.
type counted struct {
	t      *testing.T
	create func(client *repo.Client, n int) error
	client *repo.Client                                   // to write through
	take   func(wait time.Duration) (n int, gap, ok bool) // the next event
	lane   func(n int) int                                // records of one are of one shard
	exact  bool

	next         int
	made         map[int][]int // what has not come yet, by lane
	gap          map[int]bool  // since the last event of the lane
	gaps, missed int
}

// countAlerts watches what is told by messages through one client and writes through
// another.
func countAlerts(t *testing.T, watching, writing *repo.Client) *counted {
	t.Helper()
	loop := watch(t, &events.NewAlerts(watching).Repository)
	return &counted{
		t: t, client: writing, made: map[int][]int{}, gap: map[int]bool{},
		create: func(client *repo.Client, n int) error {
			return events.NewAlerts(client).Create(t.Context(), &events.Alert{ID: strconv.Itoa(n)})
		},
		take: takes(loop, func(id string) int { n, _ := strconv.Atoi(id); return n }),
		lane: func(n int) int { return placement.Shard(strconv.Itoa(n), 4) },
	}
}

// countTasks is countAlerts for what is told by streams.
func countTasks(t *testing.T, watching, writing *repo.Client) *counted {
	t.Helper()
	loop := watch(t, &events.NewTasks(watching).Repository)
	const owners = 8
	return &counted{
		t: t, client: writing, made: map[int][]int{}, gap: map[int]bool{}, exact: true,
		create: func(client *repo.Client, n int) error {
			return events.NewTasks(client).Create(t.Context(), &events.Task{Owner: strconv.Itoa(n % owners), ID: int64(n)})
		},
		take: takes(loop, func(key events.TaskKey) int { return int(key.ID) }),
		lane: func(n int) int { return n % owners },
	}
}

// takes returns the function that takes the next event of a loop.
func takes[T any, K comparable](w *watcher[T, K], number func(K) int) func(time.Duration) (int, bool, bool) {
	return func(wait time.Duration) (n int, gap, ok bool) {
		w.t.Helper()
		select {
		case e := <-w.events:
			if e.Op == repo.OpGap {
				return 0, true, true
			}
			return number(e.Key), false, true
		case <-w.done:
			w.t.Fatalf("the loop has ended: %v", w.err)
		case <-time.After(wait):
		}
		return 0, false, false
	}
}

// write writes the next record, until it is known to be there.
func (c *counted) write() {
	c.t.Helper()
	n := c.next
	c.next++
	var err error
	for end := time.Now().Add(patience); ; {
		if err = c.create(c.client, n); err == nil || errors.Is(err, repo.ErrExists) {
			break
		}
		if time.Now().After(end) {
			c.t.Fatal(err)
		}
	}
	c.made[c.lane(n)] = append(c.made[c.lane(n)], n)
}

// writeMany writes n records.
func (c *counted) writeMany(n int) {
	c.t.Helper()
	for range n {
		c.write()
	}
}

// settle writes records until one of those has come in each shard, or all that were
// written, and checks all that came.
func (c *counted) settle() {
	c.t.Helper()
	mark, reached := c.next, map[int]bool{}
	c.writeMany(64)
	lanes := len(c.made)
	for end := time.Now().Add(patience); ; {
		n, gap, ok := c.take(100 * time.Millisecond)
		switch {
		case ok && gap:
			c.missing()
		case ok:
			c.came(n)
			reached[c.lane(n)] = reached[c.lane(n)] || n >= mark
		case c.exact && c.left() == 0, !c.exact && len(reached) == lanes && !slices.Contains(values(reached), false):
			c.t.Logf("%d records, %d missed, %d gaps", c.next, c.missed, c.gaps)
			return
		case time.Now().After(end):
			c.t.Fatalf("%d records have not come: %v", c.left(), c.made)
		case !c.exact:
			c.writeMany(8)
		}
	}
}

func values(m map[int]bool) (list []bool) {
	for _, v := range m {
		list = append(list, v)
	}
	return list
}

// left returns how many events are missing.
func (c *counted) left() (n int) {
	for _, list := range c.made {
		n += len(list)
	}
	return n
}

// missing notes a gap.
func (c *counted) missing() {
	c.gaps++
	for lane := range c.made {
		c.gap[lane] = true
	}
}

// came checks an event.
func (c *counted) came(n int) {
	c.t.Helper()
	lane := c.lane(n)
	at := slices.Index(c.made[lane], n)
	if at < 0 {
		c.t.Fatalf("record %d comes again, or out of order", n)
	}
	if at > 0 && (c.exact || !c.gap[lane]) {
		c.t.Fatalf("before %d, %v are missing without a gap", n, c.made[lane][:at])
	}
	c.missed += at
	c.made[lane], c.gap[lane] = c.made[lane][at+1:], false
}
