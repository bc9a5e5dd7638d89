// Package schema has entities alone; their repositories are in package store.
package schema

//go:generate go tool redisgen generate -out ../store

// Part is a part of a machine.
//
//redisgen:entity parts
type Part struct {
	Serial uint64   `redis:"serial,key"`
	Kind   Kind     `redis:"kind,enum,index"`
	Labels []string `redis:"labels,index"`
}

// Kind is what a part does.
type Kind string

// The kinds of parts.
const (
	Wheel Kind = "wheel"
	Lever Kind = "lever"
)
