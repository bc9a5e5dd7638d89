// Package keys has keys that cannot be.
package keys

import "time"

// A has a pointer for a key.
//
//redisgen:entity a
type A struct {
	ID *string `redis:"id,key"`
}

// B has kinds that do not identify.
//
//redisgen:entity b
type B struct {
	Time  time.Time      `redis:"time,key"`
	Float float64        `redis:"float,key"`
	Map   map[string]int `redis:"map,key"`
	Bytes []byte         `redis:"bytes,key"`
	Bool  bool           `redis:"bool,key"`
}

// C has options that a key does not have.
//
//redisgen:entity c
type C struct {
	ID string `redis:"id,key,unique,index,sort=lex,fold,secret,omitempty"`
}

// D has a key with a role.
//
//redisgen:entity d
type D struct {
	ID int64 `redis:"id,key,version"`
}
