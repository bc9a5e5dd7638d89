// Package user is the example of the documentation.
package user

import (
	"time"

	"github.com/google/uuid"
)

// Status says whether a user may sign in.
type Status string

// The statuses.
const (
	StatusActive  Status = "active"
	StatusBlocked Status = "blocked"
)

// User is a person who can sign in.
//
//redisgen:entity users ttl=720h
//redisgen:index Status order CreatedAt
type User struct {
	ID        string         `redis:"id,key"`
	Username  string         `redis:"username,unique,fold"`
	Email     *string        `redis:"email,unique"`
	Status    Status         `redis:"status,enum"`
	Age       int            `redis:"age,sort"`
	Tags      []string       `redis:"tags,index"`
	Password  []byte         `redis:"password_hash,secret"`
	Logins    int64          `redis:"logins"`
	Token     uuid.UUID      `redis:"token,omitempty"`
	CreatedAt time.Time      `redis:"created_at,created,sort"`
	UpdatedAt time.Time      `redis:"updated_at,updated"`
	ExpiresAt *time.Time     `redis:"expires_at,expires"`
	Version   int64          `redis:"version,version"`
	Metadata  map[string]any `redis:"metadata"`
}

// Validate refuses a user without a name.
func (u *User) Validate() error { return nil }
