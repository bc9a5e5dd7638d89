package storagetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

const (
	at    = "2025-07-05T01:22:00.315338"
	later = "2025-07-05T01:22:07.000001"
)

// known are the tables of the framework, each with documents as they are found: full, with
// the fields that must be there, and odd ones.
var known = map[string][]doc{
	"users": {
		{"username": "ada", "email": "ada@example.com", "password_hash": "$2b$12$x", "is_active": true, "metadata": doc{"team": "a"}, "created_at": at, "updated_at": later, "roles": []any{"admin", "user"}, "api_key": "k"},
		{"username": "bob"},
		{"username": "Eve", "email": nil, "is_active": "yes", "metadata": nil, "created_at": "2025-07-05 01:10:56.998281", "updated_at": nil, "roles": "admin", "department": "sales", "logins": 3},
	},
	"roles": {
		{"name": "admin", "description": "all", "permissions": []any{"*:*", "users:read"}, "parent_role": "user", "created_at": at, "updated_at": later},
		{"name": "user"},
		{"name": "guest", "description": nil, "permissions": nil, "level": 1.5, "created_at": "2025-07-05T01:22:00Z"},
	},
	"permissions": {
		{"name": "users:read", "resource": "users", "action": "read", "description": "read users"},
		{"name": "all", "resource": "*", "action": "*"},
		{"name": "odd", "resource": nil, "scope": []any{"own"}},
	},
	"conversations": {
		{"user_id": id(70), "agent_name": "helper", "title": "Hello", "metadata": doc{"lang": "en", "n": []any{1}}, "created_at": at, "updated_at": later},
		{"agent_name": "helper"},
		{"agent_name": "helper", "user_id": 17, "title": "", "metadata": "none", "created_at": "2025-07-05T03:22:00.315338+02:00", "pinned": true},
	},
	"messages": {
		{"conversation_id": id(80), "role": "assistant", "content": "hi\n<b>", "tool_calls": []any{doc{"id": "c1", "function": doc{"name": "f", "arguments": "{}"}}}, "tool_call_id": "c0", "name": "helper", "created_at": at, "metadata": doc{"tokens": 5}},
		{"conversation_id": id(80), "role": "user", "content": "hello"},
		{"conversation_id": id(80), "role": "tool", "content": nil, "tool_calls": nil, "created_at": "2025-07-05 01:22:00", "attachments": []any{doc{"url": "x"}}, "content_type": "text"},
		{"conversation_id": id(80), "role": "system", "content": doc{"parts": []any{"a"}}, "metadata": doc{}},
	},
	"flow_executions": {
		{"user_id": id(70), "flow_name": "report", "status": "success", "initial_input": "in", "final_output": "out", "started_at": at, "completed_at": later, "error_message": nil, "metadata": doc{"k": 1}},
		{"flow_name": "report", "status": "pending", "started_at": at},
		{"flow_name": "report", "status": "failed", "started_at": "2025-07-05 01:22:00.315338", "error_message": "boom", "initial_input": doc{"a": 1}, "duration": "7"},
	},
	"flow_steps": {
		{"execution_id": id(81), "step_name": "s", "step_type": "agent", "input_data": doc{"a": 1}, "output_data": []any{1}, "status": "success", "started_at": at, "completed_at": later, "error_message": nil, "step_order": 0},
		{"execution_id": id(81), "step_name": "s", "step_type": "tool", "status": "pending", "step_order": 1},
		{"execution_id": id(81), "step_name": "s", "step_type": "tool", "status": "x", "step_order": "2", "input_data": "text", "output_data": nil, "retries": 3},
	},
	"agent_executions": {
		{"user_id": id(70), "conversation_id": id(80), "flow_execution_id": id(81), "agent_name": "helper", "input_message": "in", "output_message": "out", "execution_time_ms": 1234, "tool_calls_count": 2, "status": "success", "error_message": nil, "started_at": at, "completed_at": later, "metadata": doc{}},
		{"agent_name": "helper", "tool_calls_count": 0, "status": "running", "started_at": at},
		{"agent_name": "helper", "execution_time_ms": 12.5, "tool_calls_count": "3", "status": "running", "started_at": at, "model": "m"},
	},
	"tool_calls": {
		{"agent_execution_id": id(82), "tool_name": "search", "tool_type": "native", "arguments": doc{"q": "x"}, "result": doc{"hits": []any{1, 2}}, "execution_time_ms": 5, "status": "success", "error_message": nil, "called_at": at, "completed_at": later},
		{"agent_execution_id": id(82), "tool_name": "search", "tool_type": "mcp", "arguments": doc{}, "status": "running", "called_at": at},
		{"agent_execution_id": id(82), "tool_name": "search", "tool_type": "agent", "arguments": "{\"q\":1}", "result": nil, "status": "", "called_at": at, "server": "s"},
	},
	"metrics": {
		{"metric_name": "latency", "metric_type": "histogram", "value": 1.5, "labels": doc{"route": "/"}, "timestamp": at, "source": "api"},
		{"metric_name": "hits", "metric_type": "counter", "value": 7, "labels": doc{}, "timestamp": at},
		{"metric_name": "hits", "metric_type": "gauge", "value": "7.50", "labels": doc{"n": 1}, "timestamp": "2025-07-05 01:22:00", "unit": "ms"},
	},
	"events": {
		{"event_type": "login", "event_source": "web", "user_id": id(70), "resource_type": "user", "resource_id": id(70), "action": "login", "status": "success", "details": doc{"x": 1}, "ip_address": "::1", "user_agent": "curl", "created_at": at},
		{"event_type": "login", "event_source": "web", "action": "login", "status": "failed"},
		{"event_type": "login", "event_source": nil, "action": "login", "status": "failed", "details": "text", "trace": doc{"id": 1}},
	},
	"audit_logs": {
		{"user_id": id(70), "action": "update", "resource_type": "role", "resource_id": "r", "old_values": doc{"a": 1}, "new_values": doc{"a": 2}, "ip_address": "10.0.0.1", "user_agent": "curl", "created_at": at},
		{"event_type": "access", "user_id": id(70), "resource": "users", "action": "read", "outcome": "success", "level": "info", "details": doc{"n": 1}, "request_id": "q", "session_id": "s", "remote_ip": "10.0.0.1", "user_agent": nil, "timestamp": at, "created_at": later, "updated_at": later},
		{"action": "delete"},
		{"action": "delete", "old_values": []any{1}, "details": nil, "timestamp": "2025-07-05 01:22:00+00:00", "compliance": doc{"tags": []any{"x"}}},
	},
	"role_permissions":    {{"role_id": id(71), "permission_id": id(72)}},
	"analytics_snapshots": {{"taken_at": at, "data": doc{"users": 5, "by_day": []any{doc{"day": "2025-07-05", "n": 1}}}}},
	"workflow_traces":     {{"spans": []any{doc{"name": "a", "children": []any{}}}, "data": "text"}},
	"resources":           {{"type": "file", "table": "x", "extra": nil}},
}

func knownTables(r *run) {
	for i, table := range slices.Sorted(maps.Keys(known)) {
		for n, given := range known[table] {
			given = maps.Clone(given)
			given["id"] = id(100*i + n)
			if _, err := r.s.Insert(r.Context(), table, given); err != nil {
				r.Errorf("%s %d: %v", table, n, err)
				continue
			}
			r.Run(fmt.Sprint(table, n), func(t *testing.T) {
				one := &run{T: t, b: r.b, d: r.d, s: r.s}
				one.inserted(one.get(table, id(100*i+n)), given)
				found := one.query(table, storage.Query{Filter: storage.Filter{"id": given["id"]}})
				if len(found) != 1 {
					one.Fatalf("Select of the id: %v", found)
				}
				one.inserted(found[0], given)
			})
		}
		if n := r.count(table, nil); n != int64(len(known[table])) {
			r.Errorf("%s has %d documents, want %d", table, n, len(known[table]))
		}
		if info, err := r.s.TableInfo(r.Context(), table); err != nil || info.Records != int64(len(known[table])) {
			r.Errorf("TableInfo of %s: %+v, %v", table, info, err)
		}
	}
	r.tablesAre(slices.Sorted(maps.Keys(known))...)
}

func knownChanges(r *run) {
	r.insert("users", doc{"id": id(1), "username": "ada", "email": "ada@example.com", "is_active": true, "created_at": at, "theme": "dark"})
	for _, step := range []struct{ changes, want doc }{
		{doc{"email": nil}, doc{"username": "ada", "email": nil, "is_active": true, "theme": "dark"}},
		{doc{"is_active": "no", "theme": doc{"dark": true}}, doc{"username": "ada", "email": nil, "is_active": "no", "theme": doc{"dark": true}}},
		{doc{"is_active": false, "metadata": doc{"a": []any{1}}}, doc{"username": "ada", "email": nil, "is_active": false, "theme": doc{"dark": true}, "metadata": doc{"a": []any{1}}}},
		{doc{"username": "Ada", "theme": nil}, doc{"username": "Ada", "email": nil, "is_active": false, "theme": nil, "metadata": doc{"a": []any{1}}}},
		{doc{"created_at": "2025-01-01 00:00:00"}, doc{"username": "Ada", "email": nil, "is_active": false, "theme": nil, "metadata": doc{"a": []any{1}}, "created_at": "2025-01-01 00:00:00"}},
	} {
		if ok, err := r.s.Update(r.Context(), "users", id(1), step.changes); !ok || err != nil {
			r.Fatalf("Update with %v: %v, %v", step.changes, ok, err)
		}
		want := maps.Clone(step.want)
		want["id"] = id(1)
		if want["created_at"] == nil {
			want["created_at"] = at
		}
		r.inserted(r.get("users", id(1)), want)
	}
	r.matches("users", storage.Filter{"username": "Ada"}, 1)
	r.matches("users", storage.Filter{"username": "ada"})

	r.insert("flow_executions", doc{"id": id(1), "flow_name": "report", "status": "running", "started_at": at})
	ok, err := r.s.Update(r.Context(), "flow_executions", id(1), doc{"status": "success", "completed_at": later})
	if !ok || err != nil {
		r.Fatalf("Update: %v, %v", ok, err)
	}
	r.inserted(r.get("flow_executions", id(1)), doc{"id": id(1), "flow_name": "report", "status": "success", "started_at": at, "completed_at": later})
	r.matches("flow_executions", storage.Filter{"status": "running"})
	r.matches("flow_executions", storage.Filter{"status": "success"}, 1)
}

func sessions(r *run) {
	given := doc{"session_id": "s-1", "user_id": id(70), "created_at": at, "expires_at": "2999-01-01T00:00:00", "last_activity": at, "is_active": true, "data": doc{"cart": []any{1}}, "device": "phone"}
	if got := r.insert("sessions", given); got != "s-1" {
		r.Errorf("Insert of a session returned %q, want its session_id", got)
	}
	given["id"] = "s-1"
	r.inserted(r.get("sessions", "s-1"), given)
	_, err := r.s.Insert(r.Context(), "sessions", given)
	r.is(err, storage.ErrDuplicate)

	other := maps.Clone(given)
	other["id"], other["session_id"], other["user_id"] = id(2), "s-2", id(71)
	if got := r.insert("sessions", other); got != id(2) {
		r.Errorf("Insert of a session with an id returned %q, want %q", got, id(2))
	}
	for _, key := range []string{id(2), "s-2"} {
		r.inserted(r.get("sessions", key), other)
		if ok, err := r.s.Update(r.Context(), "sessions", key, doc{"by": key}); !ok || err != nil {
			r.Errorf("Update of session %q: %v, %v", key, ok, err)
		}
		other["by"] = key
	}
	r.inserted(r.get("sessions", "s-2"), other)
	if got := idsOf(r.query("sessions", storage.Query{Filter: storage.Filter{"session_id": "s-2"}})); !slices.Equal(got, []string{id(2)}) {
		r.Errorf("Select of a session_id: %q", got)
	}
	if got := idsOf(r.query("sessions", storage.Query{Filter: storage.Filter{"user_id": id(70)}})); !slices.Equal(got, []string{"s-1"}) {
		r.Errorf("Select of a user's sessions: %q", got)
	}
	r.matches("sessions", storage.Filter{"expires_at": map[string]any{"$lt": "2026-01-01T00:00:00"}})
	if n := r.count("sessions", storage.Filter{"expires_at": map[string]any{"$gt": "2026-01-01T00:00:00"}}); n != 2 {
		r.Errorf("%d sessions, want 2", n)
	}
	for _, key := range []string{"s-2", "s-1"} {
		if ok, err := r.s.Delete(r.Context(), "sessions", key); !ok || err != nil {
			r.Errorf("Delete of session %q: %v, %v", key, ok, err)
		}
		r.none("sessions", key)
	}
	r.none("sessions", id(2))
}

func userRoles(r *run) {
	given := doc{"user_id": id(70), "role_id": id(71), "assigned_at": at, "assigned_by": id(1), "note": "n"}
	key := id(70) + ":" + id(71)
	if got := r.insert("user_roles", given); got != key {
		r.Errorf("Insert of a user's role returned %q, want %q", got, key)
	}
	given["id"] = key
	r.inserted(r.get("user_roles", key), given)
	_, err := r.s.Insert(r.Context(), "user_roles", doc{"user_id": id(70), "role_id": id(71), "assigned_at": later})
	r.is(err, storage.ErrDuplicate)
	r.insert("user_roles", doc{"id": id(5), "user_id": id(70), "role_id": id(72), "assigned_at": at})
	if ok, err := r.s.Update(r.Context(), "user_roles", id(5), doc{"assigned_by": nil}); !ok || err != nil {
		r.Errorf("Update: %v, %v", ok, err)
	}
	r.inserted(r.get("user_roles", id(5)), doc{"id": id(5), "user_id": id(70), "role_id": id(72), "assigned_at": at, "assigned_by": nil})
	if n := r.count("user_roles", storage.Filter{"user_id": id(70)}); n != 2 {
		r.Errorf("%d roles of the user, want 2", n)
	}
	for _, key := range []string{key, id(5)} {
		if ok, err := r.s.Delete(r.Context(), "user_roles", key); !ok || err != nil {
			r.Errorf("Delete of %q: %v, %v", key, ok, err)
		}
		r.none("user_roles", key)
	}
}
