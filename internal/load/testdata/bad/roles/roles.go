// Package roles has fields with roles that do not fit.
package roles

import "time"

// User has them all.
//
//redisgen:entity users
type User struct {
	ID       string        `redis:"id,key"`
	Version  string        `redis:"version,version"`
	Revision *int64        `redis:"revision,version"`
	Created  int64         `redis:"created,created"`
	Born     time.Time     `redis:"born,created"`
	Updated  string        `redis:"updated,updated"`
	Changed  *time.Time    `redis:"changed,updated,omitempty"`
	Expires  time.Duration `redis:"expires,expires"`
	Dies     time.Time     `redis:"dies,expires"`
	Both     time.Time     `redis:"both,created,updated"`
}
