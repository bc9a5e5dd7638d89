// Package app is a consumer of redisgen for tests: entities that between them
// use all of the tag grammar.
package app

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo"
)

//go:generate go run github.com/redisgen/redisgen/cmd/redisgen generate

// Status is what a user may do.
type Status string

// The statuses.
const (
	Active  Status = "active"
	Blocked Status = "blocked"
)

// User is a person who can sign in.
//
//redisgen:entity users
//redisgen:index  Status order CreatedAt
type User struct {
	ID        string         `redis:"id,key"`
	Username  string         `redis:"username,unique,fold"`
	Email     *string        `redis:"email,unique"`
	Status    Status         `redis:"status,enum"`
	Age       int            `redis:"age,sort"`
	Tags      []string       `redis:"tags,index,fold"`
	Password  []byte         `redis:"password_hash,secret"`
	Logins    int64          `redis:"logins"`
	Balance   float64        `redis:"balance,sort"`
	Nickname  string         `redis:"nickname,sort=lex,fold,omitempty"`
	CreatedAt time.Time      `redis:"created_at,created,sort"`
	UpdatedAt time.Time      `redis:"updated_at,updated"`
	Version   int64          `redis:"version,version"`
	Metadata  map[string]any `redis:"metadata"`
}

// ErrAge is what Validate returns for a negative age.
var ErrAge = errors.New("age is negative")

// Validate refuses negative ages.
func (u *User) Validate() error {
	if u.Age < 0 {
		return ErrAge
	}
	return nil
}

// Session is a sign-in that expires.
//
//redisgen:entity sessions ttl=1h
//redisgen:index UserID order LastSeen
type Session struct {
	ID        uuid.UUID  `redis:"id,key"`
	UserID    string     `redis:"user_id,index"`
	Device    string     `redis:"device,unique=login,omitempty"`
	Origin    string     `redis:"origin,unique=login,omitempty"`
	Hits      uint32     `redis:"hits,index"`
	LastSeen  time.Time  `redis:"last_seen"`
	CreatedAt time.Time  `redis:"created_at,created"`
	ExpiresAt *time.Time `redis:"expires_at,expires"`
}

// Token is a sign-in that lives as long as it is used.
//
//redisgen:entity tokens ttl=10m sliding
type Token struct {
	Number int64  `redis:"number,key"`
	UserID string `redis:"user_id,index"`
	Serial int64  `redis:"serial,sort=lex"`
}

// Membership is a user's place in a group.
//
//redisgen:entity memberships
//redisgen:index Group order Since
//redisgen:index User
type Membership struct {
	Group string     `redis:"group,key"`
	User  string     `redis:"user,key"`
	Since *time.Time `redis:"since,sort"`
	Rank  *int32     `redis:"rank,index"`
}

// Wallet is money, which must move once and not twice when a connection fails.
//
//redisgen:entity wallets ttl retry
type Wallet struct {
	ID        string    `redis:"id,key"`
	Owner     string    `redis:"owner,unique"`
	Cents     int64     `redis:"cents,sort"`
	CreatedAt time.Time `redis:"created_at,created"`
	Version   int       `redis:"version,version"`
}

// Shop is a place that sells things.
//
//redisgen:entity shops
//redisgen:index  City order Rating
type Shop struct {
	ID     string      `redis:"id,key"`
	Name   string      `redis:"name,sort=lex,fold"`
	City   string      `redis:"city"`
	Kind   string      `redis:"kind,index"`
	Owner  *string     `redis:"owner,index"`
	Badges []string    `redis:"badges,index"`
	Rating float64     `redis:"rating,sort"`
	Visits int64       `redis:"visits"`
	Opened time.Time   `redis:"opened,sort"`
	Place  *repo.Point `redis:"place,geo"`
}
