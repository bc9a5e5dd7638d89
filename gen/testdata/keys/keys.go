// Package keys has every kind of primary key.
package keys

import (
	"net/netip"
	"time"
)

// Names of keys.
type (
	AccountID string
	Serial    uint32
)

// Account has a named string as key.
//
//redisgen:entity accounts ttl
type Account struct {
	ID      AccountID `redis:"id,key"`
	Version uint32    `redis:"version,version"`
}

// Device has a named integer as key.
//
//redisgen:entity devices ttl=90m sliding
type Device struct {
	Serial Serial `redis:"serial,key"`
}

// Host has a key that marshals itself.
//
//redisgen:entity hosts ttl=1h
type Host struct {
	Addr      netip.Addr `redis:"addr,key"`
	CreatedAt *time.Time `redis:"created_at,created"`
	UpdatedAt *time.Time `redis:"updated_at,updated"`
	ExpiresAt time.Time  `redis:"expires_at,expires"`
}

// Membership has a key of two fields.
//
//redisgen:entity memberships
//redisgen:index GroupID order CreatedAt
type Membership struct {
	UserID    string    `redis:"user_id,key"`
	GroupID   string    `redis:"group_id,key"`
	CreatedAt time.Time `redis:"created_at,created"`
}

// Lease has a key of every kind of part, and nothing else.
//
//redisgen:entity leases ttl=250ms
type Lease struct {
	Account AccountID  `redis:"account,key"`
	Serial  Serial     `redis:"serial,key"`
	Number  int64      `redis:"number,key"`
	Slot    int        `redis:"slot,key"`
	Host    netip.Addr `redis:"host,key"`
}
