// Package locks shows what locks and their fences guarantee on real servers.
package locks

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/places"
)

// long makes the rounds of a night out of those of a change.
var long = flag.Bool("long", false, "10,000 rounds with paused holders")

// patience is how long anything here may take.
const patience = time.Minute

func TestMain(m *testing.M) {
	flag.Parse()
	if addr := os.Getenv(holderVariable); addr != "" {
		if err := hold(addr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	redis.SetLogger(&logging.VoidLogger{}) // failed dials are meant to be
	os.Exit(m.Run())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// noLeak has the test fail if goroutines are left when it ends.
func noLeak(t *testing.T) {
	t.Helper()
	ignore := []goleak.Option{goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("github.com/redisgen/redisgen/internal/redisd.(*process).run.func1")}
	t.Cleanup(func() { eventually(t, "no goroutine is left", func() bool { return goleak.Find(ignore...) == nil }) })
}

var prefixes atomic.Int64

func open(t *testing.T, config repo.Config) *repo.Client {
	t.Helper()
	if config.Prefix == "" {
		config.Prefix = fmt.Sprintf("locks%d:", prefixes.Add(1))
	}
	client, err := repo.Open(t.Context(), config)
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// each runs a test on the embedded store, a server, one whose scripts are functions, and a
// cluster.
func each(t *testing.T, test func(t *testing.T, client *repo.Client)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) {
		test(t, open(t, repo.Config{Addrs: []string{miniredis.RunT(t).Addr()}}))
	})
	t.Run("redis", func(t *testing.T) {
		test(t, open(t, repo.Config{Addrs: []string{redisd.Shared(t).Addr()}}))
	})
	t.Run("functions", func(t *testing.T) {
		client := open(t, repo.Config{Addrs: []string{redisd.Shared(t).Addr()}, Functions: true})
		must(t, repo.LoadFunctions(t.Context(), client, app.NewWallets(client), places.NewAccounts(client), places.NewLedgers(client), places.NewEntries(client)))
		test(t, client)
	})
	t.Run("cluster", func(t *testing.T) {
		test(t, open(t, repo.Config{Addrs: redisd.StartCluster(t).Addrs()}))
	})
}

// ptr returns a pointer to a value.
func ptr[T any](v T) *T { return &v }

func background(t *testing.T) context.Context { return context.WithoutCancel(t.Context()) }
