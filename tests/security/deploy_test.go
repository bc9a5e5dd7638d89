package security

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/acl"
	"github.com/redisgen/redisgen/internal/cli"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/places"
)

// redisgen runs the command line and returns what it prints.
func redisgen(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr strings.Builder
	if code := cli.Do(args, strings.NewReader(""), &stdout, &stderr); code != 0 {
		t.Fatalf("redisgen %q: exit %d\n%s", args, code, &stderr)
	}
	return stdout.String()
}

// A server starts with what the command line prints for its ACL file, and the
// users have the password of the file.
func TestACLFile(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "password")
	must(t, os.WriteFile(secret, []byte(password+"\n"), 0o600))
	var lines string
	for _, role := range []string{"reader", "writer", "migrator", "operator"} {
		line := redisgen(t, "acl", "../app", "../places", "-prefix", `odd*[x]?\:`, "-role", role, "-format", "aclfile", "-password-file", secret)
		if strings.Count(line, "\n") != 1 || strings.Contains(line, password) {
			t.Errorf("%s: %.200q", role, line)
		}
		lines += line
	}
	file := filepath.Join(t.TempDir(), "users.acl")
	must(t, os.WriteFile(file, []byte("user default on >adm1n ~* &* +@all\n"+lines), 0o600))
	server := redisd.Start(t, redisd.Config("aclfile "+file))
	options := server.Options()
	options.Password = "adm1n"
	admin := redis.NewClient(options)
	t.Cleanup(func() { _ = admin.Close() })
	g := &guarded{t, server, admin, schemas}
	client := g.open("writer", repo.Config{Prefix: `odd*[x]?\:`})
	run(t, writes(client))
	run(t, reads(client))
	g.wantNoDenials()
}

// What a prefix has that patterns treat specially stands for itself.
func TestOddPrefixes(t *testing.T) {
	g := guard(t)
	for prefix, others := range map[string][]string{
		"":         {"a:", "{", ":"},
		"a*:":      {"a:", "ab:", "a*b:", "abc:"},
		"a?:":      {"ab:", "a:", "a\\?:"},
		"[ab]:":    {"a:", "b:", "[ab:"},
		`a\:`:      {"a:", `a\\:`},
		"a\x01é:":  {"aé:"},
		"(a):":     {"a:", "(a"},
		"~a%R~:":   {"a:", "%R~:"},
		"#a:":      {"a:"},
		"^a[^b]-:": {"ac-:", "^ac-:"},
	} {
		g.redisCLI(acl.SetUser("odd", "", rules(t, acl.Options{Role: acl.Writer, Prefix: prefix})))
		for _, key := range []string{"{users}:r:7", "{invoices.1/16a}:r:7", "{ledgers}entries:x"} {
			if why := g.dryRun("odd", "hget", prefix+key, "f"); why != "" {
				t.Errorf("prefix %q, key %q: %s", prefix, prefix+key, why)
			}
			for _, other := range others {
				if g.dryRun("odd", "hget", other+key, "f") == "" {
					t.Errorf("prefix %q allows key %q", prefix, other+key)
				}
			}
		}
		if why := g.dryRun("odd", "set", prefix+"{health}", "1"); why != "" {
			t.Errorf("prefix %q: health: %s", prefix, why)
		}
	}
	packages, err := schemas()
	must(t, err)
	for _, prefix := range []string{"a b:", "a\n", "a\x00b", "\t", `a"`, "'"} {
		if _, err := acl.Rules(packages, acl.Options{Role: acl.Writer, Prefix: prefix}); !errors.Is(err, acl.ErrWord) {
			t.Errorf("prefix %q: %v", prefix, err)
		}
	}
}

// setUser gives a user of several servers the rules of a role.
func setUser(ctx context.Context, rdb *redis.Client, name string, rules []string) error {
	args := []any{"acl", "setuser", name, "reset", "on", ">" + password}
	for _, rule := range rules {
		args = append(args, rule)
	}
	return rdb.Do(ctx, args...).Err()
}

// deniedNothing returns a function that fails the test if a server has denied anything.
func deniedNothing(t *testing.T) func(context.Context, *redis.Client) error {
	return func(ctx context.Context, node *redis.Client) error {
		log, err := node.ACLLog(ctx, 100).Result()
		for _, e := range log {
			t.Errorf("%s: denied: %s %s %s (%s)", node.Options().Addr, e.Username, e.Reason, e.Object, e.Context)
		}
		return err
	}
}

// The same operations work on a cluster, with a few more rules.
func TestCluster(t *testing.T) {
	cluster := redisd.StartCluster(t, redisd.Password("adm1n"))
	admin := cluster.Client()
	o := acl.Options{Role: acl.Writer, Prefix: "app:", Cluster: true}
	must(t, admin.ForEachShard(t.Context(), func(ctx context.Context, node *redis.Client) error {
		return errors.Join(setUser(ctx, node, "writer", rules(t, o)), node.ConfigResetStat(ctx).Err())
	}))
	client, err := repo.Open(t.Context(), repo.Config{Addrs: cluster.Addrs(), Cluster: true, Username: "writer", Password: password, Prefix: "app:", ClientName: "test"})
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	run(t, writes(client))
	run(t, reads(client))
	run(t, reads(client.StaleReads()))
	nodes := cluster.Primaries()
	for _, primary := range cluster.Primaries() {
		nodes = append(nodes, cluster.ReplicasOf(primary)...)
	}
	needed := map[string]bool{"cluster|slots": false, "command": false, "readonly": false}
	eventually(t, "rules for clusters are needed", func() bool {
		for _, node := range nodes {
			text, err := node.Client().Info(t.Context(), "commandstats").Result()
			must(t, err)
			for name := range needed {
				needed[name] = needed[name] || strings.Contains(text, "cmdstat_"+name+":")
			}
		}
		return needed["cluster|slots"] && needed["command"] && needed["readonly"]
	})
	must(t, admin.ForEachShard(t.Context(), deniedNothing(t)))
}

// A user of sentinels finds the primary, and can do nothing else with them.
func TestSentinel(t *testing.T) {
	deployment := redisd.StartReplicated(t, redisd.Password("adm1n"))
	ctx := t.Context()
	may := rules(t, acl.Options{Role: acl.Sentinel})
	var sentinels []*redis.Client
	for _, s := range deployment.Sentinels() {
		sentinels = append(sentinels, s.Client())
		must(t, setUser(ctx, s.Client(), "finder", may))
	}
	writer := rules(t, acl.Options{Role: acl.Writer, Prefix: "app:"})
	for _, s := range append(deployment.Replicas(), deployment.Primary()) {
		must(t, setUser(ctx, s.Client(), "writer", writer))
	}
	client, err := repo.Open(ctx, repo.Config{
		Addrs: deployment.SentinelAddrs(), MasterName: redisd.MasterName, SentinelUsername: "finder", SentinelPassword: password,
		Username: "writer", Password: password, Prefix: "app:", ClientName: "test",
	})
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	run(t, writes(client))
	run(t, reads(client))
	for _, s := range sentinels {
		must(t, deniedNothing(t)(ctx, s))
		for _, args := range [][]any{
			{"sentinel", "failover", redisd.MasterName}, {"sentinel", "set", redisd.MasterName, "quorum", "1"}, {"sentinel", "remove", redisd.MasterName},
			{"sentinel", "masters"}, {"sentinel", "reset", "*"}, {"shutdown"}, {"acl", "list"}, {"subscribe", "other"}, {"publish", "+switch-master", "x"}, {"info"},
		} {
			call := append([]any{"acl", "dryrun", "finder"}, args...)
			if reply, err := s.Do(ctx, call...).Text(); err != nil || reply == "OK" {
				t.Errorf("%v: %q, %v", args, reply, err)
			}
		}
	}
}

// Where scripts are functions, an application needs neither EVAL nor EVALSHA.
func TestFunctions(t *testing.T) {
	g := guard(t)
	for _, role := range []acl.Role{acl.Reader, acl.Writer, acl.Migrator} {
		o := acl.Options{Role: role, Prefix: "app:", Functions: true}
		g.allow(string(role), o)
		may := allowed(rules(t, o))
		for _, name := range []string{"eval", "evalsha", "eval_ro", "evalsha_ro", "script|load"} {
			if may[name] {
				t.Errorf("%s may run %s", role, name)
			}
		}
		if role != acl.Migrator && slices.ContainsFunc([]string{"function|load", "function|delete", "function|list", "function|flush"}, func(f string) bool { return may[f] }) {
			t.Errorf("%s may change functions", role)
		}
	}
	migrator := g.open("migrator", repo.Config{Prefix: "app:", SweepInterval: -1})
	must(t, repo.LoadFunctions(t.Context(), migrator,
		app.NewUsers(migrator), app.NewSessions(migrator), app.NewTokens(migrator), app.NewShops(migrator), app.NewWallets(migrator), app.NewMemberships(migrator),
		places.NewInvoices(migrator), places.NewLedgers(migrator), places.NewAccounts(migrator), places.NewTickets(migrator), places.NewConversations(migrator),
		places.NewMessages(migrator)))
	writer := g.open("writer", repo.Config{Prefix: "app:", Functions: true, RoundTrip: 1 << 40})
	run(t, writes(writer))
	run(t, reads(writer))
	run(t, reads(g.open("reader", repo.Config{Prefix: "app:", Functions: true, SweepInterval: -1})))
	g.wantNoDenials()
}

// A client that keeps records in memory needs one command more.
func TestCache(t *testing.T) {
	g := guard(t)
	g.allow("writer", acl.Options{Role: acl.Writer, Prefix: "app:"})
	config := repo.Config{Addrs: []string{g.server.Addr()}, Username: "writer", Password: password, Prefix: "app:", Cache: &repo.Cache{}}
	if _, err := repo.Open(t.Context(), config); err == nil || !strings.Contains(err.Error(), "CLIENT TRACKING: NOPERM") {
		t.Errorf("Open without the rule: %v", err)
	}
	g.denials()
	for _, role := range []acl.Role{acl.Writer, acl.Reader} {
		g.allow(string(role), acl.Options{Role: role, Prefix: "app:", Cache: true})
		client := g.open(string(role), repo.Config{Prefix: "app:", Cache: &repo.Cache{}, SweepInterval: -1})
		if role == acl.Writer {
			run(t, writes(client))
		}
		run(t, reads(client))
		run(t, reads(client))
	}
	g.wantNoDenials()
	if why := g.dryRun("reader", "client", "tracking", "on", "bcast", "prefix", "other:"); why != "" {
		t.Errorf("the server tells of keys by rules, unlike docs/security.md: %s", why)
	}
}
