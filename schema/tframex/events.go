package tframex

import "time"

// Event is something that happened in the application.
//
//redisgen:entity events
//redisgen:index EventType order CreatedAt
//redisgen:index UserID order CreatedAt
//redisgen:index ResourceType, ResourceID order CreatedAt
type Event struct {
	ID           string         `redis:"id,key"`                  // ID is a UUID.
	EventType    string         `redis:"event_type"`              // EventType says what happened.
	EventSource  string         `redis:"event_source"`            // EventSource is the part of the application where it happened.
	UserID       *string        `redis:"user_id"`                 // UserID is the user who made it happen.
	ResourceType *string        `redis:"resource_type"`           // ResourceType is the kind of what it happened to.
	ResourceID   *string        `redis:"resource_id"`             // ResourceID is what it happened to.
	Action       string         `redis:"action"`                  // Action is what was attempted.
	Status       string         `redis:"status"`                  // Status says how it ended.
	Details      map[string]any `redis:"details"`                 // Details are what else is known.
	IPAddress    *string        `redis:"ip_address"`              // IPAddress is where the request came from.
	UserAgent    *string        `redis:"user_agent"`              // UserAgent is the program that sent the request.
	CreatedAt    time.Time      `redis:"created_at,created,sort"` // CreatedAt is when it happened.
	Extra        *Extra         `redis:"extra"`                   // Extra is what a document has beyond these fields.
}
