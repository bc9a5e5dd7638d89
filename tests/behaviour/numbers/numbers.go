// Package numbers has entities for what package app leaves out: counters of
// every width, and a key that does not come first.
package numbers

import "time"

//go:generate go run github.com/redisgen/redisgen/cmd/redisgen generate

// Counter has a number of every width, next to those that an index bounds.
//
//redisgen:entity counters
type Counter struct {
	ID      string  `redis:"id,key"`
	Int8    int8    `redis:"int8"`
	Int16   int16   `redis:"int16"`
	Int32   int32   `redis:"int32"`
	Int64   int64   `redis:"int64"`
	Int     int     `redis:"int"`
	Uint8   uint8   `redis:"uint8"`
	Uint16  uint16  `redis:"uint16"`
	Uint32  uint32  `redis:"uint32"`
	Uint64  uint64  `redis:"uint64"`
	Uint    uint    `redis:"uint"`
	Float32 float32 `redis:"float32"`
	Float64 float64 `redis:"float64"`
	Scored  int64   `redis:"scored,sort"`
	Serial  uint64  `redis:"serial,sort=lex"`
}

// Entry is a record whose key comes after a field that may be absent.
//
//redisgen:entity entries
type Entry struct {
	Note  *string `redis:"note"`
	Rank  *int    `redis:"rank,sort"`
	Word  string  `redis:"word,sort=lex"`
	Codes []int   `redis:"codes,index"`
	ID    string  `redis:"id,key"`
}

// Ticket has indexes in the order of what every write sets.
//
//redisgen:entity tickets
//redisgen:index  Kind order UpdatedAt
type Ticket struct {
	ID        string    `redis:"id,key"`
	Kind      string    `redis:"kind"`
	Count     int64     `redis:"count"`
	UpdatedAt time.Time `redis:"updated_at,updated,sort"`
	Version   int64     `redis:"version,version,sort"`
}
