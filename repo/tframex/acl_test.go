package tframex_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/acl"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/event"
	"github.com/redisgen/redisgen/repo/limit"
	"github.com/redisgen/redisgen/repo/tframex"
)

// A user with the rules that docs/storage-agents.md names, for one tenant, can do all that a
// store does, and what the store does is of that tenant.
func TestACL(t *testing.T) {
	server, ctx := redisd.Start(t, redisd.Password("adm1n")), t.Context()
	admin := server.Client()
	packages, err := testclient.LoadPackages("../../schema/tframex")
	must(t, err)
	rules, err := acl.Rules(packages, acl.Options{Role: acl.Writer, Prefix: "app:acme:", With: []string{"topic", "limit"}})
	must(t, err)
	var command []any
	for word := range strings.FieldsSeq(acl.SetUser("agents", "", rules)) {
		command = append(command, word)
	}
	must(t, admin.Do(ctx, command...).Err())
	must(t, admin.Do(ctx, "acl", "setuser", "agents", ">secret").Err())

	rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), Username: "agents", Password: "secret", DisableIdentity: true})
	defer rdb.Close()
	whole, err := repo.New(rdb, repo.Config{Prefix: "app:"})
	must(t, err)
	defer whole.Close()
	client, err := whole.Tenant("acme")
	must(t, err)
	defer client.Close()
	must(t, admin.Do(ctx, "acl", "log", "reset").Err()) // what connecting has asked for is no part of it

	s := storeOn(t, client, tframex.StoreOptions{Notify: true, UserLimits: []limit.Limit{limit.PerDay(5)}, AuditRetention: time.Hour})
	everything(t, s)
	must(t, s.CleanUp(ctx))
	must(t, s.Close())
	entries, err := admin.ACLLog(ctx, 100).Result()
	must(t, err)
	for _, e := range entries {
		if !strings.Contains(e.Object, "info") { // which Health does without
			t.Errorf("denied: %s %s (%s)", e.Reason, e.Object, e.Context)
		}
	}
	keys, err := admin.Keys(ctx, "*").Result()
	must(t, err)
	for _, key := range keys {
		if !strings.HasPrefix(key, "app:acme:") {
			t.Errorf("a key of no tenant: %s", key)
		}
	}
}

// everything does what a store can, each once.
func everything(t *testing.T, s *tframex.Store) {
	most(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c := conversation(t, s)
	begun := event.Ready(func() { must(t, s.Append(ctx, c.ID, text("1"))) })
	for m, err := range s.ConversationTopic(c.ID).Subscribe(ctx, begun) {
		if must(t, err); len(m.Value.IDs) != 1 {
			t.Errorf("notice: %+v", m)
		}
		break
	}
	must(t, s.Log(ctx, &tframex.AuditLog{Action: "a", Resource: new("r")}))
	if n, err := s.AuditTrail(tframex.AuditFilter{Resource: "r"}).Count(ctx); n != 1 || err != nil {
		t.Errorf("%d entries, %v", n, err)
	}
	must(t, s.Record(ctx, &tframex.Metric{MetricName: "m", MetricType: tframex.MetricGauge, Value: 2}))
	if sum, err := s.Summarize(ctx, "m", time.Time{}, time.Time{}); sum.Sum != 2 || err != nil {
		t.Errorf("%+v, %v", sum, err)
	}
	if r, err := s.Allow(ctx, "u"); !r.Allowed || err != nil {
		t.Errorf("Allow: %v, %v", r.Allowed, err)
	}
	if _, err := s.Health(ctx); err != nil {
		t.Error(err)
	}
	if n, err := s.DeleteAuditBefore(ctx, time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("DeleteAuditBefore = %d, %v", n, err)
	}
	if n, err := s.DeleteConversation(ctx, c.ID); n != 1 || err != nil {
		t.Errorf("DeleteConversation = %d, %v", n, err)
	}
}
