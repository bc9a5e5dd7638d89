// Package app has the structs; their repositories are in package store.
package app

import "time"

// Status is an enum.
type Status string

// The statuses; the last one is not exported.
const (
	StatusActive  Status = "active"
	StatusBlocked Status = "blocked"
	statusHidden  Status = "hidden"
)

// Hidden returns a status with no exported name.
func Hidden() Status { return statusHidden }

// ID is the type of a key.
type ID string

// User is stored by package store.
//
//redisgen:entity users
type User struct {
	ID      ID                `redis:"id,key"`
	Status  Status            `redis:"status,enum,unique"`
	Friends []ID              `redis:"friends,index"`
	Notes   map[ID]*time.Time `redis:"notes"`
}

// Validate accepts every user.
func (u *User) Validate() error { return nil }

// Grant has a key of two fields.
//
//redisgen:entity grants
type Grant struct {
	UserID ID     `redis:"user_id,key"`
	Role   string `redis:"role,key"`
	Status Status `redis:"status,enum"`
}
