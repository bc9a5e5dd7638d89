package tframex_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
)

// each runs a test on the embedded store and on a real server.
func each(t *testing.T, test func(t *testing.T, client *repo.Client)) {
	t.Run("miniredis", func(t *testing.T) { test(t, open(t, miniredis.RunT(t).Addr(), "tframex:")) })
	t.Run("redis", func(t *testing.T) {
		server := redisd.Shared(t)
		test(t, open(t, server.Addr(), server.Prefix()))
	})
}

func open(t *testing.T, addr, prefix string) *repo.Client {
	client, err := repo.Open(t.Context(), repo.Config{Addrs: []string{addr}, Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestUsersAndRoles(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, roles := tframex.NewUsers(client), tframex.NewRoles(client)
		must(t, roles.Create(t.Context(), &tframex.Role{Name: "Admin", Permissions: []string{"*"}}))
		ann := &tframex.User{Username: "Ann", Email: new("Ann@example.com"), PasswordHash: new("$2b$12$x"), IsActive: true, Roles: []string{"Admin"}}
		must(t, users.Create(t.Context(), ann))

		if err := users.Create(t.Context(), &tframex.User{Username: "ANN"}); !errors.Is(err, repo.ErrUnique) {
			t.Errorf("a second ANN: %v", err)
		}
		got, err := users.GetByEmail(t.Context(), "ann@EXAMPLE.com")
		must(t, err)
		if got.ID != ann.ID || *got.PasswordHash != *ann.PasswordHash {
			t.Errorf("GetByEmail = %+v, want %+v", got, ann)
		}
		if n, err := users.Where(tframex.UserFields.Roles.Has("Admin")).Count(t.Context()); n != 1 || err != nil {
			t.Errorf("admins: %d, %v", n, err)
		}
		if role, err := roles.GetByName(t.Context(), "admin"); err != nil || role.Permissions[0] != "*" {
			t.Errorf("GetByName = %+v, %v", role, err)
		}
	})
}

func TestConversationInOrder(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		conversations, messages := tframex.NewConversations(client), tframex.NewMessages(client)
		c := &tframex.Conversation{UserID: new("u1"), AgentName: "helper"}
		must(t, conversations.Create(t.Context(), c))
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var list []*tframex.Message
		for i := range 250 {
			list = append(list, &tframex.Message{
				ConversationID: c.ID, Role: tframex.RoleUser, Content: new(fmt.Sprint(i)),
				CreatedAt: start.Add(time.Duration(i) * time.Microsecond),
			})
		}
		must(t, messages.CreateMany(t.Context(), list))

		next := 0
		query := messages.Where(tframex.MessageFields.ConversationID.Eq(c.ID)).OrderBy(tframex.MessageFields.CreatedAt.Asc()).Limit(60)
		for cursor := ""; ; {
			page, err := query.After(cursor).Page(t.Context())
			must(t, err)
			for _, m := range page.Items {
				if *m.Content != fmt.Sprint(next) {
					t.Fatalf("message %d is %s", next, *m.Content)
				}
				next++
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if next != len(list) {
			t.Errorf("%d messages, want %d", next, len(list))
		}
		last, err := conversations.Where(tframex.ConversationFields.AgentName.Eq("helper")).OrderBy(tframex.ConversationFields.CreatedAt.Desc()).First(t.Context())
		if err != nil || last.ID != c.ID {
			t.Errorf("newest conversation of the agent: %+v, %v", last, err)
		}
	})
}

func TestFlowStatus(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		flows := tframex.NewFlows(client)
		f := &tframex.FlowExecution{FlowName: "report", Status: tframex.FlowRunning, StartedAt: time.Now()}
		must(t, flows.Create(t.Context(), f))
		must(t, flows.Patch(t.Context(), f.ID,
			tframex.FlowExecutionFields.Status.Set(tframex.FlowSuccess),
			tframex.FlowExecutionFields.CompletedAt.Set(f.StartedAt.Add(time.Second))))
		for status, want := range map[tframex.FlowStatus]int64{tframex.FlowRunning: 0, tframex.FlowSuccess: 1} {
			n, err := flows.Where(tframex.FlowExecutionFields.Status.Eq(status)).Count(t.Context())
			if n != want || err != nil {
				t.Errorf("%s: %d, %v; want %d", status, n, err, want)
			}
		}
		if err := flows.Patch(t.Context(), f.ID, tframex.FlowExecutionFields.Status.Set("done")); !errors.Is(err, repo.ErrEnum) {
			t.Errorf("a status that there is not: %v", err)
		}
	})
}

func TestAuditTrail(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		logs := tframex.NewAuditLogs(client)
		for i := range 5 {
			must(t, logs.Create(t.Context(), &tframex.AuditLog{
				UserID: new("u1"), Action: "update", ResourceType: new("role"), ResourceID: new(fmt.Sprint(i % 2)),
			}))
		}
		fields := tframex.AuditLogFields
		n, err := logs.Where(fields.ResourceType.Eq("role"), fields.ResourceID.Eq("1")).Count(t.Context())
		if n != 2 || err != nil {
			t.Errorf("entries of the resource: %d, %v", n, err)
		}
		n, err = logs.Where(fields.UserID.Eq("u1"), fields.CreatedAt.Gte(time.Now().Add(-time.Hour))).Count(t.Context())
		if n != 5 || err != nil {
			t.Errorf("entries of the user in the last hour: %d, %v", n, err)
		}
	})
}

func TestSessionsExpire(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		sessions := tframex.NewSessions(client)
		s := &tframex.Session{SessionID: "s1", UserID: "u1", LastActivity: time.Now(), IsActive: true}
		must(t, sessions.Create(t.Context(), s))
		if left := time.Until(s.ExpiresAt); left < 59*time.Minute || left > 61*time.Minute {
			t.Errorf("expires in %v, want an hour", left)
		}
		must(t, sessions.Touch(t.Context(), s.SessionID, repo.ExpireAt(time.Now().Add(-time.Second))))
		if _, err := sessions.Get(t.Context(), s.SessionID); !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("Get of an expired session: %v", err)
		}
		if n, err := sessions.Where(tframex.SessionFields.UserID.Eq("u1")).Count(t.Context()); n != 0 || err != nil {
			t.Errorf("sessions of the user: %d, %v", n, err)
		}
	})
}
