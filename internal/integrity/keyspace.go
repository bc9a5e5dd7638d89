package integrity

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// keyspace is all that is stored of an entity. Keys are relative to the entity's.
type keyspace struct {
	now        int64 // the server's clock, µs
	records    map[string]map[string]string
	deadlines  map[string]int64 // of records, ms; negative: none
	sorted     map[string]map[string]float64
	claims     map[string]map[string]string
	footprints map[string]string
	problems   []string
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

// read reads all keys that begin with base.
func read(ctx context.Context, rdb redis.UniversalClient, base string) (*keyspace, error) {
	keys, err := scan(ctx, rdb, base)
	if err != nil {
		return nil, err
	}
	k := newKeyspace()
	pipe := rdb.Pipeline()
	clock := pipe.Time(ctx)
	var finish []func() error
	for _, key := range keys {
		finish = append(finish, k.fetch(ctx, pipe, base, key))
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	now, err := clock.Result()
	if err != nil {
		return nil, err
	}
	k.now = now.UnixMicro()
	for i, f := range finish {
		if err := f(); err != nil {
			return nil, fmt.Errorf("%q: %w", keys[i], err)
		}
	}
	return k, nil
}

// scan returns the keys that begin with base, each once.
func scan(ctx context.Context, rdb redis.UniversalClient, base string) ([]string, error) {
	escape := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`)
	seen := map[string]bool{}
	var keys []string
	iter := rdb.Scan(ctx, 0, escape.Replace(base)+"*", 1000).Iterator()
	for iter.Next(ctx) {
		if key := iter.Val(); strings.HasPrefix(key, base) && !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys, iter.Err()
}

// fetch queues what reads one key; the function it returns takes the replies.
func (k *keyspace) fetch(ctx context.Context, pipe redis.Pipeliner, base, key string) func() error {
	name := strings.TrimPrefix(key, base)
	kind, id, _ := strings.Cut(name, ":")
	switch {
	case name == "m":
		footprints := pipe.HGetAll(ctx, key)
		return func() (err error) {
			k.footprints, err = footprints.Result()
			return err
		}
	case kind == "r" && name != "r":
		record := pipe.HGetAll(ctx, key)
		deadline := pipe.Do(ctx, "PEXPIRETIME", key)
		return func() (err error) {
			if k.records[id], err = record.Result(); err != nil {
				return err
			}
			k.deadlines[id], err = deadline.Int64()
			return err
		}
	case kind == "u" && name != "u":
		claims := pipe.HGetAll(ctx, key)
		return func() (err error) {
			k.claims[name], err = claims.Result()
			return err
		}
	case name == "a", name == "x", name != kind && (kind == "i" || kind == "s" || kind == "l"):
		members := pipe.ZRangeWithScores(ctx, key, 0, -1)
		return func() error {
			list, err := members.Result()
			for _, z := range list {
				k.add(name, z.Member.(string), z.Score)
			}
			return err
		}
	}
	k.problems = append(k.problems, fmt.Sprintf("%q is a key of no known kind", key))
	return func() error { return nil }
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
