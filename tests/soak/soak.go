// Package soak has an entity with an index of every kind, for queries over many
// records.
package soak

import "time"

//go:generate go run github.com/redisgen/redisgen/cmd/redisgen generate

// Item is a record of about 150 bytes.
//
//redisgen:entity items
//redisgen:index Kind order At
type Item struct {
	ID    string    `redis:"id,key"`
	Code  string    `redis:"code,unique"`
	Name  string    `redis:"name,sort=lex"`
	Kind  string    `redis:"kind"`
	City  string    `redis:"city,index"`
	Team  string    `redis:"team,index"`
	Tags  []string  `redis:"tags,index"`
	Score float64   `redis:"score,sort"`
	Rank  int       `redis:"rank,sort"`
	Hits  int       `redis:"hits,sort"`
	At    time.Time `redis:"at,sort"`
	Note  string    `redis:"note"`
}

// Visit is a record that expires.
//
//redisgen:entity visits ttl=1h
type Visit struct {
	ID    string    `redis:"id,key"`
	Code  string    `redis:"code,unique"`
	Kind  string    `redis:"kind,index"`
	Tags  []string  `redis:"tags,index"`
	Score float64   `redis:"score,sort"`
	At    time.Time `redis:"at,sort"`
}
