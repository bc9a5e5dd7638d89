// Package security shows what users of Redis with the rules of redisgen acl can
// do and what not, that tenants are apart, that no input leads out of its place,
// and that secrets show nowhere.
package security

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/acl"
	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
)

// password is that of all users of these tests but the administrator.
const password = "p4ss"

// guarded is a server on which nobody but the administrator can do anything
// without a user.
type guarded struct {
	t        *testing.T
	server   *redisd.Server
	admin    *redis.Client
	packages func() ([]*schema.Package, error) // whose entities users are for
}

// guard starts a server.
func guard(t *testing.T, opts ...redisd.Option) *guarded {
	t.Helper()
	server := redisd.Start(t, append([]redisd.Option{redisd.Password("adm1n")}, opts...)...)
	return &guarded{t, server, server.Client(), schemas}
}

// schemas are the entities of tests/app and tests/places, told those of tests/events.
var (
	schemas = sync.OnceValues(func() ([]*schema.Package, error) { return testclient.LoadPackages("../app", "../places") })
	told    = sync.OnceValues(func() ([]*schema.Package, error) { return testclient.LoadPackages("../events") })
)

// rules returns the rules of a user of the entities of tests/app and tests/places.
func rules(t *testing.T, o acl.Options) []string {
	t.Helper()
	return rulesFor(t, schemas, o)
}

// rulesFor returns the rules of a user of the entities of packages.
func rulesFor(t *testing.T, packagesOf func() ([]*schema.Package, error), o acl.Options) []string {
	t.Helper()
	packages, err := packagesOf()
	must(t, err)
	rules, err := acl.Rules(packages, o)
	must(t, err)
	return rules
}

// allow makes a user with the rules of a role.
func (g *guarded) allow(name string, o acl.Options) {
	g.t.Helper()
	g.redisCLI(acl.SetUser(name, "", rulesFor(g.t, g.packages, o)))
	must(g.t, g.admin.Do(g.t.Context(), "acl", "setuser", name, ">"+password).Err())
}

// redisCLI has redis-cli carry out a command as the administrator.
func (g *guarded) redisCLI(command string) {
	g.t.Helper()
	cmd := exec.Command("redis-cli", "-p", strconv.Itoa(g.server.Port()))
	cmd.Env = append(os.Environ(), "REDISCLI_AUTH=adm1n")
	cmd.Stdin = strings.NewReader(command + "\n")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "OK" {
		g.t.Fatalf("redis-cli: %v\n%s\n%.300s", err, out, command)
	}
}

// open returns a client of a user.
func (g *guarded) open(name string, config repo.Config) *repo.Client {
	g.t.Helper()
	config.Addrs, config.Username, config.Password = []string{g.server.Addr()}, name, password
	client, err := repo.Open(g.t.Context(), config)
	must(g.t, err)
	g.t.Cleanup(func() { _ = client.Close() })
	return client
}

// connect returns a connection of a user.
func (g *guarded) connect(name string) *redis.Client {
	g.t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: g.server.Addr(), Username: name, Password: password, DisableIdentity: true})
	g.t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// denials returns what the server has denied since the last call.
func (g *guarded) denials() []string {
	g.t.Helper()
	entries, err := g.admin.ACLLog(g.t.Context(), 100).Result()
	must(g.t, err)
	must(g.t, g.admin.ACLLogReset(g.t.Context()).Err())
	var list []string
	for _, e := range entries {
		list = append(list, fmt.Sprintf("%s %s %s (%s)", e.Username, e.Reason, e.Object, e.Context))
	}
	return list
}

// wantNoDenials fails the test if the server has denied anything.
func (g *guarded) wantNoDenials() {
	g.t.Helper()
	for _, d := range g.denials() {
		g.t.Errorf("denied: %s", d)
	}
}

// calls returns how often each command was carried out, also by scripts.
func (g *guarded) calls() map[string]int {
	g.t.Helper()
	text, err := g.admin.Info(g.t.Context(), "commandstats").Result()
	must(g.t, err)
	calls := map[string]int{}
	for line := range strings.Lines(text) {
		name, stats, ok := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":calls=")
		if !ok {
			continue
		}
		n, _, _ := strings.Cut(stats, ",")
		if calls[name], _ = strconv.Atoi(n); calls[name] == 0 {
			delete(calls, name) // only rejected
		}
	}
	return calls
}

// dryRun returns why a user may not run a command, "" if it may.
func (g *guarded) dryRun(user string, args ...string) string {
	g.t.Helper()
	call := []any{"acl", "dryrun", user}
	for _, arg := range args {
		call = append(call, arg)
	}
	reply, err := g.admin.Do(g.t.Context(), call...).Text()
	if err != nil {
		g.t.Fatalf("ACL DRYRUN %s %q: %v", user, args, err)
	}
	if reply == "OK" {
		return ""
	}
	return reply
}

// must fails the test at once because of an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// snapshot returns all there is on the server, by key, but for what the check of
// its health leaves for a second.
func (g *guarded) snapshot() map[string]string {
	g.t.Helper()
	all := map[string]string{}
	iter := g.admin.Scan(g.t.Context(), 0, "*", 1000).Iterator()
	for iter.Next(g.t.Context()) {
		if strings.HasSuffix(iter.Val(), "{health}") {
			continue
		}
		value, err := g.admin.Dump(g.t.Context(), iter.Val()).Result()
		if err == nil {
			all[iter.Val()] = value
		} else if !errors.Is(err, redis.Nil) {
			g.t.Fatal(err)
		}
	}
	must(g.t, iter.Err())
	return all
}

// run runs operations in their order and fails the test where one fails.
func run(t *testing.T, ops []operation) {
	t.Helper()
	failed := 0
	for _, op := range ops {
		if err := op.call(t.Context()); err != nil {
			t.Errorf("%s: %v", op.name, err)
			if failed++; failed == 5 {
				t.FailNow()
			}
		}
	}
}

// operation is a call of a method.
type operation struct {
	name string
	call func(context.Context) error
}

// dump prints a reply in an order of its own.
func dump(reply any) string { return fmt.Sprint(reply) }

// shardKeys returns a key in every shard of an entity.
func shardKeys(prefix string, p *schema.Package, e *schema.Entity) []string {
	at := p.Placement(e)
	home, tail := e.Name, ":r:7"
	if at.Home != "" {
		home, tail = at.Home, e.Name+":r:7"
	}
	var keys []string
	for i := range at.Shards {
		keys = append(keys, prefix+"{"+placement.Tag(home, i, at.Shards)+"}"+tail)
	}
	return keys
}
