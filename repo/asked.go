package repo

import (
	"slices"

	"github.com/redisgen/redisgen/internal/placement"
)

// mostKeys is how many shard keys a query names at most for the shards to be told
// by them.
const mostKeys = 64

var oneShard = []int{0}

// asked returns the shards that may have records which meet a condition.
func (c *core) asked(where condition) []int {
	if len(c.spaces) == 1 {
		return oneShard
	}
	if keys := c.shardKeys(where); keys != nil {
		var shards []int
		for _, key := range keys {
			shards = append(shards, placement.Shard(joinValues(key), len(c.spaces)))
		}
		slices.Sort(shards)
		return slices.Compact(shards)
	}
	shards := make([]int, len(c.spaces))
	for i := range shards {
		shards[i] = i
	}
	return shards
}

// shardKeys returns the shard keys, in parts, of the records that meet a condition;
// nil if it does not name them.
func (c *core) shardKeys(where condition) [][]string {
	keys := [][]string{nil}
	for _, field := range c.placed() {
		i := slices.IndexFunc(where.conjuncts(), func(one condition) bool {
			return one.op == equals && one.field == field
		})
		if i < 0 {
			return nil
		}
		var longer [][]string
		for _, key := range keys {
			for _, value := range where.conjuncts()[i].values {
				longer = append(longer, append(slices.Clone(key), value))
			}
		}
		if keys = longer; len(keys) > mostKeys {
			return nil
		}
	}
	return keys
}
