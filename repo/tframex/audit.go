package tframex

import (
	"context"
	"time"

	"github.com/redisgen/redisgen/repo"
)

// Log adds entries to the audit trail, and sets their ID and CreatedAt where they are
// empty: the server's time. If some fail, the error is a [*repo.ManyError] that says
// which; the others are stored. One round trip for a hundred entries.
func (s *Store) Log(ctx context.Context, entries ...*AuditLog) error {
	if len(entries) == 1 {
		return s.AuditLogs.Create(ctx, entries[0])
	}
	return s.AuditLogs.CreateMany(ctx, entries)
}

// AuditFilter says which entries of the audit trail are meant: those that have all that is
// set.
type AuditFilter struct {
	// From and To bound CreatedAt; To is excluded.
	From, To time.Time
	UserID   string
	// Resource is the kind of what was acted on, in either generation of entries: the
	// Resource of newer ones, the ResourceType of older ones.
	Resource string
	// ResourceID is which one it was, with Resource. Only older entries have it in a field
	// of its own; newer ones are found by it if their Resource is Resource, a colon or a
	// slash, and it.
	ResourceID string
	EventType  string
	Action     string
}

// AuditTrail returns the query for entries, newest first. An index finds them by any one of
// the fields and the time; of several, the others are checked on what the one finds that
// finds least.
func (s *Store) AuditTrail(filter AuditFilter) *repo.Query[*AuditLog, string] {
	fields, where := AuditLogFields, []repo.Predicate[*AuditLog]{}
	if !filter.From.IsZero() {
		where = append(where, fields.CreatedAt.Gte(filter.From))
	}
	if !filter.To.IsZero() {
		where = append(where, fields.CreatedAt.Lt(filter.To))
	}
	if filter.UserID != "" {
		where = append(where, fields.UserID.Eq(filter.UserID))
	}
	if filter.EventType != "" {
		where = append(where, fields.EventType.Eq(filter.EventType))
	}
	if filter.Action != "" {
		where = append(where, fields.Action.Eq(filter.Action))
	}
	switch kind, id := filter.Resource, filter.ResourceID; {
	case id != "":
		where = append(where, repo.Or(repo.And(fields.ResourceType.Eq(kind), fields.ResourceID.Eq(id)), fields.Resource.In(kind+":"+id, kind+"/"+id)))
	case kind != "":
		where = append(where, repo.Or(fields.ResourceType.Eq(kind), fields.Resource.Eq(kind)))
	}
	return newest(s.AuditLogs.Where(where...), fields.CreatedAt)
}

// Undated is the time of a record that was imported without one, where its index needs one.
var Undated = time.Date(1700, 1, 1, 0, 0, 0, 0, time.UTC)

// DeleteAuditBefore removes the entries of the audit trail that are older than a time, some
// tens at a time in two round trips, and returns how many. Those that are [Undated] stay. If
// it fails, what is left is the newest: calling it again goes on.
func (s *Store) DeleteAuditBefore(ctx context.Context, t time.Time) (int64, error) {
	progress, err := s.AuditLogs.Where(AuditLogFields.CreatedAt.Gt(Undated), AuditLogFields.CreatedAt.Lt(t)).OrderBy(AuditLogFields.CreatedAt.Asc()).Delete(ctx)
	return progress.Done, err
}

// retain removes old entries until ctx ends. Several programs that do find less to do.
func (s *Store) retain(ctx context.Context) {
	var fails failing
	tick := time.NewTicker(s.options.AuditInterval)
	defer tick.Stop()
	for {
		now, err := s.clock.now(ctx)
		if err == nil {
			_, err = s.DeleteAuditBefore(ctx, now.Add(-s.options.AuditRetention))
		}
		if ctx.Err() != nil || s.client.Closed() {
			return
		}
		fails.note(s.options.Logger, "removal of old audit entries", err)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
