package security

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/acl"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/event"
	"github.com/redisgen/redisgen/repo/idempotency"
	"github.com/redisgen/redisgen/repo/limit"
	"github.com/redisgen/redisgen/repo/lock"
)

// parts returns what is done with each part, in all ways that need a command of their own.
func parts(t *testing.T, client *repo.Client) map[string][]operation {
	mutex := lock.New(client, "report", lock.Options{TTL: time.Minute})
	limiter, err := limit.New(client, "api", limit.PerMinute(5), limit.Window(9, time.Hour))
	must(t, err)
	keys := idempotency.New(client, idempotency.Options{Lease: time.Minute})
	sum := event.NewLog(client, "sums", func(s, e int) int { return s + e }, event.LogOptions[int, int]{SnapshotEvery: 2})
	second := func(_ any, err error) error { return err }
	return map[string][]operation{
		"lock": {
			{"Do", func(ctx context.Context) error {
				return mutex.Do(ctx, func(ctx context.Context, l *lock.Lock) error { return l.Extend(ctx, time.Hour) })
			}},
			{"TryLock", func(ctx context.Context) error {
				l, err := mutex.TryLock(ctx)
				if err != nil {
					return err
				}
				if _, err := mutex.TryLock(ctx); !errors.Is(err, lock.ErrHeld) {
					t.Errorf("a second TryLock: %v", err)
				}
				return errors.Join(second(mutex.Holder(ctx)), l.Unlock(ctx))
			}},
		},
		"limit": {
			{"Allow", func(ctx context.Context) error { return second(limiter.Allow(ctx, "ann")) }},
			{"Peek", func(ctx context.Context) error { return second(limiter.Peek(ctx, "ann")) }},
			{"Reset", func(ctx context.Context) error { return limiter.Reset(ctx, "ann") }},
		},
		"idempotency": {
			{"Do", func(ctx context.Context) error {
				_, _, err := keys.Do(ctx, "1", time.Hour, func(ctx context.Context) ([]byte, error) { return []byte("r"), nil })
				return err
			}},
			{"Do that fails", func(ctx context.Context) error {
				_, _, err := keys.Do(ctx, "2", time.Hour, func(ctx context.Context) ([]byte, error) { return nil, context.Canceled })
				if errors.Is(err, context.Canceled) {
					return nil
				}
				return err
			}},
			{"Do that somebody else does", func(ctx context.Context) error {
				_, _, err := keys.Do(ctx, "3", time.Hour, func(ctx context.Context) ([]byte, error) {
					_, _, err := keys.Do(ctx, "3", time.Hour, nil)
					if !errors.Is(err, idempotency.ErrInProgress) {
						t.Errorf("Do in Do: %v", err)
					}
					return nil, nil
				})
				return err
			}},
		},
		"log": {
			{"Append", func(ctx context.Context) error { return second(sum.Append(ctx, "1", 0, 1, 2, 3)) }},
			{"Load", func(ctx context.Context) error { _, _, err := sum.Load(ctx, "1"); return err }},
			{"Update", func(ctx context.Context) error {
				_, _, err := sum.Update(ctx, "1", func(int) ([]int, error) { return []int{4}, nil })
				return err
			}},
			{"Delete", func(ctx context.Context) error { return second(sum.Delete(ctx, "1")) }},
		},
	}
}

// partKeys are keys of parts.
var partKeys = map[string]string{
	"lock": "app:{lock/1x}:l:a", "limit": "app:{limit/1x}:g:a", "idempotency": "app:{once/1x}:a", "log": "app:{log/1x}:e:a",
}

// onPart are calls of what parts need, for a key.
func onPart(name, key string) []string {
	switch name {
	case "pexpire":
		return []string{name, key, "1"}
	case "xadd":
		return []string{name, key, "*", "f", "v"}
	case "xrange", "xrevrange":
		return []string{name, key, "-", "+"}
	}
	return withKey(key)[name]
}

// The rules of each part are what it needs, for its own keys and no others.
func TestParts(t *testing.T) { eachVersion(t, testParts) }

func testParts(t *testing.T, g *guarded) {
	for part := range partKeys {
		o := acl.Options{Role: acl.Writer, Prefix: "app:", With: []string{part}}
		g.allow("writer", o)
		must(t, g.admin.ConfigResetStat(t.Context()).Err())
		run(t, parts(t, g.open("writer", repo.Config{Prefix: "app:", SweepInterval: -1}))[part])
		g.wantNoDenials()
		used := g.calls()
		all, without := rules(t, o), rules(t, acl.Options{Role: acl.Writer, Prefix: "app:"})
		for name := range allowed(all[len(without):]) {
			if used[name] == 0 {
				t.Errorf("%s: %s is allowed, and nothing needs it", part, name)
			}
			if name == "time" {
				continue
			}
			others := []string{"other:" + partKeys[part], "app:{" + part + "}:x", "app:{" + part + "x/1}:x", "{lock/1x}:l:a"}
			for other, key := range partKeys {
				if other != part {
					others = append(others, key)
				}
			}
			if why := g.dryRun("writer", onPart(name, partKeys[part])...); why != "" {
				t.Errorf("with %s: %q: %s", part, onPart(name, partKeys[part]), why)
			}
			for _, key := range others {
				if g.dryRun("writer", onPart(name, key)...) == "" {
					t.Errorf("with %s: %q is allowed", part, onPart(name, key))
				}
			}
		}
		if g.dryRun("writer", "set", "app:{users}:r:7", "x") == "" {
			t.Errorf("with %s, a writer may SET records", part)
		}
	}
}

// Parts are functions too.
func TestPartsAsFunctions(t *testing.T) {
	g := guard(t)
	o := acl.Options{Role: acl.Migrator, Prefix: "app:", Functions: true, With: slices.Sorted(maps.Keys(partKeys))}
	g.allow("migrator", o)
	o.Role = acl.Writer
	g.allow("writer", o)
	must(t, repo.LoadFunctions(t.Context(), g.open("migrator", repo.Config{Prefix: "app:"})))
	for _, ops := range parts(t, g.open("writer", repo.Config{Prefix: "app:", Functions: true})) {
		run(t, ops)
	}
	g.wantNoDenials()
}

// Who may use topics can publish and subscribe, and to several by the patterns that the
// rules name.
func TestTopics(t *testing.T) {
	g := guard(t)
	prefix := "a^*:"
	o := acl.Options{Role: acl.Writer, Prefix: prefix, With: []string{"topic", "topic=orders.*"}}
	g.allow("writer", o)
	o.Role = acl.Reader
	g.allow("reader", o)
	writer, reader := g.open("writer", repo.Config{Prefix: prefix}), g.open("reader", repo.Config{Prefix: prefix, SweepInterval: -1})
	orders := event.NewTopic[string](writer, "orders", event.TopicOptions[string]{})
	for name, subscribe := range map[string]func(context.Context, *event.Topic[string], ...event.SubscribeOption) (string, error){
		"Subscribe": func(ctx context.Context, topic *event.Topic[string], opts ...event.SubscribeOption) (string, error) {
			for m, err := range topic.Sub("new").Subscribe(ctx, opts...) {
				return m.Value, err
			}
			return "", nil
		},
		"SubscribeGlob": func(ctx context.Context, topic *event.Topic[string], opts ...event.SubscribeOption) (string, error) {
			for m, err := range topic.SubscribeGlob(ctx, "*", opts...) {
				return m.Value, err
			}
			return "", nil
		},
	} {
		for role, client := range map[string]*repo.Client{"writer": writer, "reader": reader} {
			ready := event.Ready(func() {
				if _, err := orders.Sub("new").Publish(t.Context(), "7"); err != nil {
					t.Errorf("Publish: %v", err)
				}
			})
			got, err := subscribe(t.Context(), event.NewTopic[string](client, "orders", event.TopicOptions[string]{}), ready)
			if got != "7" || err != nil {
				t.Errorf("%s of a %s: %q, %v", name, role, got, err)
			}
		}
	}
	g.wantNoDenials()
	if _, err := event.NewTopic[string](reader, "orders", event.TopicOptions[string]{}).Publish(t.Context(), "7"); err == nil {
		t.Error("a reader publishes")
	}
	own := `a^*:{}topic:`
	for _, c := range []struct {
		may  bool
		call []string
	}{
		{true, []string{"publish", own + "x", "m"}}, {true, []string{"subscribe", own + "x"}}, {true, []string{"psubscribe", `a\^\*:{}topic:orders.*`}},
		{false, []string{"psubscribe", `a\^\*:{}topic:other.*`}}, {false, []string{"psubscribe", "*"}}, {false, []string{"publish", "a^b:{}topic:x", "m"}},
		{false, []string{"publish", "x", "m"}}, {false, []string{"subscribe", "a^*:{users}:e"}}, {false, []string{"spublish", own + "x", "m"}},
	} {
		if why := g.dryRun("writer", c.call...); (why == "") != c.may {
			t.Errorf("%q: %q, want allowed: %v", c.call, why, c.may)
		}
	}
}

// Events and parts work on a cluster, where topics can be sharded.
func TestClusterOfEvents(t *testing.T) {
	cluster := redisd.StartCluster(t, redisd.Password("adm1n"))
	admin := cluster.Client()
	may := rulesFor(t, told, acl.Options{Role: acl.Writer, Prefix: "app:", Cluster: true, With: acl.Parts})
	must(t, admin.ForEachShard(t.Context(), func(ctx context.Context, node *redis.Client) error { return setUser(ctx, node, "writer", may) }))
	client, err := repo.Open(t.Context(), repo.Config{Addrs: cluster.Addrs(), Cluster: true, Username: "writer", Password: password, Prefix: "app:"})
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	run(t, tells(client))
	for _, ops := range parts(t, client) {
		run(t, ops)
	}
	for _, sharded := range []bool{false, true} {
		orders := event.NewTopic[string](client, "orders", event.TopicOptions[string]{Sharded: sharded})
		for m, err := range orders.Subscribe(t.Context(), event.Ready(func() {
			if _, err := orders.Publish(t.Context(), "7"); err != nil {
				t.Errorf("Publish: %v", err)
			}
		})) {
			if m.Value != "7" || err != nil {
				t.Errorf("Subscribe: %v, %v", m, err)
			}
			break
		}
	}
	must(t, admin.ForEachShard(t.Context(), deniedNothing(t)))
}
