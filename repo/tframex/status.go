package tframex

import (
	"context"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/limit"
)

// Allow asks to admit a request of a user, by StoreOptions.UserLimits, and counts it if it
// is admitted. Without limits it is always, and nothing is sent. Stores of several programs
// with the same limits count together. One round trip.
func (s *Store) Allow(ctx context.Context, userID string) (limit.Result, error) {
	if s.limiter == nil {
		return limit.Result{Allowed: s.limits == nil}, s.limits
	}
	return s.limiter.Allow(ctx, userID)
}

// Health checks that the keyspace can be written, as [repo.Client.Health] does, whose
// Latency is that of the write.
func (s *Store) Health(ctx context.Context) (repo.Health, error) { return s.client.Health(ctx) }

// Stats is what a store has, and what its client has done.
type Stats struct {
	// Records are how many there are of each entity, by its name: "users".
	Records map[string]int64
	Client  repo.Stats
	Cache   repo.CacheStats
}

// Stats counts the records of all entities: a round trip for each, all at the same time.
// The counts are not of one moment.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	names, counts := s.counts()
	records := make([]int64, len(counts))
	calls := make([]func() error, len(counts))
	for i, count := range counts {
		calls[i] = func() (err error) { records[i], err = count(ctx); return err }
	}
	if err := together(calls...); err != nil {
		return Stats{}, err
	}
	stats := Stats{Records: map[string]int64{}, Client: s.client.Stats(), Cache: s.client.CacheStats()}
	for i, name := range names {
		stats.Records[name] = records[i]
	}
	return stats, nil
}

// counts returns what counts the records of each entity, and their names.
func (s *Store) counts() (names []string, counts []func(context.Context) (int64, error)) {
	add := func(name string, count func(context.Context) (int64, error)) {
		names, counts = append(names, name), append(counts, count)
	}
	add("users", s.Users.Where().Count)
	add("roles", s.Roles.Where().Count)
	add("permissions", s.Permissions.Where().Count)
	add("user_roles", s.UserRoles.Where().Count)
	add("conversations", s.Conversations.Where().Count)
	add("messages", s.Messages.Where().Count)
	add("flows", s.Flows.Where().Count)
	add("flow_steps", s.FlowSteps.Where().Count)
	add("agent_executions", s.AgentExecutions.Where().Count)
	add("tool_calls", s.ToolCalls.Where().Count)
	add("audit_logs", s.AuditLogs.Where().Count)
	add("events", s.Events.Where().Count)
	add("metrics", s.Metrics.Where().Count)
	add("sessions", s.Sessions.Where().Count)
	add("temp_data", s.TempData.Where().Count)
	add("documents", s.Documents.Where().Count)
	add("tables", s.Tables.Where().Count)
	return names, counts
}
