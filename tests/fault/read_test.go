package fault

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// reads returns a read of every kind. Each fails if it does not find user 7.
func reads(client *repo.Client) map[string]func(ctx context.Context) error {
	users, tokens := app.NewUsers(client), app.NewTokens(client)
	found := func(ok bool, err error) error {
		if err == nil && !ok {
			err = errors.New("found something else")
		}
		return err
	}
	return map[string]func(ctx context.Context) error{
		"Get": func(ctx context.Context) error {
			u, err := users.Get(ctx, "7")
			return found(err == nil && u.ID == "7", err)
		},
		"GetMany": func(ctx context.Context) error {
			l, err := users.GetMany(ctx, "7", "8")
			return found(err == nil && l[0] != nil, err)
		},
		"GetBy": func(ctx context.Context) error {
			u, err := users.GetByUsername(ctx, "name7")
			return found(err == nil && u.ID == "7", err)
		},
		"Exists": func(ctx context.Context) error { ok, err := users.Exists(ctx, "7"); return found(ok, err) },
		"TTL":    func(ctx context.Context) error { d, err := tokens.TTL(ctx, 7); return found(d > 0, err) },
		"sliding": func(ctx context.Context) error {
			v, err := tokens.Get(ctx, 7)
			return found(err == nil && v.Number == 7, err)
		},
		"Page": func(ctx context.Context) error {
			p, err := users.Where().Page(ctx)
			return found(len(p.Items) == 1, err)
		},
		"Count": func(ctx context.Context) error { n, err := users.Where().Count(ctx); return found(n == 1, err) },
		"Batch": func(ctx context.Context) error {
			b := client.Batch()
			got := users.In(b).Get("7")
			err := b.Run(ctx)
			return found(got.Value != nil, err)
		},
	}
}

// commands are those that the reads send.
var commands = []string{"evalsha", "eval", "hmget", "exists", "pttl", "zcard", "zrangebyscore"}

// Reads are sent again until they are answered.
func TestReadsAreRepeated(t *testing.T) {
	data := faultproxy.Command(commands...)
	for name, arm := range map[string]func(p *faultproxy.Proxy, match faultproxy.Match, nth ...int){
		"reply lost": (*faultproxy.Proxy).DropReply, "reply held": (*faultproxy.Proxy).HoldReply, "request lost": (*faultproxy.Proxy).DropRequest,
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t, repo.Config{ReadTimeout: 400 * time.Millisecond})
			for name, read := range reads(f.client) {
				f.proxy.Reset()
				arm(f.proxy, data, 1, 2)
				if err := read(t.Context()); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if n := f.proxy.Faults(); n == 0 {
					t.Errorf("%s: no fault", name)
				}
			}
		})
	}
}

// Where the caller allows no retries, a read fails, and is not uncertain.
func TestReadsWithoutRetries(t *testing.T) {
	f := setup(t, repo.Config{MaxRetries: -1})
	for name, read := range reads(f.client) {
		f.proxy.Reset()
		f.proxy.DropReply(faultproxy.Command(commands...))
		if err := read(t.Context()); err == nil || errors.Is(err, repo.ErrUncertain) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A server that is silent holds nobody longer than the context allows, which is
// far less than the read timeout.
func TestDeadlines(t *testing.T) {
	const limit, timeout = 300 * time.Millisecond, 30 * time.Second
	f := setup(t, repo.Config{ReadTimeout: timeout})
	within := func(name string, call func(context.Context) error, uncertain bool) {
		t.Helper()
		f.proxy.Reset()
		f.proxy.HoldReply(faultproxy.Any, 1, 2, 3, 4, 5, 6)
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		start := time.Now()
		err := call(ctx)
		if took := time.Since(start); took > timeout/3 {
			t.Errorf("%s took %v", name, took)
		}
		if err == nil || uncertain != errors.Is(err, repo.ErrUncertain) {
			t.Errorf("%s: %v", name, err)
		}
		f.proxy.Reset()
		f.proxy.Cut()
	}
	for _, read := range reads(f.client) { // a first time, in which the client finds out how entities are placed
		if err := read(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for name, read := range reads(f.client) {
		within(name, read, false)
	}
	for _, w := range f.writes(t, f.client) {
		within(w.name, w.do, w.name != "Mutate") // Mutate reads first
		if got := w.effects(); got > 1 {
			t.Errorf("%s took effect %d times", w.name, got)
		}
	}
}
