package fault

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

var seed = flag.Uint64("seed", rand.Uint64(), "of the random faults")

// The reply of a write is lost, at once or by silence, or the request is. The
// write takes effect once or not at all, and the caller is told that this is
// not known.
func TestLostWrites(t *testing.T) {
	for _, fault := range []struct {
		name    string
		arm     func(p *faultproxy.Proxy, match faultproxy.Match, nth ...int)
		effects int
	}{
		{"reply lost", (*faultproxy.Proxy).DropReply, 1},
		{"reply held", (*faultproxy.Proxy).HoldReply, 1},
		{"request lost", (*faultproxy.Proxy).DropRequest, 0},
	} {
		for _, kind := range []string{"Open", "New"} {
			t.Run(fault.name+"/"+kind, func(t *testing.T) {
				f := setup(t, repo.Config{ReadTimeout: 400 * time.Millisecond})
				client := f.clients(t)[kind]
				for _, w := range f.writes(t, client) {
					f.proxy.Reset()
					fault.arm(f.proxy, scripts, 1)
					err := w.do(t.Context())
					if !errors.Is(err, repo.ErrUncertain) {
						t.Errorf("%s: %v, want ErrUncertain", w.name, err)
					}
					if n := f.proxy.Faults(); n != 1 {
						t.Errorf("%s: %d faults", w.name, n)
					}
					want := fault.effects
					if w.name == "SaveMany" {
						want = 1 // the other of its two calls got through
					}
					if got := w.effects(); got != want {
						t.Errorf("%s took effect %d times, want %d", w.name, got, want)
					}
					if w.name == "Update" && want == 1 {
						// Seen by what comes next: a record that is newer than the caller's.
						if u := f.stored(t, "7"); u.Age != 31 || u.Version != 2 {
							t.Errorf("after Update: %+v", u)
						}
					}
				}
			})
		}
	}
}

// Faults at random: what succeeded took effect once, what is uncertain at most
// once, and nothing else fails.
func TestRandomFaults(t *testing.T) {
	t.Logf("-seed=%d", *seed)
	random := rand.New(rand.NewPCG(*seed, 0))
	f := setup(t, repo.Config{})
	users := app.NewUsers(f.client)
	sure, unsure, last := 0, 0, 0
	for i := range 300 {
		f.proxy.Reset()
		lost := random.IntN(3)
		switch lost {
		case 1:
			f.proxy.DropReply(scripts)
		case 2:
			f.proxy.DropRequest(scripts)
		}
		var err error
		if random.IntN(2) == 0 {
			err = users.Patch(t.Context(), "7", app.UserFields.Logins.Add(1))
		} else {
			b := f.client.Batch()
			users.In(b).Patch("7", app.UserFields.Logins.Add(1))
			err = b.Run(t.Context())
		}
		now := int(f.stored(t, "7").Logins)
		switch {
		case err == nil && lost == 0 && now == last+1:
			sure++
		case errors.Is(err, repo.ErrUncertain) && (lost == 1 && now == last+1 || lost == 2 && now == last):
			unsure++
		default:
			t.Fatalf("step %d: fault %d, %v, the counter went from %d to %d", i, lost, err, last, now)
		}
		last = now
	}
	if sure < 50 || unsure < 50 {
		t.Errorf("%d writes were sure, %d unsure", sure, unsure)
	}
}

// In a batch, what was answered before the fault has succeeded; the rest is
// uncertain. Nothing is sent again.
func TestBatchThatIsCutOff(t *testing.T) {
	f := setup(t, repo.Config{})
	users := app.NewUsers(f.client)
	f.proxy.Reset()
	f.proxy.DropReply(scripts, 3)
	b := f.client.Batch()
	var results []*repo.Result[*app.User]
	for i := range 5 {
		results = append(results, users.In(b).Create(user(fmt.Sprint("b", i))))
	}
	var many *repo.ManyError
	if err := b.Run(t.Context()); !errors.As(err, &many) || len(many.Errs) != 5 {
		t.Fatalf("Run: %v", err)
	}
	for i, r := range results {
		u := f.stored(t, fmt.Sprint("b", i))
		switch {
		case i < 2 && (r.Err != nil || u == nil || r.Value.Version != 1):
			t.Errorf("operation %d was answered, and yet: %+v, %v", i, u, r.Err)
		case i >= 2 && !errors.Is(r.Err, repo.ErrUncertain):
			t.Errorf("operation %d: %v, want ErrUncertain", i, r.Err)
		case i == 2 && u == nil, u != nil && u.Version != 1:
			t.Errorf("operation %d: stored is %+v", i, u)
		}
	}
	if n := f.proxy.Count("evalsha") + f.proxy.Count("eval"); n != 5 {
		t.Errorf("%d calls were sent for 5 operations", n)
	}
}

// Of many records, those whose call was answered have succeeded.
func TestManyThatAreCutOff(t *testing.T) {
	f := setup(t, repo.Config{})
	f.proxy.Reset()
	f.proxy.DropReply(scripts, 2)
	list := crowd(250) // three calls
	err := app.NewUsers(f.client).CreateMany(t.Context(), list)
	var many *repo.ManyError
	if !errors.As(err, &many) {
		t.Fatalf("CreateMany: %v", err)
	}
	for i, err := range many.Errs {
		uncertain := i >= 100 && i < 200
		if uncertain != errors.Is(err, repo.ErrUncertain) || !uncertain && err != nil {
			t.Errorf("item %d: %v", i, err)
		}
		if u := f.stored(t, list[i].ID); u == nil || u.Version != 1 {
			t.Errorf("item %d: stored is %+v", i, u)
		}
	}
}

// The connection breaks while the server is at work.
func TestConnectionCutInTheMiddle(t *testing.T) {
	f := setup(t, repo.Config{})
	for _, w := range f.writes(t, f.client) {
		f.proxy.Reset()
		f.proxy.HoldReply(scripts)
		done := make(chan error)
		go func() { done <- w.do(context.Background()) }()
		eventually(t, "the reply is held", func() bool { return f.proxy.Faults() == 1 })
		f.proxy.Cut()
		if err := <-done; !errors.Is(err, repo.ErrUncertain) {
			t.Errorf("%s: %v, want ErrUncertain", w.name, err)
		}
		if got := w.effects(); got != 1 {
			t.Errorf("%s took effect %d times", w.name, got)
		}
	}
}

// A connection that broke while it lay idle is no failure.
func TestIdleConnectionsAreCut(t *testing.T) {
	f := setup(t, repo.Config{})
	for _, w := range f.writes(t, f.client) {
		f.proxy.Cut()
		if err := w.do(t.Context()); err != nil && !errors.Is(err, repo.ErrUncertain) {
			t.Errorf("%s: %v", w.name, err)
		}
		if got := w.effects(); got > 1 {
			t.Errorf("%s took effect %d times", w.name, got)
		}
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}
