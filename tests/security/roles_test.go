package security

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/internal/acl"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// versions are the servers that rules have to fit.
var versions = []string{"default", "redis8", "valkey8"}

// eachVersion runs a test on a server of each version.
func eachVersion(t *testing.T, test func(*testing.T, *guarded)) {
	t.Helper()
	for _, version := range versions {
		t.Run(version, func(t *testing.T) { test(t, guard(t, redisd.Version(version))) })
	}
}

// allowed returns the commands of rules, of selectors as well.
func allowed(rules []string) map[string]bool {
	list := map[string]bool{}
	for _, rule := range rules {
		for _, word := range strings.Fields(strings.Trim(rule, "()")) {
			if name, ok := strings.CutPrefix(word, "+"); ok {
				list[name] = true
			}
		}
	}
	return list
}

// A writer can do all that repositories do, and is allowed no command that they
// have no use for.
func TestWriter(t *testing.T) { eachVersion(t, testWriter) }

func testWriter(t *testing.T, g *guarded) {
	o := acl.Options{Role: acl.Writer, Prefix: "app:", Database: true}
	g.allow("writer", o)
	must(t, g.admin.ConfigResetStat(t.Context()).Err())
	client := g.open("writer", repo.Config{Prefix: "app:", DB: 3, ClientName: "test"})
	run(t, writes(client))
	run(t, reads(client))
	scripted := g.open("writer", repo.Config{Prefix: "app:", DB: 3, RoundTrip: time.Hour})
	run(t, reads(scripted))
	expire(t, g, client)
	g.wantNoDenials()

	used := g.calls()
	for name := range allowed(rules(t, o)) {
		if used[name] == 0 {
			t.Errorf("%s is allowed, and nothing needs it", name)
		}
	}
	must(t, g.admin.ScriptFlush(t.Context()).Err())
	run(t, reads(client)) // which sends the scripts again
	g.wantNoDenials()
}

// expire has records expire in every way there is, and waits until nothing is left
// of them.
func expire(t *testing.T, g *guarded, client *repo.Client) {
	t.Helper()
	ctx, sessions := t.Context(), app.NewSessions(client)
	soon := func() *app.Session {
		s := session(uuid.New())
		must(t, sessions.Create(ctx, s, repo.TTL(30*time.Millisecond)))
		return s
	}
	kept, moved := soon(), soon()
	admin := g.admin.Conn()
	defer func() { _ = admin.Close() }()
	must(t, admin.Select(ctx, 3).Err()) // as the client has done
	space := client.Prefix() + "{sessions}:"
	must(t, admin.Persist(ctx, space+"r:"+kept.ID.String()).Err())
	must(t, admin.PExpire(ctx, space+"r:"+moved.ID.String(), time.Hour).Err())
	gone := soon()
	eventually(t, "the sweeper has released what expired", func() bool {
		left, err := admin.HExists(ctx, space+"m", gone.ID.String()).Result()
		must(t, err)
		_, due := admin.ZScore(ctx, space+"x", kept.ID.String()).Result()
		return !left && due != nil
	})
}

// A reader can read everything, also what queries would repair if they could, and
// can change nothing.
func TestReader(t *testing.T) {
	g := guard(t)
	g.allow("writer", acl.Options{Role: acl.Writer, Prefix: "app:"})
	g.allow("reader", acl.Options{Role: acl.Reader, Prefix: "app:"})
	writer := g.open("writer", repo.Config{Prefix: "app:", SweepInterval: -1})
	run(t, writes(writer))
	reader := g.open("reader", repo.Config{Prefix: "app:", SweepInterval: -1})
	run(t, reads(reader))
	run(t, reads(g.open("reader", repo.Config{Prefix: "app:", SweepInterval: -1, RoundTrip: time.Hour})))
	g.wantNoDenials()

	// Records that another program has deleted, and records that have expired.
	for _, id := range []string{"u120", "u150", "u151", "u190", "u210"} {
		must(t, g.admin.Del(t.Context(), "app:{users}:r:"+id).Err())
	}
	sessions := app.NewSessions(writer)
	for range 3 {
		must(t, sessions.Create(t.Context(), session(uuid.New()), repo.TTL(time.Millisecond)))
	}
	eventually(t, "the sessions have expired", func() bool {
		n, err := g.admin.Eval(t.Context(), "return #redis.call('KEYS', 'app:{sessions}:r:*')", nil).Int()
		must(t, err)
		return n == 3
	})
	run(t, reads(reader))
	g.denials()

	before := g.snapshot()
	denied := 0
	for _, op := range writes(reader) {
		err := op.call(t.Context())
		if errors.Is(err, repo.ErrDenied) {
			denied++
			continue
		}
		idle := err == nil && strings.HasPrefix(op.name, "Query.") // nothing is found
		if !idle && !errors.Is(err, repo.ErrExists) && !errors.Is(err, repo.ErrUnique) && !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("%s: %v, want that the ACL denies it", op.name, err)
		}
	}
	if denied < 90 {
		t.Errorf("only %d writes are denied", denied)
	}
	if after := g.snapshot(); !maps.Equal(after, before) {
		t.Error("a reader has changed something")
	}
	if len(g.denials()) == 0 {
		t.Error("the server has denied nothing")
	}
}

// What is denied is an error that tells, on every way to the server.
func TestDeniedErrors(t *testing.T) {
	g := guard(t)
	g.allow("reader", acl.Options{Role: acl.Reader, Prefix: "app:"})
	reader := g.open("reader", repo.Config{Prefix: "app:", SweepInterval: -1, Logger: slog.New(slog.DiscardHandler)})
	err := app.NewUsers(reader).Create(t.Context(), user("7", 7))
	var record *repo.RecordError
	if !errors.Is(err, repo.ErrDenied) || !errors.As(err, &record) || record.Op != "Create" || errors.Is(err, repo.ErrUncertain) {
		t.Errorf("a write of a reader: %v", err)
	}
	other := g.open("reader", repo.Config{Prefix: "other:", SweepInterval: -1})
	if _, err := app.NewUsers(other).Get(t.Context(), "7"); !errors.Is(err, repo.ErrDenied) {
		t.Errorf("a read of another prefix: %v", err)
	}
	if _, err := app.NewUsers(other).Where(app.UserFields.Age.Gte(1), app.UserFields.Tags.Has("a")).Page(t.Context()); !errors.Is(err, repo.ErrDenied) {
		t.Errorf("a query of another prefix: %v", err)
	}
	if _, err := other.Health(t.Context()); !errors.Is(err, repo.ErrDenied) {
		t.Errorf("the health of another prefix: %v", err)
	}
}

// commandsOf returns all commands of a server, and subcommands in place of the
// commands that have them.
func (g *guarded) commandsOf() []string {
	g.t.Helper()
	var list []string
	docs, err := g.admin.Do(g.t.Context(), "command", "docs").Result()
	must(g.t, err)
	for name, doc := range pairs(docs) {
		subs := pairs(pairs(doc)["subcommands"])
		if len(subs) == 0 {
			list = append(list, name)
		}
		for sub := range subs {
			list = append(list, sub)
		}
	}
	slices.Sort(list)
	return list
}

// pairs returns a map of a reply, whatever the protocol's version.
func pairs(reply any) map[string]any {
	all := map[string]any{}
	switch reply := reply.(type) {
	case map[any]any:
		for key, value := range reply {
			all[key.(string)] = value
		}
	case []any:
		for i := 0; i+1 < len(reply); i += 2 {
			all[reply[i].(string)] = reply[i+1]
		}
	}
	return all
}

// always are the commands that no rule can deny.
var always = []string{"auth", "hello", "quit", "reset"}

// Every command that a role does not list is denied, on keys of the entities too.
func TestUndeclaredCommands(t *testing.T) { eachVersion(t, testUndeclaredCommands) }

func testUndeclaredCommands(t *testing.T, g *guarded) {
	all := g.commandsOf()
	if len(all) < 300 {
		t.Fatalf("only %d commands", len(all))
	}
	for _, role := range []acl.Role{acl.Reader, acl.Writer, acl.Migrator, acl.Operator} {
		o := acl.Options{Role: role, Prefix: "app:"}
		g.allow(string(role), o)
		may := allowed(rules(t, o))
		denied := 0
		for _, name := range all {
			if may[name] || slices.Contains(always, name) {
				continue
			}
			why := g.denial(string(role), name)
			if !strings.Contains(why, "has no permissions to run") {
				t.Errorf("%s: %s: %q", role, name, why)
			}
			denied++
		}
		if denied < 250 {
			t.Errorf("%s: only %d commands are denied", role, denied)
		}
	}
}

// denial returns why a user may not run a command, with as many arguments as it
// takes.
func (g *guarded) denial(user, name string) string {
	g.t.Helper()
	args := strings.Split(name, "|")
	for {
		call := []any{"acl", "dryrun", user}
		for _, arg := range args {
			call = append(call, arg)
		}
		reply, err := g.admin.Do(g.t.Context(), call...).Text()
		if err == nil {
			return reply
		}
		if !strings.Contains(err.Error(), "wrong number of arguments") || len(args) > 12 {
			g.t.Fatalf("%s: %v", name, err)
		}
		args = append(args, "app:{users}:r:7")
	}
}

// withKey are calls of the commands that roles may run, for a key.
func withKey(key string) map[string][]string {
	calls := map[string][]string{
		"eval": {"eval", "return 1", "1", key}, "evalsha": {"evalsha", "sha", "1", key}, "set": {"set", key, "1", "px", "1000"},
		"hset": {"hset", key, "f", "v"}, "zadd": {"zadd", key, "1", "m"}, "pexpireat": {"pexpireat", key, "1"}, "zrem": {"zrem", key, "m"},
		"hdel": {"hdel", key, "f"}, "hget": {"hget", key, "f"}, "hmget": {"hmget", key, "f"}, "zscore": {"zscore", key, "m"},
		"zmscore": {"zmscore", key, "m"}, "zrank": {"zrank", key, "m"}, "zrevrank": {"zrevrank", key, "m"},
		"memory|usage": {"memory", "usage", key}, "object|encoding": {"object", "encoding", key},
		"hscan": {"hscan", key, "0"}, "zscan": {"zscan", key, "0"},
	}
	for _, name := range []string{"del", "exists", "get", "hgetall", "hlen", "persist", "pexpiretime", "pttl", "ttl", "type", "zcard"} {
		calls[name] = []string{name, key}
	}
	for _, name := range []string{"zcount", "zlexcount", "zrange", "zrangebylex", "zrangebyscore", "zrevrange", "zrevrangebylex", "zrevrangebyscore"} {
		calls[name] = []string{name, key, "0", "1"}
	}
	return calls
}

// keyless are the commands of roles that name no key.
var keyless = []string{
	"client|setname", "dbsize", "info", "ping", "scan", "time",
}

// Every command of a role works on the keys of its entities, and on no others.
func TestOtherKeys(t *testing.T) {
	g := guard(t)
	own := []string{
		"app:{users}:r:7", "app:{users}:r:", "app:{users}:", "app:{users}:i:tags:}{\n*", "app:{sessions}:x", "app:{ledgers}entries:r:1",
		"app:{accounts}:p", "app:{messages}:p", "app:{ledgers}entries:",
		"app:{sessions}:n:7",
	}
	others := []string{
		"", "x", "app:", "app:x", "app:{users}", "app:{users}r:7", "app:{user}:r:7", "app:{userss}:r:7", "app:{users.1/4a}:r:7", "{users}:r:7", "ap:{users}:r:7",
		"app:app:{users}:r:7", "xapp:{users}:r:7", "APP:{users}:r:7", "app2:{users}:r:7", "app:acme:{users}:r:7", "app:{others}:r:7",
		"app:{accounts.1/4a}:r:7", "app:{accounts.x/16a}:r:7", "app:{accounts.111/16a}:r:7", "app:{conversations}messages:r:1", "app:{ledgers}other:r:1",
		"app:{health}:", "app:{health}x", "app:{users}entries:r:1", "app:schema",
	}
	packages, err := schemas()
	must(t, err)
	for _, p := range packages {
		for _, e := range p.Entities {
			own = append(own, shardKeys("app:", p, e)...)
			others = append(others, shardKeys("xpp:", p, e)...)
		}
	}
	for _, role := range []acl.Role{acl.Reader, acl.Writer, acl.Migrator, acl.Operator} {
		o := acl.Options{Role: role, Prefix: "app:"}
		g.allow(string(role), o)
		check := func(args []string, may bool) {
			t.Helper()
			if why := g.dryRun(string(role), args...); (why == "") != may {
				t.Errorf("%s: %q: %q, want allowed: %v", role, args, why, may)
			}
		}
		for name := range allowed(rules(t, o)) {
			if slices.Contains(keyless, name) {
				continue
			}
			if withKey("")[name] == nil {
				t.Errorf("%s: %s is not tried", role, name)
				continue
			}
			for _, key := range own {
				plain := strings.HasSuffix(key, "}:p") || strings.Contains(key, "}:n:")
				check(withKey(key)[name], name != "set" || plain)
			}
			for _, key := range others {
				check(withKey(key)[name], false)
			}
		}
		health := withKey("app:{health}")
		check(health["set"], role == acl.Writer || role == acl.Migrator)
		check(health["get"], role == acl.Operator)
		check(health["eval"], false)
		check([]string{"eval", "return 1", "2", "app:{users}:r:7", "x"}, false)
		check([]string{"publish", "channel", "m"}, false)
		check([]string{"subscribe", "channel"}, false)
	}
}

// The rules replace those that the user had, and keep its passwords.
func TestRulesReplaceOthers(t *testing.T) {
	g := guard(t)
	ctx := context.Background()
	must(t, g.admin.Do(ctx, "acl", "setuser", "reader", "on", ">"+password, "~*", "&*", "+@all", "(+get ~secret)").Err())
	g.redisCLI(acl.SetUser("reader", "", rules(t, acl.Options{Role: acl.Reader, Prefix: "app:"})))
	g.allow("fresh", acl.Options{Role: acl.Reader, Prefix: "app:"})
	was, err := g.admin.Do(ctx, "acl", "getuser", "reader").Result()
	must(t, err)
	fresh, err := g.admin.Do(ctx, "acl", "getuser", "fresh").Result()
	must(t, err)
	a, b := pairs(was), pairs(fresh)
	for _, part := range []string{"commands", "keys", "channels", "selectors", "passwords"} {
		if x, y := dump(a[part]), dump(b[part]); x != y {
			t.Errorf("%s: %s, of a new user %s", part, x, y)
		}
	}
}
