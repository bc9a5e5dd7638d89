package load

import (
	"strings"
	"testing"

	"github.com/redisgen/redisgen/schema"
)

// shipped are the entities of schema/tframex: their types and indexes.
var shipped = map[string]struct {
	Type    string
	Indexes []string
}{
	"users":            {"User", []string{"unique username", "unique email", "equal roles", "sort created_at"}},
	"roles":            {"Role", []string{"unique name", "equal permissions", "equal parent_role", "sort created_at"}},
	"permissions":      {"Permission", []string{"equal name", "equal resource", "equal resource,action"}},
	"user_roles":       {"UserRole", []string{"sort assigned_at", "unique id", "equal user_id/assigned_at", "equal role_id/assigned_at"}},
	"conversations":    {"Conversation", []string{"sort created_at", "equal user_id/created_at", "equal agent_name/created_at"}},
	"messages":         {"Message", []string{"sort created_at", "equal conversation_id/created_at"}},
	"flows":            {"FlowExecution", []string{"sort started_at", "equal status/started_at", "equal flow_name/started_at", "equal user_id/started_at"}},
	"flow_steps":       {"FlowStep", []string{"equal execution_id/step_order"}},
	"agent_executions": {"AgentExecution", []string{"sort started_at", "equal agent_name/started_at", "equal user_id/started_at", "equal conversation_id/started_at", "equal flow_execution_id/started_at", "equal status/started_at"}},
	"tool_calls":       {"ToolCall", []string{"sort called_at", "equal agent_execution_id/called_at", "equal tool_name/called_at"}},
	"metrics":          {"Metric", []string{"sort timestamp", "equal metric_name/timestamp"}},
	"events":           {"Event", []string{"sort created_at", "equal event_type/created_at", "equal user_id/created_at", "equal resource_type,resource_id/created_at"}},
	"audit_logs":       {"AuditLog", []string{"sort created_at", "sort timestamp", "equal user_id/created_at", "equal action/created_at", "equal event_type/created_at", "equal resource/created_at", "equal resource_type/created_at", "equal resource_type,resource_id/created_at"}},
	"sessions":         {"Session", []string{"sort created_at", "unique id", "equal user_id/created_at"}},
	"documents":        {"Document", []string{"sort created_at", "equal table/created_at"}},
	"tables":           {"Table", []string{"sort created_at"}},
	"temp_data":        {"TempData", nil},
}

func TestShippedEntities(t *testing.T) {
	packages, errs, err := Load("../..", "./schema/tframex")
	if err != nil {
		t.Fatal(err)
	}
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	p := packages[0]
	if len(p.Entities) != len(shipped) {
		t.Errorf("%d entities, want %d", len(p.Entities), len(shipped))
	}
	for _, e := range p.Entities {
		want := shipped[e.Name]
		if e.Type != want.Type {
			t.Errorf("%s is a %s, want %s", e.Name, e.Type, want.Type)
		}
		var indexes []string
		for _, x := range e.Indexes {
			indexes = append(indexes, string(x.Kind)+" "+x.Name)
		}
		if got, want := strings.Join(indexes, "; "), strings.Join(want.Indexes, "; "); got != want {
			t.Errorf("%s has indexes\n%s, want\n%s", e.Name, got, want)
		}
		if e.Expires != (e.Name == "sessions" || e.Name == "temp_data") {
			t.Errorf("%s: Expires is %t", e.Name, e.Expires)
		}
		checkDocs(t, e)
	}
}

func checkDocs(t *testing.T, e *schema.Entity) {
	t.Helper()
	if !strings.HasPrefix(e.Doc, e.Type+" is ") {
		t.Errorf("%s: doc is %q", e.Type, e.Doc)
	}
	for _, f := range e.Fields {
		if !strings.HasPrefix(f.Doc, f.Go+" ") || strings.Contains(f.Doc, "\n") {
			t.Errorf("%s.%s: doc is %q", e.Type, f.Go, f.Doc)
		}
	}
}
