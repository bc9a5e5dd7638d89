// Package integrity checks for tests that an entity's keyspace is exactly what its live records imply.
//
// What should be there is derived here from the schema and the stored records alone; nothing of package repo is used,
// so a mistake there cannot hide itself.
package integrity

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/schema"
)

// Check returns what is wrong with the keys of e below a client's prefix: entries that are missing, that nothing
// accounts for, or that have the wrong score. Nobody may write meanwhile, and e is alone: it refers to nothing, and no
// other entity lives in its shards.
//
// Until they are released, expired records may leave behind what the ledger lists, and given up values their claims in
// other shards. Once settled, nothing of them may be left.
func Check(ctx context.Context, rdb redis.UniversalClient, prefix string, e *schema.Entity, settled bool) ([]string, error) {
	alone := &schema.Package{Entities: []*schema.Entity{e}}
	return checkKeys(ctx, rdb, prefix, prefix+"{"+e.Name, alone, settled, 0)
}

// CheckPackage is [Check] for all entities of p, wherever they live. It also finds references to what is not there,
// records in the wrong shard, and keys that are in no shard.
func CheckPackage(ctx context.Context, rdb redis.UniversalClient, prefix string, p *schema.Package, settled bool) ([]string, error) {
	return checkKeys(ctx, rdb, prefix, prefix+"{", p, settled, 0)
}

// CheckMoved is [CheckPackage] of a cluster whose slots were moved: MIGRATE takes the time that a key has left with it,
// so that a record may expire that much later than was told, the time that its journey took.
func CheckMoved(ctx context.Context, rdb redis.UniversalClient, prefix string, p *schema.Package, settled bool, late time.Duration) ([]string, error) {
	return checkKeys(ctx, rdb, prefix, prefix+"{", p, settled, late)
}

func checkKeys(ctx context.Context, rdb redis.UniversalClient, prefix, begin string, p *schema.Package, settled bool, late time.Duration) ([]string, error) {
	byName, err := read(ctx, rdb, prefix, begin, p)
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, e := range p.Entities {
		c := &entityCheck{pkg: p, entity: e, stored: byName[e.Name], settled: settled, late: late.Milliseconds(), relied: map[string]map[string]globalClaim{}}
		c.check()
		c.references(p, byName)
		problems = append(problems, c.problems...)
	}
	return problems, nil
}

// entityCheck compares what is stored of an entity with what its records imply.
type entityCheck struct {
	pkg      *schema.Package
	entity   *schema.Entity
	stored   *stored
	settled  bool
	late     int64                             // how much later than told records may expire, ms
	relied   map[string]map[string]globalClaim // by records: by index and value
	problems []string
}

func (e *entityCheck) problem(format string, args ...any) {
	e.problems = append(e.problems, fmt.Sprintf(e.entity.Name+": "+format, args...))
}

func (e *entityCheck) check() {
	e.problems = e.stored.problems
	records := 0
	for i, k := range e.stored.shards {
		records += len(k.records)
		c := &check{entityCheck: e, shard: i, stored: k, want: newKeyspace()}
		for _, id := range sortedKeys(k.records) {
			c.record(id)
		}
		c.sortedSets()
		c.claims()
		c.footprints()
	}
	if want := e.stored.tells(e.entity); e.stored.told != want && (records > 0 || e.stored.told != "") {
		e.problem("p: records are placed %q, and the keyspace tells %q", want, e.stored.told)
	}
	for _, ix := range e.entity.Indexes {
		if e.pkg.Global(e.entity, ix) {
			e.globalClaims(ix)
		}
	}
}

// check compares what is stored in one shard with what its records imply.
type check struct {
	*entityCheck
	shard  int
	stored *keyspace
	want   *keyspace
}

// record checks one record by itself and adds what it implies.
func (c *check) record(id string) {
	fields := c.stored.records[id]
	entries, err := imply(c.pkg, c.entity, id, fields)
	if err != nil {
		c.problem("record %q: %v", id, err)
		return
	}
	if shard := c.entityCheck.stored.shard(c.entity, fields); shard != c.shard {
		c.problem("record %q is in shard %d, and not in %d", id, c.shard, shard)
	}
	for _, entry := range entries {
		switch {
		case entry.global():
			c.rely(entry, id)
		case entry.unique():
			if other, ok := c.want.claims[entry.key][entry.member]; ok {
				c.problem("records %q and %q both have %s %q", other, id, entry.key, entry.member)
			}
			c.want.claim(entry.key, entry.member, id)
		default:
			c.want.add(entry.key, entry.member, entry.score)
		}
	}
	deadline := c.stored.deadlines[id]
	if told, ok := c.stored.sorted["x"][id]; ok && deadline > int64(told) && deadline <= int64(told)+c.late {
		deadline = int64(told)
	}
	if deadline >= 0 && !c.entity.Expires {
		c.problem("record %q expires", id)
		return
	}
	if c.entity.Expires {
		c.mirror(id, fields, deadline)
	}
	if deadline >= 0 {
		c.want.add("x", id, float64(deadline))
		c.footprint(id, entries)
	} else if _, ok := c.stored.footprints[id]; ok {
		c.problem("m: record %q does not expire but has a footprint", id)
	}
}

// rely notes that a record relies on a claim in another shard.
func (c *check) rely(e entry, id string) {
	index := strings.TrimPrefix(e.key, "^")
	digits, value, _ := strings.Cut(e.member, ":")
	stamp, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		c.problem("record %q: the stamp of %s is %q", id, index, digits)
	}
	if c.relied[index] == nil {
		c.relied[index] = map[string]globalClaim{}
	}
	if other, ok := c.relied[index][value]; ok {
		c.problem("records %q and %q both have %s %q", other.id, id, index, value)
	}
	c.relied[index][value] = globalClaim{stamp, id}
}

// mirror checks the field that shows a record's expiry.
func (c *check) mirror(id string, fields map[string]string, deadline int64) {
	for _, f := range c.entity.Fields {
		if !f.Expires {
			continue
		}
		want := ""
		if deadline >= 0 {
			want = formatMillis(deadline)
		}
		if got := fields[f.Name]; got != want {
			c.problem("record %q: %s is %q, the expiry is %q", id, f.Name, got, want)
		}
	}
}

// footprint checks that the ledger lists the entries of a live record.
func (c *check) footprint(id string, entries []entry) {
	text, ok := c.stored.footprints[id]
	if !ok {
		c.problem("m: nothing for %q, which expires", id)
		return
	}
	got, err := parseFootprint(text)
	if err != nil {
		c.problem("m: %q: %v", id, err)
		return
	}
	if told, ok := c.told(id); ok {
		entries = append(slices.Clone(entries), told)
	}
	for _, e := range entries {
		if !got[mark{e.key, e.member}] {
			c.problem("m: %q lacks %s %q", id, e.key, e.member)
		}
		delete(got, mark{e.key, e.member})
	}
	for m := range got {
		c.problem("m: %q has %s %q, which its record does not", id, m.key, m.member)
	}
}

// told returns the entry of the ledger that says how the end of a record is told, and of which version.
func (c *check) told(id string) (entry, bool) {
	how := c.entity.Events
	if how == "" {
		return entry{}, false
	}
	if c.entity.MaxLen > 0 {
		how += fmt.Sprintf(" %d", c.entity.MaxLen)
	}
	version := ""
	for _, f := range c.entity.Fields {
		if f.Version {
			version = c.stored.records[id][f.Name]
		}
	}
	return entry{key: "!" + how, member: version}, true
}

// expired tells whether an id without a record is due in the ledger, and may have left that entry.
func (c *check) expired(id, key, member string) bool {
	if c.settled || c.stored.records[id] != nil {
		return false
	}
	deadline, ok := c.stored.sorted["x"][id]
	if !ok || deadline > float64(c.stored.now)/1000 {
		return false
	}
	if key == "x" || key == "m" {
		return true
	}
	marks, err := parseFootprint(c.stored.footprints[id])
	return err == nil && marks[mark{key, member}]
}

// sortedSets compares indexes, the list of all records and the ledger's times.
func (c *check) sortedSets() {
	for _, key := range union(c.want.sorted, c.stored.sorted) {
		want, got := c.want.sorted[key], c.stored.sorted[key]
		for _, member := range union(want, got) {
			expected, implied := want[member]
			score, there := got[member]
			switch {
			case !there:
				c.problem("%s: %q is missing", key, member)
			case !implied && !c.expired(owner(key, member), key, member):
				c.problem("%s: %q has no reason to be there", key, member)
			case implied && key == "a" && (score <= 0 || score > float64(c.stored.now)):
				c.problem("a: %q was created at %v, which is no time in the past", member, score)
			case implied && key != "a" && score != expected:
				c.problem("%s: %q has score %v, want %v", key, member, score, expected)
			}
		}
	}
}

// owner returns the id that a member of a sorted set stands for.
func owner(key, member string) string {
	if strings.HasPrefix(key, "l:") {
		_, id, _ := strings.Cut(member, "\x00")
		return id
	}
	return member
}

// claims compares the unique indexes.
func (c *check) claims() {
	for _, key := range union(c.want.claims, c.stored.claims) {
		if c.isGlobal(key) {
			continue
		}
		want, got := c.want.claims[key], c.stored.claims[key]
		for _, value := range union(want, got) {
			expected, implied := want[value]
			id, there := got[value]
			switch {
			case !there:
				c.problem("%s: %q is missing", key, value)
			case !implied && !c.expired(id, key, value):
				c.problem("%s: %q is claimed by %q for no reason", key, value, id)
			case implied && id != expected:
				c.problem("%s: %q is claimed by %q, want %q", key, value, id, expected)
			}
		}
	}
}

// isGlobal tells whether a key has claims of values that are unique across shards.
func (c *check) isGlobal(key string) bool {
	return slices.ContainsFunc(c.entity.Indexes, func(ix *schema.Index) bool {
		return "u:"+ix.Name == key && c.pkg.Global(c.entity, ix)
	})
}

// footprints looks for those of records that are gone.
func (c *check) footprints() {
	for _, id := range sortedKeys(c.stored.footprints) {
		if c.stored.records[id] == nil && !c.expired(id, "m", id) {
			c.problem("m: %q has no reason to be there", id)
		}
	}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// union returns the keys of both maps, sorted.
func union[K cmp.Ordered, V any](a, b map[K]V) []K {
	keys := append(sortedKeys(a), sortedKeys(b)...)
	slices.Sort(keys)
	return slices.Compact(keys)
}

// absent is the score of an entry whose order field has no value.
var absent = math.Inf(-1)
