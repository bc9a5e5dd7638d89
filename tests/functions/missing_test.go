package functions

import (
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// Without functions nothing is done, and the error says what to do.
func TestMissingFunctions(t *testing.T) {
	for _, version := range redisd.Versions {
		t.Run(version, func(t *testing.T) {
			s := start(t, redisd.Version(version))
			wantRefused(t, openProgram(t, s), "run redisgen functions load")
		})
	}
}

// The embedded store has no functions at all.
func TestNoFunctions(t *testing.T) {
	store := miniredis.RunT(t)
	client, err := repo.Open(t.Context(), repo.Config{Addrs: []string{store.Addr()}, Functions: true, SweepInterval: -1, RoundTrip: time.Hour})
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })
	wantRefused(t, client, "use Redis 7 or later")
}

func wantRefused(t *testing.T, client *repo.Client, advice string) {
	t.Helper()
	ctx, users, wallets := t.Context(), app.NewUsers(client), app.NewWallets(client)
	b := client.Batch()
	users.In(b).Create(newUser("7"))
	users.In(b).Create(newUser("8"))
	_, page := users.Where(app.UserFields.Status.Eq(app.Active)).Page(ctx)
	_, unique := users.GetByUsername(ctx, "name7")
	_, deleted := users.Where(app.UserFields.Status.Eq(app.Active)).Delete(ctx)
	for what, err := range map[string]error{
		"Create": users.Create(ctx, newUser("7")), "SaveMany": users.SaveMany(ctx, []*app.User{newUser("7"), newUser("8")}),
		"Delete": users.Delete(ctx, "7"), "Batch": b.Run(ctx), "Page": page, "GetByUsername": unique, "Query.Delete": deleted,
		"a write with a token": wallets.Create(ctx, &app.Wallet{ID: "7", Owner: "ann"}),
	} {
		wantErr(t, what, err, repo.ErrFunctions)
		if err != nil && !strings.Contains(err.Error(), advice) {
			t.Errorf("%s: %v does not say %q", what, err, advice)
		}
	}
	wantKeys(t, client, 0)
}

// wantKeys fails the test if the keyspace has another number of keys.
func wantKeys(t *testing.T, client *repo.Client, want int) {
	t.Helper()
	n := 0
	for iter := client.Redis().Scan(t.Context(), 0, client.Prefix()+"*", 1000).Iterator(); iter.Next(t.Context()); {
		n++
	}
	if n != want {
		t.Errorf("%d keys, want %d", n, want)
	}
}

// A batch of which the server has some functions is not carried out in part: not
// the first time, and not when a function goes while the program runs.
func TestBatchIsNotHalfDone(t *testing.T) {
	s := start(t)
	load(t, s)
	client, admin := openProgram(t, s), s.Client()
	users, shops := app.NewUsers(client), app.NewShops(client)
	write := func() error {
		b := client.Batch()
		users.In(b).Save(newUser("7"))
		shops.In(b).Save(&app.Shop{ID: "7"})
		return b.Run(t.Context())
	}
	forget := func() {
		t.Helper()
		for _, name := range loaded(t, admin) {
			if strings.HasPrefix(name, "redisgen_shops_") {
				must(t, admin.FunctionDelete(t.Context(), name).Err())
			}
		}
	}
	forget()
	wantErr(t, "a batch", write(), repo.ErrFunctions)
	wantKeys(t, client, 0)

	load(t, s)
	must(t, write())
	must(t, users.Delete(t.Context(), "7"))
	must(t, shops.Delete(t.Context(), "7"))

	forget()
	wantErr(t, "the first batch after a function has gone", write(), repo.ErrFunctions)
	must(t, users.Delete(t.Context(), "7")) // the batch had been confirmed before
	wantErr(t, "the second", write(), repo.ErrFunctions)
	wantKeys(t, client, 0)
}

// Loading is for the deploy step: it needs no more than it says, changes nothing
// that is there, and mends what is not as it was.
func TestLoadFunctions(t *testing.T) {
	s := start(t)
	load(t, s)
	names := loaded(t, s.Client())
	if want := repo.Libraries(appEntities(openProgram(t, s))...); len(names) != len(want) {
		t.Errorf("%d libraries, want %d", len(names), len(want))
	}
	other := "#!lua name=other\nredis.register_function('other', function() return 1 end)"
	must(t, s.Client().FunctionLoad(t.Context(), other).Err())
	changed := "#!lua name=" + names[0] + "\nredis.register_function('" + names[0] + "', function() return 1 end)"
	must(t, s.Client().FunctionLoadReplace(t.Context(), changed).Err())
	must(t, s.Client().ConfigResetStat(t.Context()).Err())
	load(t, s)
	stats := s.Client().Info(t.Context(), "commandstats").Val()
	if !strings.Contains(stats, "cmdstat_function|load:calls=1,") {
		t.Errorf("to mend one library was not one FUNCTION LOAD:\n%s", stats)
	}
	load(t, s)
	if again := loaded(t, s.Client()); len(again) != len(names)+1 {
		t.Errorf("%d libraries, want %d", len(again), len(names)+1)
	}
}
