package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// A write of an entity with the retry option is sent again when its reply is
// lost, and takes effect once.
func TestRetriedWritesTakeEffectOnce(t *testing.T) {
	cents := app.WalletFields.Cents
	for _, fault := range []struct {
		name string
		arm  func(p *faultproxy.Proxy, match faultproxy.Match, nth ...int)
	}{
		{"reply lost", (*faultproxy.Proxy).DropReply},
		{"reply held", (*faultproxy.Proxy).HoldReply},
		{"request lost", (*faultproxy.Proxy).DropRequest},
	} {
		t.Run(fault.name, func(t *testing.T) {
			server := testclient.Start(t, redisd.Clock())
			f := setupOn(t, server, repo.Config{ReadTimeout: 400 * time.Millisecond})
			wallets, direct := app.NewWallets(f.client), app.NewWallets(f.direct)
			w := &app.Wallet{ID: "1", Owner: "ann", Cents: 5}
			for _, step := range []struct {
				name           string
				do             func(ctx context.Context) error
				cents, version int
			}{
				{"Create", func(ctx context.Context) error { return wallets.Create(ctx, w) }, 5, 1},
				{"Patch", func(ctx context.Context) error { return wallets.Patch(ctx, "1", cents.Add(7)) }, 12, 2},
				{"Mutate", func(ctx context.Context) error {
					_, err := wallets.Mutate(ctx, "1", func(w *app.Wallet) error { w.Cents++; return nil })
					return err
				}, 13, 3},
				{"Batch", func(ctx context.Context) error {
					b := f.client.Batch()
					wallets.In(b).Patch("1", cents.Add(1))
					return b.Run(ctx)
				}, 14, 4},
				{"Touch", func(ctx context.Context) error { return wallets.Touch(ctx, "1", repo.TTL(time.Hour)) }, 14, 4},
				{"Update", func(ctx context.Context) error { w.Version, w.Cents = 4, 20; return wallets.Update(ctx, w) }, 20, 5},
				{"Save", func(ctx context.Context) error { w.Cents = 21; return wallets.Save(ctx, w) }, 21, 6},
				{"SaveMany", func(ctx context.Context) error {
					w.Cents = 22
					return wallets.SaveMany(ctx, []*app.Wallet{w, {ID: "2", Owner: "bob"}})
				}, 22, 7},
			} {
				server.Advance(time.Second) // the write before is not the one that was lost
				f.proxy.Reset()
				fault.arm(f.proxy, scripts, 1)
				must(t, step.do(t.Context()))
				if n := f.proxy.Faults(); n != 1 {
					t.Errorf("%s: %d faults", step.name, n)
				}
				got, err := direct.Get(t.Context(), "1")
				if err != nil || got.Cents != int64(step.cents) || got.Version != step.version || got.Owner != "ann" {
					t.Errorf("after %s: %+v, %v; want %d cents, version %d", step.name, got, err, step.cents, step.version)
				}
			}
			if w.Version != 7 || w.CreatedAt.IsZero() {
				t.Errorf("not stamped: %+v", w)
			}
			server.Advance(time.Second)
			f.proxy.Reset()
			fault.arm(f.proxy, scripts, 1)
			must(t, wallets.Delete(t.Context(), "1"))
			if _, err := direct.Get(t.Context(), "1"); !errors.Is(err, repo.ErrNotFound) {
				t.Errorf("after Delete: %v", err)
			}
		})
	}
}

// When somebody else writes the record before the retry, nobody can tell any
// more, and the write is not repeated.
func TestRetryAfterAnotherWrite(t *testing.T) {
	f := setup(t, repo.Config{})
	wallets, direct := app.NewWallets(f.client), app.NewWallets(f.direct)
	must(t, wallets.Create(t.Context(), &app.Wallet{ID: "1", Owner: "ann"}))
	f.proxy.DropReply(scripts, 1)
	calls := 0
	f.proxy.DropReply(func(args []string) bool {
		if scripts(args) {
			calls++
		}
		if calls == 2 {
			must(t, direct.Patch(context.Background(), "1", app.WalletFields.Cents.Add(100)))
		}
		return false
	}, 1)
	if err := wallets.Patch(t.Context(), "1", app.WalletFields.Cents.Add(1)); !errors.Is(err, repo.ErrUncertain) {
		t.Errorf("Patch = %v, want ErrUncertain", err)
	}
	if w, err := direct.Get(t.Context(), "1"); err != nil || w.Cents != 101 {
		t.Errorf("%+v, %v; want 101 cents", w, err)
	}
}

// Whatever fails, what is reported as done is done once, and what is not done
// is not reported as done.
func TestRetryAtRandom(t *testing.T) {
	t.Logf("to repeat: -seed=%d", *seed)
	random := rand.New(rand.NewPCG(*seed, 2))
	f := setup(t, repo.Config{})
	wallets, direct := app.NewWallets(f.client), app.NewWallets(f.direct)
	arms := []func(faultproxy.Match, ...int){f.proxy.DropReply, f.proxy.DropRequest, f.proxy.DropReply}
	for i := range 60 {
		id := fmt.Sprint(i)
		must(t, direct.Create(t.Context(), &app.Wallet{ID: id, Owner: id}))
		f.proxy.Reset()
		for n := range random.IntN(6) { // up to more than there are retries
			arms[random.IntN(len(arms))](scripts, n+1)
		}
		err := wallets.Patch(t.Context(), id, app.WalletFields.Cents.Add(1))
		f.proxy.Reset()
		w, getErr := direct.Get(t.Context(), id)
		must(t, getErr)
		if w.Cents > 1 || err == nil && w.Cents != 1 || err != nil && !errors.Is(err, repo.ErrUncertain) {
			t.Errorf("wallet %d: %d cents, %v", i, w.Cents, err)
		}
	}
}

// lastScript keeps the arguments of the last script that a client has sent.
type lastScript struct{ args []any }

func (*lastScript) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *lastScript) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if strings.HasPrefix(cmd.Name(), "eval") {
			l.args = slices.Clone(cmd.Args())
		}
		return next(ctx, cmd)
	}
}

func (*lastScript) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// A first attempt that arrives when the write was sent again and carried out is
// recognised too.
func TestLateFirstAttempt(t *testing.T) {
	f := setup(t, repo.Config{})
	wallets, last := app.NewWallets(f.direct), new(lastScript)
	must(t, wallets.Create(t.Context(), &app.Wallet{ID: "1", Owner: "ann", Cents: 5}))
	f.direct.Redis().AddHook(last)
	must(t, wallets.Patch(t.Context(), "1", app.WalletFields.Cents.Add(7)))
	for range 2 {
		must(t, f.direct.Redis().Do(t.Context(), last.args...).Err())
	}
	if w, err := wallets.Get(t.Context(), "1"); err != nil || w.Cents != 12 || w.Version != 2 {
		t.Errorf("the wallet is %+v, %v", w, err)
	}
}
