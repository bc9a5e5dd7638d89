// Package clash has names that get in each other's way.
package clash

import (
	real "github.com/google/uuid"

	"github.com/redisgen/redisgen/gen/testdata/clash/repo"
	"github.com/redisgen/redisgen/gen/testdata/clash/uuid"
)

// Role has the first letter of a reader, and a repository called Role too.
//
//redisgen:entity role ttl
type Role struct {
	ID      string     `redis:"id,key"`
	Ctx     string     `redis:"ctx,unique"`
	R       string     `redis:"r,unique"`
	Row     string     `redis:"row,unique=words"`
	Type    string     `redis:"type,unique=words"`
	Len     int        `redis:"len,unique=words"`
	Repo    repo.State `redis:"repo"`
	UUID    real.UUID  `redis:"uuid,unique"`
	Mark    uuid.Mark  `redis:"mark,unique"`
	Version int64      `redis:"version,version"`
}

// Session has the first letter of a stamp.
//
//redisgen:entity sessions
type Session struct {
	ID      string `redis:"id,key"`
	A       string `redis:"a,unique=pair"`
	B       string `redis:"b,unique=pair"`
	AAndB   string `redis:"aandb,unique"`
	Version int64  `redis:"version,version"`
}

// Sessions is the name that the repository of sessions would have.
//
//redisgen:entity session
type Sessions struct {
	ID string `redis:"id,key"`
	C  string `redis:"c,unique=first,unique=second"`
	D  string `redis:"d,unique=first,unique=second"`
}

// HTTPLog has the name of HttpLog in small letters.
//
//redisgen:entity http_logs
type HTTPLog struct {
	ID string `redis:"id,key"`
}

// HttpLog has the name of HTTPLog in small letters.
//
//redisgen:entity web_logs
type HttpLog struct {
	ID string `redis:"id,key"`
}

// SessionFields is what the fields of sessions would be called.
type SessionFields struct{}
