package integrity

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/schema"
)

// keyspace is what is stored of an entity in one shard. Keys are relative to the entity's.
type keyspace struct {
	now        int64 // the server's clock, µs
	records    map[string]map[string]string
	deadlines  map[string]int64 // of records, ms; negative: none
	sorted     map[string]map[string]float64
	claims     map[string]map[string]string
	footprints map[string]string
}

func newKeyspace() *keyspace {
	return &keyspace{
		records: map[string]map[string]string{}, deadlines: map[string]int64{},
		sorted: map[string]map[string]float64{}, claims: map[string]map[string]string{},
	}
}

func (k *keyspace) add(key, member string, score float64) {
	if k.sorted[key] == nil {
		k.sorted[key] = map[string]float64{}
	}
	k.sorted[key][member] = score
}

func (k *keyspace) claim(key, value, id string) {
	if k.claims[key] == nil {
		k.claims[key] = map[string]string{}
	}
	k.claims[key][value] = id
}

// scan returns the keys that begin with some text, each once.
func scan(ctx context.Context, rdb redis.UniversalClient, begin string) ([]string, error) {
	escape := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`)
	var mu sync.Mutex
	seen := map[string]bool{}
	node := func(ctx context.Context, rdb redis.Cmdable) error {
		iter := rdb.Scan(ctx, 0, escape.Replace(begin)+"*", 1000).Iterator()
		for iter.Next(ctx) {
			if key := iter.Val(); strings.HasPrefix(key, begin) {
				mu.Lock()
				seen[key] = true
				mu.Unlock()
			}
		}
		return iter.Err()
	}
	var err error
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, master *redis.Client) error { return node(ctx, master) })
	} else {
		err = node(ctx, rdb)
	}
	return sortedKeys(seen), err
}

// fetch queues what reads one key of e, whose name in the keyspace is given too; the function it returns takes the
// replies. It is nil for a key of no known kind.
func (k *keyspace) fetch(ctx context.Context, pipe redis.Pipeliner, p *schema.Package, e *schema.Entity, key, name string) func() error {
	kind, id, named := strings.Cut(name, ":")
	switch {
	case name == "m":
		footprints := pipe.HGetAll(ctx, key)
		return func() (err error) {
			k.footprints, err = footprints.Result()
			return err
		}
	case kind == "r" && named:
		record := pipe.HGetAll(ctx, key)
		deadline := pipe.Do(ctx, "PEXPIRETIME", key)
		return func() (err error) {
			if k.records[id], err = record.Result(); err != nil {
				return err
			}
			k.deadlines[id], err = deadline.Int64()
			return err
		}
	case kind == "u" && named:
		claims := pipe.HGetAll(ctx, key)
		return func() (err error) {
			k.claims[name], err = claims.Result()
			return err
		}
	case name == "a", name == "x", named && (kind == "i" || kind == "s" || kind == "l" || kind == "g"):
		members := pipe.ZRangeWithScores(ctx, key, 0, -1)
		return func() error {
			list, err := members.Result()
			for _, z := range list {
				k.add(name, z.Member.(string), z.Score)
			}
			return err
		}
	case (name == "w" || name == "q") && slices.ContainsFunc(e.Indexes, func(ix *schema.Index) bool { return p.Global(e, ix) }):
		return func() error { return nil } // claims that were given up, and those of them that are not released yet
	case name == "f", kind == "n" && named, e.Events != "" && (name == "e" || kind == "e" && named):
		return func() error { return nil } // the last tokens of fences; who loads a record; events, and what their readers keep
	}
	return nil
}

// mark is an index entry as the ledger lists it.
type mark struct{ key, member string }

// parseFootprint reads <length>:<index><length>:<member>, repeated.
func parseFootprint(text string) (map[mark]bool, error) {
	marks := map[mark]bool{}
	part := func() (string, bool) {
		digits, rest, ok := strings.Cut(text, ":")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 0 || n > len(rest) {
			return "", false
		}
		text = rest[n:]
		return rest[:n], true
	}
	for whole := text; text != ""; {
		key, ok := part()
		member, ok2 := part()
		if !ok || !ok2 {
			return nil, fmt.Errorf("malformed footprint %q", whole)
		}
		marks[mark{key, member}] = true
	}
	return marks, nil
}
