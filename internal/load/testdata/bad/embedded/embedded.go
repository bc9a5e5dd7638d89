// Package embedded has structs that clash when embedded.
package embedded

import "github.com/redisgen/redisgen/internal/load/testdata/bad/embedded/base"

// User embeds two structs with the same fields.
//
//redisgen:entity users
type User struct {
	ID string `redis:"id,key"`
	base.Times
	Audit
	*Pointed
	Named
	Label string `redis:"name"`
}

// Audit is like base.Times.
type Audit struct {
	CreatedAt string `redis:"creation"`
	Changed   string `redis:"updated_at"`
}

// Pointed may be nil.
type Pointed struct {
	Deeper
}

// Deeper has a tag.
type Deeper struct {
	Depth int `redis:"depth"`
}

// Named has a field that a method of User hides.
type Named struct {
	Hidden string `redis:"hidden"`
	Title  string `redis:"name"`
}

// Hidden hides a field.
func (User) Hidden() {}
