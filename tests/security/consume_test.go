package security

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/acl"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// A writer can consume, in all ways there are, and needs all that it is allowed for that.
func TestConsume(t *testing.T) { eachVersion(t, testConsume) }

func testConsume(t *testing.T, g *guarded) {
	g.packages = told
	o := acl.Options{Role: acl.Writer, Prefix: "app:"}
	g.allow("writer", o)
	client := g.open("writer", repo.Config{Prefix: "app:", SweepInterval: -1})
	trees := events.NewTrees(client)
	run(t, tells(client))
	looked := func() bool { // after other consumers, as it does now and then
		used := g.calls()
		return used["xautoclaim"] > 0 && used["xinfo|consumers"] > 0
	}
	for _, ordered := range []bool{false, true} {
		consume(t, trees.Consume, ordered, looked, func(ctx context.Context, d repo.Delivery[*events.Tree, string]) error {
			return d.Once(ctx, func(tx *repo.Tx) error {
				return events.NewLeaves(client).InTx(tx).Save(&events.Leaf{ID: "of " + d.Event.Key, TreeID: "2"})
			})
		})
	}
	ctx := t.Context()
	letters := []repo.Position{}
	for letter, err := range trees.DeadLetters(ctx, "g") {
		must(t, err)
		letters = append(letters, letter.Position)
	}
	if len(letters) < 2 {
		t.Fatalf("there are %d dead letters", len(letters))
	}
	must(t, trees.Discard(ctx, "g", letters[0]))
	must(t, trees.Revive(ctx, "g", letters[1]))
	_, err := trees.Lag(ctx, "g")
	must(t, err)
	must(t, trees.Replay(ctx, "g", repo.Start{}))
	_, err = trees.TrimEvents(ctx, time.Now().Add(-time.Hour))
	must(t, err)
	g.wantNoDenials()

	used := g.calls()
	rules := rulesFor(t, told, o)
	for _, rule := range rules {
		if !strings.Contains(rule, "+xreadgroup") {
			continue
		}
		for name := range allowed([]string{rule}) {
			if used[name] == 0 {
				t.Errorf("%s is allowed, and nothing needs it", name)
			}
		}
		return
	}
	t.Errorf("no rule is for consumers: %q", rules)
}

// consume has the events of trees handled: without an order, the first two are poison; the others
// are retried, and then handled by once. It ends when one was, and enough holds.
func consume(t *testing.T, with func(context.Context, string, func(context.Context, repo.Delivery[*events.Tree, string]) error, repo.ConsumeOptions) error,
	ordered bool, enough func() bool, once func(context.Context, repo.Delivery[*events.Tree, string]) error) {
	t.Helper()
	group := map[bool]string{false: "g", true: "in order"}[ordered]
	var seen, done atomic.Int32
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- with(ctx, group, func(ctx context.Context, d repo.Delivery[*events.Tree, string]) error {
			switch n := seen.Add(1); {
			case n <= 2 && !ordered:
				return repo.ErrPoison
			case d.Attempt == 1:
				return errors.New("later")
			}
			defer done.Add(1)
			return once(ctx, d)
		}, repo.ConsumeOptions{Ordered: ordered, ClaimAfter: 50 * time.Millisecond, MinBackoff: time.Millisecond})
	}()
	eventually(t, "events are handled", func() bool { return done.Load() > 0 && enough() })
	stop()
	must(t, <-ended)
}
