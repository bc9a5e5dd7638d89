package integrity

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/schema"
)

// stored is all that is stored of an entity: what its keyspace tells of where records are, and the shards.
type stored struct {
	schema.Placement
	tags     []string
	told     string // "": nothing
	shards   []*keyspace
	problems []string
}

func newStored(p *schema.Package, e *schema.Entity) *stored {
	s := &stored{Placement: p.Placement(e)}
	for i := range s.Shards {
		s.tags = append(s.tags, placement.Tag(cmp.Or(s.Home, e.Name), i, s.Shards))
		s.shards = append(s.shards, newKeyspace())
	}
	return s
}

// tells is what the keyspace should tell: "16 by id", "16 by conversation_id in conversations"; "" of an entity with
// one shard of its own.
func (s *stored) tells(e *schema.Entity) string {
	if s.Shards == 1 && s.Home == "" {
		return ""
	}
	var names []string
	for _, f := range s.shardKey(e) {
		names = append(names, f.Name)
	}
	text := strconv.Itoa(s.Shards) + " by " + strings.Join(names, ",")
	if s.Home != "" {
		text += " in " + s.Home
	}
	return text
}

// shardKey returns the fields that place a record.
func (s *stored) shardKey(e *schema.Entity) []*schema.Field {
	keys := e.Keys()
	if s.Key == nil {
		return keys
	}
	var chosen []*schema.Field
	for _, part := range s.Key {
		chosen = append(chosen, keys[part])
	}
	return chosen
}

// shard returns the shard in which a record should be.
func (s *stored) shard(e *schema.Entity, fields map[string]string) int {
	var values []string
	for _, f := range s.shardKey(e) {
		values = append(values, fields[f.Name])
	}
	return placement.Shard(join(values), s.Shards)
}

// read reads all that is stored of the entities of p, from the keys that begin with some text and a tag of theirs.
func read(ctx context.Context, rdb redis.UniversalClient, prefix, begin string, p *schema.Package) (map[string]*stored, error) {
	byName := map[string]*stored{}
	for _, e := range p.Entities {
		byName[e.Name] = newStored(p, e)
	}
	keys, err := scan(ctx, rdb, begin)
	if err != nil {
		return nil, err
	}
	pipe := rdb.Pipeline()
	clock := pipe.Time(ctx)
	finish := map[string]func() error{}
	for _, key := range keys {
		if f := fetch(ctx, pipe, p, byName, prefix, key); f != nil {
			finish[key] = f
		}
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	now, err := clock.Result()
	if err != nil {
		return nil, err
	}
	for _, s := range byName {
		for _, k := range s.shards {
			k.now = now.UnixMicro()
		}
	}
	for _, key := range sortedKeys(finish) {
		if err := finish[key](); err != nil {
			return nil, fmt.Errorf("%q: %w", key, err)
		}
	}
	return byName, nil
}

// fetch queues what reads one key of an entity of p; the function it returns takes the replies. It is nil for keys that
// are not of p, and for those that have no business to be there.
func fetch(ctx context.Context, pipe redis.Pipeliner, p *schema.Package, byName map[string]*stored, prefix, key string) func() error {
	tag, rest, ok := strings.Cut(strings.TrimPrefix(key, prefix+"{"), "}")
	name, _, _ := strings.Cut(tag, ".")
	of := byName[name]
	if !ok || of == nil {
		return nil
	}
	if rest == ":p" && tag == name && (of.Shards > 1 || of.Home != "") {
		told := pipe.Get(ctx, key)
		return func() (err error) {
			of.told, err = told.Result()
			return err
		}
	}
	shard := slices.Index(of.tags, tag)
	if shard < 0 {
		of.problems = append(of.problems, fmt.Sprintf("%q is a key of no shard", key))
		return nil
	}
	space, rest, _ := strings.Cut(rest, ":")
	for _, e := range p.Entities {
		if s := byName[e.Name]; e.Keyspace() == space+":" && (e.Name == name || s.Home == name) {
			if f := s.shards[shard].fetch(ctx, pipe, p, e, key, rest); f != nil {
				return f
			}
		}
	}
	of.problems = append(of.problems, fmt.Sprintf("%q is a key of no known kind", key))
	return nil
}

// globalClaim is the claim of a value that is unique across shards.
type globalClaim struct {
	stamp uint64
	id    string
}

func (c globalClaim) String() string { return fmt.Sprintf("%d:%s", c.stamp, c.id) }

func parseClaim(text string) (globalClaim, error) {
	digits, id, ok := strings.Cut(text, ":")
	stamp, err := strconv.ParseUint(digits, 10, 64)
	if !ok || err != nil {
		return globalClaim{}, fmt.Errorf("malformed claim %q", text)
	}
	return globalClaim{stamp, id}, nil
}

// globalClaims compares the claims of a unique index across shards with those that records rely on. A claim is as old as
// its record says or younger: a write that fails may have made it anew. Until they are released, there may be claims of
// values that no record has.
func (e *entityCheck) globalClaims(ix *schema.Index) {
	key := "u:" + ix.Name
	want, got := e.relied[ix.Name], map[string]globalClaim{}
	for i, k := range e.stored.shards {
		for value, text := range k.claims[key] {
			claim, err := parseClaim(text)
			switch {
			case err != nil:
				e.problem("%s: %q: %v", key, value, err)
			case placement.Shard(value, e.stored.Shards) != i:
				e.problem("%s: %q is claimed in shard %d, and not in %d", key, value, i, placement.Shard(value, e.stored.Shards))
			default:
				got[value] = claim
			}
		}
	}
	for _, value := range union(want, got) {
		relied, implied := want[value]
		claim, there := got[value]
		switch {
		case !there:
			e.problem("%s: %q is missing, on which %q relies", key, value, relied.id)
		case !implied && e.settled:
			e.problem("%s: %q is claimed by %q for no reason", key, value, claim.id)
		case implied && (claim.id != relied.id || claim.stamp < relied.stamp):
			e.problem("%s: %q is claimed by %q, want %q or later", key, value, claim, relied)
		}
	}
}

// references checks that what records refer to is there, unless it may have expired.
func (e *entityCheck) references(p *schema.Package, byName map[string]*stored) {
	for _, r := range p.References() {
		if r.From != e.entity || r.To.Expires {
			continue
		}
		for i, k := range e.stored.shards {
			parents := byName[r.To.Name].shards[i].records
			for _, id := range sortedKeys(k.records) {
				if parent, ok := k.records[id][r.Field.Name]; ok && parents[parent] == nil {
					e.problem("record %q: %s refers to %q, which is not there", id, r.Field.Name, parent)
				}
			}
		}
	}
}
