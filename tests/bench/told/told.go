// Package told has the same records three times: changes tell nothing, are told by
// messages, and by a stream.
package told

import "time"

//go:generate go run github.com/redisgen/redisgen/cmd/redisgen generate

// Base is what all have.
type Base struct {
	ID      string    `redis:"id,key"`
	Email   string    `redis:"email,unique"`
	Status  string    `redis:"status,index"`
	Score   int64     `redis:"score,sort"`
	Text    string    `redis:"text"`
	Version int64     `redis:"version,version"`
	Created time.Time `redis:"created,created"`
}

// Silent tells nothing.
//
//redisgen:entity silents
type Silent struct{ Base }

// Message is told by messages.
//
//redisgen:entity messages events=pubsub
type Message struct{ Base }

// Entry is told by a stream.
//
//redisgen:entity entries events=stream,maxlen=10000
type Entry struct{ Base }
