package tframex_test

import (
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex"
)

// most does a share of what a store can: on a cluster, and as a user with few rights.
func most(t *testing.T, s *tframex.Store) {
	ctx := t.Context()
	f := &tframex.FlowExecution{FlowName: "report"}
	must(t, s.StartFlow(ctx, f))
	if _, err := s.SetFlowStatus(ctx, f.ID, tframex.FlowSuccess, tframex.FlowOutcome{}); err != nil {
		t.Error(err)
	}
	e := &tframex.AgentExecution{AgentName: "a"}
	must(t, s.BeginExecution(ctx, e))
	must(t, s.BeginToolCall(ctx, &tframex.ToolCall{AgentExecutionID: e.ID, ToolName: "t", ToolType: tframex.ToolMCP}))
	must(t, s.Users.Create(ctx, &tframex.User{ID: "u", Username: "u", IsActive: true, Roles: []string{"r"}}))
	must(t, s.Roles.Create(ctx, &tframex.Role{Name: "r", Permissions: []string{"a:*"}}))
	if ok, err := s.Allowed(ctx, "u", "a", "b"); !ok || err != nil {
		t.Errorf("Allowed = %v, %v", ok, err)
	}
	session := &tframex.Session{UserID: "u"}
	must(t, s.CreateSession(ctx, session))
	if _, err := s.GetSession(ctx, session.SessionID); err != nil {
		t.Error(err)
	}
	if n, err := s.RevokeSessions(ctx, "u"); n != 1 || err != nil {
		t.Errorf("RevokeSessions = %d, %v", n, err)
	}
	must(t, s.PutTemp(ctx, "k", "v", time.Minute))
	if v, err := tframex.TakeTemp[string](ctx, s, "k"); v != "v" || err != nil {
		t.Errorf("TakeTemp = %q, %v", v, err)
	}
	if stats, err := s.Stats(ctx); err != nil || stats.Records["users"] != 1 {
		t.Errorf("Stats = %+v, %v", stats, err)
	}
}
