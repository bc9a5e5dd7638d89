package tframex

import "time"

// Session is what a signed-in user carries from request to request. It ends an
// hour after it began, or when ExpiresAt says.
//
//redisgen:entity sessions ttl=1h
//redisgen:index UserID order CreatedAt
type Session struct {
	SessionID    string         `redis:"session_id,key"`          // SessionID is a random text.
	UserID       string         `redis:"user_id"`                 // UserID is the user who signed in.
	CreatedAt    time.Time      `redis:"created_at,created,sort"` // CreatedAt is when the session began.
	ExpiresAt    time.Time      `redis:"expires_at,expires"`      // ExpiresAt is when it ends.
	LastActivity time.Time      `redis:"last_activity"`           // LastActivity is when it was last used.
	IsActive     bool           `redis:"is_active"`               // IsActive says whether it may be used.
	Data         map[string]any `redis:"data"`                    // Data is what the application keeps in it.
	ID           *string        `redis:"id,unique"`               // ID is what other systems call the session, beside SessionID.
	Extra        *Extra         `redis:"extra"`                   // Extra is what a document has beyond these fields.
}
