// Package shards has entities that live in several shards, and in those of
// others.
package shards

import "github.com/google/uuid"

// Thread has shards of its own.
//
//redisgen:entity threads shards=16
type Thread struct {
	ID    uuid.UUID `redis:"id,key"`
	Slug  string    `redis:"url-slug,unique,fold,omitempty"`
	Owner string    `redis:"owner,unique=title"`
	Title *string   `redis:"title,unique=title"`
}

// Post lives with its thread.
//
//redisgen:entity posts in=Thread
//redisgen:index ThreadID
type Post struct {
	Number   int       `redis:"number,key"`
	ThreadID uuid.UUID `redis:"thread-id,key,shard,ref=Thread,ondelete=cascade,unique=place"`
	Place    int       `redis:"place,unique=place"`
	Code     string    `redis:"code,unique"`
}

// Board is in one shard.
//
//redisgen:entity boards
type Board struct {
	ID string `redis:"id,key"`
}

// Card lives with its board and refers to another one.
//
//redisgen:entity cards in=Board
type Card struct {
	ID      string  `redis:"id,key"`
	BoardID *string `redis:"board_id,index,ref=Board"`
	After   *string `redis:"after,index,ref=Card,ondelete=restrict"`
}

// Pin refers to a card, which lives with it.
//
//redisgen:entity pins in=Card
type Pin struct {
	ID     string `redis:"id,key"`
	CardID string `redis:"card_id,index,ref=Card,ondelete=cascade"`
}
