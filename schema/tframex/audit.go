package tframex

import "time"

// AuditLog is an entry of the audit trail. Older entries name a resource by type and
// ID and hold its values before and after; newer ones have an event type, an outcome
// and a level. The fields of the other generation are absent.
//
//redisgen:entity audit_logs
//redisgen:index UserID order CreatedAt
//redisgen:index Action order CreatedAt
//redisgen:index EventType order CreatedAt
//redisgen:index Resource order CreatedAt
//redisgen:index ResourceType order CreatedAt
//redisgen:index ResourceType, ResourceID order CreatedAt
type AuditLog struct {
	ID        string     `redis:"id,key"`                  // ID is a UUID.
	UserID    *string    `redis:"user_id"`                 // UserID is the user who acted.
	Action    string     `redis:"action"`                  // Action is what was done.
	UserAgent *string    `redis:"user_agent"`              // UserAgent is the program that sent the request.
	CreatedAt time.Time  `redis:"created_at,created,sort"` // CreatedAt is when the entry was written.
	UpdatedAt *time.Time `redis:"updated_at,updated"`      // UpdatedAt is when the entry was last changed.

	ResourceType *string        `redis:"resource_type"` // ResourceType is the kind of what it was done to.
	ResourceID   *string        `redis:"resource_id"`   // ResourceID is what it was done to.
	OldValues    map[string]any `redis:"old_values"`    // OldValues are its values before.
	NewValues    map[string]any `redis:"new_values"`    // NewValues are its values after.
	IPAddress    *string        `redis:"ip_address"`    // IPAddress is where the request came from.

	EventType *string        `redis:"event_type"`     // EventType says what kind of entry it is.
	Resource  *string        `redis:"resource"`       // Resource is what it was done to.
	Outcome   *string        `redis:"outcome"`        // Outcome says how it ended.
	Level     *string        `redis:"level"`          // Level says how much it matters.
	Details   map[string]any `redis:"details"`        // Details are what else is known.
	RequestID *string        `redis:"request_id"`     // RequestID is the request it was done in.
	SessionID *string        `redis:"session_id"`     // SessionID is the session it was done in.
	RemoteIP  *string        `redis:"remote_ip"`      // RemoteIP is where the request came from.
	Timestamp *time.Time     `redis:"timestamp,sort"` // Timestamp is when it was done.
	Extra     *Extra         `redis:"extra"`          // Extra is what a document has beyond these fields.
}
