// Package base has structs to embed.
package base

import "time"

// Record is a base of records.
type Record[T any] struct {
	ID      T      `redis:"id,key"`
	Hidden  string `redis:"hidden"`
	Dropped string `redis:"dropped"`
	Times
}

// Times are when it was made and changed.
type Times struct {
	// CreatedAt is when it was made.
	CreatedAt time.Time `redis:"created_at,created"`
	UpdatedAt time.Time `redis:"updated_at,updated"` // UpdatedAt is when it was changed.
}

// Validate is promoted.
func (Times) Validate() error { return nil }

// Named has a name.
type Named struct {
	Name string `redis:"name,key"`
}
