// Package embedded extends structs of its own and of another package.
package embedded

import (
	"sync"
	"time"

	"github.com/redisgen/redisgen/internal/load/testdata/good/embedded/base"
)

// User extends a shipped struct.
//
//redisgen:entity users
//redisgen:index Status order CreatedAt
type User struct {
	base.Record[string]
	local
	base.Named `redis:"named"`
	*sync.Mutex
	Status string `redis:"status"`
	// Hidden replaces the field of base.Record.
	Hidden int `redis:"replaced"`
	// Dropped leaves out the field of base.Record.
	Dropped string
}

type local struct {
	Local time.Time `redis:"local,sort"`
}

// Taken has the fields of a struct in another package.
//
//redisgen:entity taken
type Taken base.Named

// Boxed has the fields of a generic struct.
//
//redisgen:entity boxed
type Boxed base.Record[int]
