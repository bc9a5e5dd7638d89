package redis

import (
	"maps"
	"slices"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// table is where the documents of a table are kept.
type table struct {
	name string
	plan *plan // nil: no entity knows it
	kind
	fields []string // that indexes know, for people
}

// plans are those of all known tables.
var plans = map[string]*plan{
	"users": newPlan[tframex.User](), "roles": newPlan[tframex.Role](), "permissions": newPlan[tframex.Permission](), "user_roles": newPlan[tframex.UserRole](),
	"conversations": newPlan[tframex.Conversation](), "messages": newPlan[tframex.Message](),
	"flow_executions": newPlan[tframex.FlowExecution](), "flow_steps": newPlan[tframex.FlowStep](),
	"agent_executions": newPlan[tframex.AgentExecution](), "tool_calls": newPlan[tframex.ToolCall](),
	"audit_logs": newPlan[tframex.AuditLog](), "events": newPlan[tframex.Event](), "metrics": newPlan[tframex.Metric](), "sessions": newPlan[tframex.Session](),
}

// known returns the tables that have entities of their own, on a client.
func known(client *repo.Client) map[string]*table {
	users, roles, permissions := tframex.UserFields, tframex.RoleFields, tframex.PermissionFields
	links, conversations, messages := tframex.UserRoleFields, tframex.ConversationFields, tframex.MessageFields
	flows, steps, agents := tframex.FlowExecutionFields, tframex.FlowStepFields, tframex.AgentExecutionFields
	calls, audit, events := tframex.ToolCallFields, tframex.AuditLogFields, tframex.EventFields
	metrics, sessions := tframex.MetricFields, tframex.SessionFields
	tables := map[string]*table{}
	add(tables, "users", tframex.NewUsers(client).Repository, map[string]field[*tframex.User]{
		"username": texts(users.Username), "email": texts(users.Email), "roles": elements(users.Roles), "created_at": moments(users.CreatedAt),
	})
	add(tables, "roles", tframex.NewRoles(client).Repository, map[string]field[*tframex.Role]{
		"name": texts(roles.Name), "permissions": elements(roles.Permissions), "parent_role": texts(roles.ParentRole), "created_at": moments(roles.CreatedAt),
	})
	add(tables, "permissions", tframex.NewPermissions(client).Repository, map[string]field[*tframex.Permission]{
		"name": texts(permissions.Name), "resource": texts(permissions.Resource), "action": texts(permissions.Action),
	}, "action")
	add(tables, "conversations", tframex.NewConversations(client).Repository, map[string]field[*tframex.Conversation]{
		"user_id": texts(conversations.UserID), "agent_name": texts(conversations.AgentName), "created_at": moments(conversations.CreatedAt),
	})
	add(tables, "messages", tframex.NewMessages(client).Repository, map[string]field[*tframex.Message]{
		"conversation_id": texts(messages.ConversationID), "created_at": moments(messages.CreatedAt),
	})
	add(tables, "flow_executions", tframex.NewFlows(client).Repository, map[string]field[*tframex.FlowExecution]{
		"status": texts(flows.Status), "flow_name": texts(flows.FlowName), "user_id": texts(flows.UserID), "started_at": moments(flows.StartedAt),
	})
	add(tables, "flow_steps", tframex.NewFlowSteps(client).Repository, map[string]field[*tframex.FlowStep]{
		"execution_id": texts(steps.ExecutionID), "step_order": ints(steps.StepOrder),
	}, "step_order")
	add(tables, "agent_executions", tframex.NewAgentExecutions(client).Repository, map[string]field[*tframex.AgentExecution]{
		"agent_name": texts(agents.AgentName), "user_id": texts(agents.UserID), "conversation_id": texts(agents.ConversationID),
		"flow_execution_id": texts(agents.FlowExecutionID), "status": texts(agents.Status), "started_at": moments(agents.StartedAt),
	})
	add(tables, "tool_calls", tframex.NewToolCalls(client).Repository, map[string]field[*tframex.ToolCall]{
		"agent_execution_id": texts(calls.AgentExecutionID), "tool_name": texts(calls.ToolName), "called_at": moments(calls.CalledAt),
	})
	add(tables, "audit_logs", tframex.NewAuditLogs(client).Repository, map[string]field[*tframex.AuditLog]{
		"user_id": texts(audit.UserID), "action": texts(audit.Action), "event_type": texts(audit.EventType), "resource": texts(audit.Resource),
		"resource_type": texts(audit.ResourceType), "resource_id": texts(audit.ResourceID), "created_at": moments(audit.CreatedAt), "timestamp": moments(audit.Timestamp),
	}, "resource_type", "resource_id")
	add(tables, "events", tframex.NewEvents(client).Repository, map[string]field[*tframex.Event]{
		"event_type": texts(events.EventType), "user_id": texts(events.UserID),
		"resource_type": texts(events.ResourceType), "resource_id": texts(events.ResourceID), "created_at": moments(events.CreatedAt),
	}, "resource_type", "resource_id")
	add(tables, "metrics", tframex.NewMetrics(client).Repository, map[string]field[*tframex.Metric]{
		"metric_name": texts(metrics.MetricName), "timestamp": moments(metrics.Timestamp),
	})
	userRoles, allSessions := tframex.NewUserRoles(client), tframex.NewSessions(client)
	add(tables, "user_roles", userRoles.Repository, map[string]field[*tframex.UserRole]{
		"user_id": texts(links.UserID), "role_id": texts(links.RoleID), "assigned_at": moments(links.AssignedAt),
	}).named = namedUserRoles(userRoles)
	add(tables, "sessions", allSessions.Repository, map[string]field[*tframex.Session]{
		"user_id": texts(sessions.UserID), "created_at": moments(sessions.CreatedAt),
	}).named = namedSessions(allSessions)
	return tables
}

// add adds a table whose records are found by fields; those of together only with another
// one.
func add[T any, K comparable](to map[string]*table, name string, r repo.Repository[*T, K], fields map[string]field[*T], together ...string) *records[T, K] {
	plan := plans[name]
	for name, f := range fields {
		c := plan.column(name)
		f.fold, f.unique, f.choices, f.optional = c.fold, c.unique && c.optional, c.choices, c.optional
		fields[name] = f
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(fields)), func(name string) bool { return slices.Contains(together, name) })
	if slices.Contains(together, "resource_id") {
		names = append(names, "resource_type with resource_id")
	}
	kind := &records[T, K]{
		Repository: r, fields: fields,
		key: func(id string) K {
			key, _ := any(id).(K)
			return key
		},
		id: func(v *T) string { return plan.recordID(v) },
	}
	to[name] = &table{name: name, plan: plan, kind: kind, fields: names}
	return kind
}

func namedSessions(r *tframex.Sessions) *named[tframex.Session, string] {
	return &named[tframex.Session, string]{
		byID: r.GetByID,
		of:   func(s *tframex.Session) string { return s.SessionID },
		keys: func(id string) []string { return []string{id} },
	}
}

func namedUserRoles(r *tframex.UserRoles) *named[tframex.UserRole, tframex.UserRoleKey] {
	return &named[tframex.UserRole, tframex.UserRoleKey]{
		byID: r.GetByID,
		of: func(u *tframex.UserRole) tframex.UserRoleKey {
			return tframex.UserRoleKey{UserID: u.UserID, RoleID: u.RoleID}
		},
		keys: userRoleKeys,
	}
}

// userRoleKeys returns the keys that the id of a user role may stand for which Insert has
// made up: the parts around a colon.
func userRoleKeys(id string) (keys []tframex.UserRoleKey) {
	for i := range len(id) {
		if id[i] == ':' && i > 0 && i < len(id)-1 && len(keys) < mostKeys {
			keys = append(keys, tframex.UserRoleKey{UserID: id[:i], RoleID: id[i+1:]})
		}
	}
	return keys
}

// mostKeys bounds how many records are looked at for one id.
const mostKeys = 8

// documents returns the table that no entity knows.
func documents(r *tframex.Documents, name string) *table {
	return &table{name: name, kind: &records[tframex.Document, tframex.DocumentKey]{
		Repository: r.Repository,
		scope:      []repo.Predicate[*tframex.Document]{tframex.DocumentFields.Table.Eq(name)},
		fields:     map[string]field[*tframex.Document]{storage.FieldCreatedAt: moments(tframex.DocumentFields.CreatedAt)},
		key:        func(id string) tframex.DocumentKey { return tframex.DocumentKey{Table: name, ID: id} },
		id:         func(d *tframex.Document) string { return d.ID },
	}}
}
