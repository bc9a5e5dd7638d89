package tframex

import "time"

// User is a person or program that can sign in.
//
//redisgen:entity users
type User struct {
	ID           string         `redis:"id,key"`                  // ID is a UUID.
	Username     string         `redis:"username,unique,fold"`    // Username is the name to sign in with, in any case.
	Email        *string        `redis:"email,unique,fold"`       // Email is the address, in any case.
	PasswordHash *string        `redis:"password_hash,secret"`    // PasswordHash is the hash of the password, salt included.
	APIKey       *string        `redis:"api_key,secret"`          // APIKey is the key that programs sign in with.
	IsActive     bool           `redis:"is_active"`               // IsActive says whether the user may sign in.
	Roles        []string       `redis:"roles,index"`             // Roles are the names of the user's roles.
	Metadata     map[string]any `redis:"metadata"`                // Metadata is what the application adds.
	CreatedAt    time.Time      `redis:"created_at,created,sort"` // CreatedAt is when the user was made.
	UpdatedAt    *time.Time     `redis:"updated_at,updated"`      // UpdatedAt is when the user was last changed.
	Extra        *Extra         `redis:"extra"`                   // Extra is what a document has beyond these fields.
}
