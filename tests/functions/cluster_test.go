package functions

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/cli"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/places"
)

// One call loads the functions of a whole cluster, whichever node it is told of.
func TestCluster(t *testing.T) {
	c := redisd.StartCluster(t, adminUser, program, deploy)
	url := "redis://" + c.Addrs()[1]
	t.Setenv("REDIS_USERNAME", "deploy")
	t.Setenv("REDIS_PASSWORD", "deploy's")
	if got := redisgen(t, "functions", "load", "../app", "../places", "-url", url); strings.Count(got, "loaded redisgen_") < 30 {
		t.Errorf("load printed %s", got)
	}
	if got := redisgen(t, "functions", "list", "../app", "../places", "-url", url); strings.Contains(got, "missing") {
		t.Errorf("list printed %s", got)
	}
	client := open(t, "program", repo.Config{Addrs: c.Addrs(), Cluster: true, Prefix: "c:", Functions: true, SweepInterval: 10 * time.Millisecond, RoundTrip: time.Hour})
	accounts, invoices := places.NewAccounts(client), places.NewInvoices(client)
	var some []*places.Account
	for i := range 50 {
		some = append(some, &places.Account{ID: fmt.Sprint(i), Status: "open", Age: i})
	}
	must(t, accounts.CreateMany(t.Context(), some))
	must(t, invoices.Create(t.Context(), &places.Invoice{TenantID: "a", Number: 1}))
	must(t, app.NewUsers(client).Create(t.Context(), newUser("7")))
	if n, err := accounts.Where(places.AccountFields.Status.Eq("open"), places.AccountFields.Age.Lt(20)).Count(t.Context()); n != 20 || err != nil {
		t.Errorf("Count = %d, %v, want 20", n, err)
	}

	// One node that lacks a function keeps a batch from being half done.
	node := c.Primaries()[0]
	must(t, node.Client().FunctionFlush(t.Context()).Err())
	other := open(t, "program", repo.Config{Addrs: c.Addrs(), Cluster: true, Prefix: "c:", Functions: true, SweepInterval: -1})
	more := places.NewAccounts(other)
	b := other.Batch()
	for i := range 50 {
		more.In(b).Create(&places.Account{ID: fmt.Sprint("more", i)})
	}
	wantErr(t, "a batch of all nodes", b.Run(t.Context()), repo.ErrFunctions)
	for i := range 50 {
		if there, err := more.Exists(t.Context(), fmt.Sprint("more", i)); there || err != nil {
			t.Fatalf("account more%d is there: %v, %v", i, there, err)
		}
	}
	var out, errs bytes.Buffer
	if code := cli.Do([]string{"functions", "list", "../app", "../places", "-url", url}, nil, &out, &errs); code != 1 || !strings.Contains(out.String(), "missing on 1 of 3") {
		t.Errorf("list returned %d and printed %s%s", code, &out, &errs)
	}
	redisgen(t, "functions", "load", "../app", "../places", "-url", url)
	must(t, more.Create(t.Context(), &places.Account{ID: "more"}))
	redisgen(t, "functions", "prune", "../app", "-all", "-url", url)
	for _, name := range loaded(t, node.Client()) {
		if strings.Contains(name, "_accounts_") {
			t.Errorf("%s is still there", name)
		}
	}
}

// redisgen runs the command line, which must succeed, and returns what it prints.
func redisgen(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := cli.Do(args, nil, &out, &errs); code != 0 {
		t.Fatalf("redisgen %s: exit status %d\n%s%s", strings.Join(args, " "), code, &out, &errs)
	}
	return out.String()
}

// What the command line makes of a schema is byte for byte what programs call.
func TestCommandLineMakesTheSameFunctions(t *testing.T) {
	s := start(t)
	client := openProgram(t, s)
	for dir, entities := range map[string][]repo.AnyEntity{
		"../app": appEntities(client),
		"../places": {
			places.NewAccounts(client), places.NewConversations(client), places.NewMessages(client), places.NewAttachments(client),
			places.NewTickets(client), places.NewInvoices(client), places.NewLedgers(client), places.NewEntries(client),
		},
	} {
		var want strings.Builder
		for _, l := range repo.Libraries(entities...) {
			want.WriteString(l.Code)
		}
		if redisgen(t, "functions", "dump", dir) != want.String() {
			t.Errorf("%s: redisgen functions dump prints something else than repo.Libraries returns", dir)
		}
	}
}
