package places_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/internal/load"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
	"github.com/redisgen/redisgen/tests/places"
)

// patience is for the embedded store, which takes long for a script, and more with
// -race.
const patience = time.Minute

// each runs a test on the embedded store and on real servers: one, or those that the
// environment variable REDISGEN_DEPLOYMENT says.
func each(t *testing.T, test func(*testing.T, *repo.Client)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) {
		test(t, open(t, repo.Config{Addrs: []string{miniredis.RunT(t).Addr()}, ReadTimeout: patience}))
	})
	t.Run("redis", func(t *testing.T) {
		test(t, openOn(t, testclient.Shared(t), repo.Config{}))
	})
}

// eachClock runs a test on each kind of server with a clock that advance moves.
// Nothing is swept in the background.
func eachClock(t *testing.T, test func(t *testing.T, client *repo.Client, advance func(time.Duration))) {
	t.Helper()
	config := repo.Config{SweepInterval: -1}
	t.Run("miniredis", func(t *testing.T) {
		server, config := miniredis.RunT(t), config
		now := time.Now()
		server.SetTime(now)
		config.Addrs, config.ReadTimeout = []string{server.Addr()}, patience
		test(t, open(t, config), func(d time.Duration) {
			now = now.Add(d)
			server.SetTime(now)
			server.FastForward(d)
		})
	})
	t.Run("redis", func(t *testing.T) {
		d := testclient.Start(t, redisd.Clock())
		test(t, openOn(t, d, config), d.Advance)
	})
}

// openOn returns a client of a deployment with a prefix that no other has. The functions
// of the entities are on its servers, where scripts are functions.
func openOn(t *testing.T, d testclient.Deployment, config repo.Config) *repo.Client {
	t.Helper()
	p, err := entities()
	must(t, err)
	d = d.For(append(crated(p), p)...)
	d.Load(t, func(c *repo.Client) []repo.AnyEntity {
		return []repo.AnyEntity{
			places.NewAccounts(c), places.NewConversations(c), places.NewMessages(c), places.NewAttachments(c), places.NewTickets(c),
			places.NewInvoices(c), places.NewLedgers(c), places.NewEntries(c), crates(16, ""),
		}
	})
	return d.Open(t, apart(config))
}

// crated returns packages that have crates, in as many shards as tests want them, and in those
// of other entities.
func crated(p *schema.Package) (list []*schema.Package) {
	for _, crate := range []schema.Entity{{}, {Shards: 8}, {Shards: 16}, {In: "Account"}, {In: "Ledger"}} {
		crate.Name, crate.Type = "crates", "crate"
		list = append(list, &schema.Package{Entities: append(slices.Clone(p.Entities), &crate)})
	}
	return list
}

var prefixes atomic.Int64

// open returns a client with a prefix that no other has.
func open(t *testing.T, config repo.Config) *repo.Client {
	t.Helper()
	client, err := repo.Open(t.Context(), apart(config))
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// apart gives a configuration a prefix that no other has, if it has none.
func apart(config repo.Config) repo.Config {
	if config.Prefix == "" {
		config.Prefix = fmt.Sprintf("p%d:", prefixes.Add(1))
	}
	return config
}

// check fails the test if the keyspace is not what its records imply, once all that
// was given up is released.
func check(t *testing.T, client *repo.Client) {
	t.Helper()
	must(t, client.Sweep(t.Context()))
	p, err := entities()
	must(t, err)
	problems, err := integrity.CheckPackage(t.Context(), testclient.Admin(client), client.Prefix(), p, true)
	must(t, err)
	if len(problems) > 0 {
		t.Errorf("%d problems:\n  %s", len(problems), strings.Join(problems[:min(10, len(problems))], "\n  "))
	}
}

// entities is the schema of the package.
var entities = sync.OnceValues(func() (*schema.Package, error) {
	packages, mistakes, err := load.Load("", ".")
	if err != nil || len(mistakes) > 0 {
		return nil, errors.Join(err, mistakes)
	}
	return packages[0].Package, nil
})

// keys returns all keys of a client's keyspace, without the prefix, but for those that
// tell where records are.
func keys(t *testing.T, client *repo.Client) (names []string) {
	t.Helper()
	list, err := testclient.Keys(context.Background(), testclient.Admin(client), client.Prefix())
	must(t, err)
	for _, key := range list {
		if !strings.HasSuffix(key, "}:p") {
			names = append(names, strings.TrimPrefix(key, client.Prefix()))
		}
	}
	return names
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantErr fails the test if err is not target, in the sense of errors.Is.
func wantErr(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: %v, want %v", what, err, target)
	}
}
