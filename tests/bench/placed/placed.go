// Package placed measures what operations cost by the number of shards and of nodes.
package placed

//go:generate go run github.com/redisgen/redisgen/cmd/redisgen generate

// Base is the record. Its text has 200 bytes.
type Base struct {
	ID     string `redis:"id,key"`
	Email  string `redis:"email,unique"`
	Status string `redis:"status,index"`
	Score  int64  `redis:"score,sort"`
	Text   string `redis:"text"`
}

// One is in one shard.
//
//redisgen:entity ones
type One struct{ Base }

// Four is in four shards.
//
//redisgen:entity fours shards=4
type Four struct{ Base }

// Sixteen is in sixteen shards.
//
//redisgen:entity sixteens shards=16
type Sixteen struct{ Base }

// SixtyFour is in sixty-four shards.
//
//redisgen:entity sixtyfours shards=64
type SixtyFour struct{ Base }
