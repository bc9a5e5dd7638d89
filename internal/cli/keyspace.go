package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/redisgen/redisgen/schema"
)

// keyspace lists the Redis keys of an entity.
type keyspace struct {
	Entity   string   `json:"entity"`
	Type     string   `json:"type"`
	Package  string   `json:"package"`
	Shards   int      `json:"shards,omitempty"`    // 0: one
	Home     string   `json:"home,omitempty"`      // the entity whose shards these are; "": their own
	ShardKey []string `json:"shard_key,omitempty"` // the fields that place a record among several shards
	Keys     []keyRow `json:"keys"`
}

// keyRow describes one key, or the keys of one pattern: <name> in Key stands
// for the value of a field, <shard> and <letters> for what tells shards apart.
type keyRow struct {
	Key     string `json:"key"`
	Type    string `json:"type"` // of the Redis value
	Index   string `json:"index,omitempty"`
	Meaning string `json:"meaning"`
}

// newKeyspace lists the keys of e under a client's prefix.
func newKeyspace(p *schema.Package, e *schema.Entity, prefix string) keyspace {
	place := p.Placement(e)
	space := keyspace{Entity: e.Name, Type: e.Type, Package: p.Path, Home: place.Home}
	if place.Shards > 1 {
		space.Shards, space.ShardKey = place.Shards, shardKeyNames(e, place)
	}
	if place.Shards > 1 || place.Home != "" {
		space.Keys = append(space.Keys, keyRow{prefix + "{" + e.Name + "}:p", "string", "", "how records are placed: " + placement(e, place)})
	}
	base := prefix + "{" + tag(e, place) + "}" + e.Keyspace()
	add := func(name, kind, index, meaning string) {
		space.Keys = append(space.Keys, keyRow{base + name, kind, index, meaning})
	}
	add("r:"+placeholders(keyNames(e)), "hash", "", record(p, e))
	for _, index := range e.Indexes {
		name, kind, meaning := describe(p, e, index)
		add(name, kind, index.Name, meaning)
	}
	if _, ok := e.Listing(); !ok {
		add("a", "zset", "", "all ids, by creation time")
	}
	if e.Expires {
		add("x", "zset", "", "ids of records with a TTL, by expiry in milliseconds")
		add("m", "hash", "", "id -> the index entries to remove when the record expires")
	}
	if slices.ContainsFunc(e.Indexes, func(index *schema.Index) bool { return p.Global(e, index) }) {
		add("w", "zset", "", "claims that records here have given up, by stamp")
		add("q", "zset", "", "those of them that are not released in the shard of the value, by stamp")
	}
	switch e.Events {
	case "pubsub":
		add("e", "channel", "", "change events, as messages")
	case "stream":
		meaning := "change events"
		if e.MaxLen > 0 {
			meaning += fmt.Sprintf(", about the last %d", e.MaxLen)
		}
		add("e", "stream", "", meaning)
		add("e:dead:<group>", "stream", "", "dead letters of a group of consumers")
		add("e:owner:<group>", "string", "", "the consumer that has the shard, of those in order")
		add("e:members:<group>", "zset", "", "the consumers in order")
	}
	return space
}

// tag is the hash tag of a shard of e.
func tag(e *schema.Entity, place schema.Placement) string {
	home := cmp.Or(place.Home, e.Name)
	if place.Shards == 1 {
		return home
	}
	return fmt.Sprintf("%s.<shard>/%d<letters>", home, place.Shards)
}

// placement is how the keyspace tells where the records of e are.
func placement(e *schema.Entity, place schema.Placement) string {
	text := fmt.Sprintf("%d by %s", place.Shards, strings.Join(shardKeyNames(e, place), ","))
	if place.Home != "" {
		text += " in " + place.Home
	}
	return text
}

func shardKeyNames(e *schema.Entity, place schema.Placement) []string {
	names := keyNames(e)
	if place.Key == nil {
		return names
	}
	var chosen []string
	for _, i := range place.Key {
		chosen = append(chosen, names[i])
	}
	return chosen
}

// where says in prose in which shards records are, "" for one of their own.
func (k keyspace) where() string {
	by := " by " + strings.Join(k.ShardKey, ", ")
	switch {
	case k.Shards == 0 && k.Home == "":
		return ""
	case k.Shards == 0:
		return "in the shard of " + k.Home
	case k.Home == "":
		return count(k.Shards, "shard") + by
	}
	return "in the " + count(k.Shards, "shard") + " of " + k.Home + by
}

// record says what the hash of a record holds.
func record(p *schema.Package, e *schema.Entity) string {
	meaning := "the record: a field per struct field"
	for _, field := range e.Fields {
		if field.Geo {
			meaning += "; ~" + field.Name + ": its score in the index"
		}
		if field.Fold {
			meaning += "; ~" + field.Name + ": " + field.Name + " without case, if that differs"
		}
	}
	for _, index := range e.Indexes {
		if p.Global(e, index) {
			meaning += "; ^" + index.Name + ": the stamp of its claim in u:" + index.Name
		}
	}
	return meaning
}

// describe gives an index's key after the entity, its Redis type and meaning.
func describe(p *schema.Package, e *schema.Entity, index *schema.Index) (name, kind, meaning string) {
	fields := strings.Join(index.Fields, ", ")
	switch index.Kind {
	case schema.Unique:
		name, kind, meaning = "u:"+index.Name, "hash", fields+" -> the id that claims it"
		if p.Global(e, index) {
			meaning = fields + " -> <stamp>:<id> of its claim, in the shard of the value"
		}
	case schema.Equal:
		name, kind, meaning = "i:"+index.Name+":"+placeholders(index.Fields), "zset", "ids by "+fields
		if eachElement(e, index) {
			meaning = "ids by each element of " + fields
		}
		if index.Order != "" {
			meaning += ", in order of " + index.Order
		}
	case schema.Score:
		name, kind, meaning = "s:"+index.Name, "zset", "ids in order of "+fields
	case schema.Geo:
		name, kind, meaning = "g:"+index.Name, "zset", "ids by where "+fields+" is, as GEOADD has them"
	case schema.Lex:
		name, kind, meaning = "l:"+index.Name, "zset", fields+", NUL, id: in order of bytes"
	}
	if folds(e, index) {
		meaning += ", without case"
	}
	return name, kind, meaning
}

// placeholders stands for the values of fields in a key. Of several, each but
// the last is preceded by its length.
func placeholders(fields []string) string {
	var b strings.Builder
	for i, field := range fields {
		if i < len(fields)-1 {
			b.WriteString("<length>:")
		}
		b.WriteString("<" + field + ">")
	}
	return b.String()
}

func keyNames(e *schema.Entity) (names []string) {
	for _, field := range e.Keys() {
		names = append(names, field.Name)
	}
	return names
}

func eachElement(e *schema.Entity, index *schema.Index) bool {
	return len(index.Fields) == 1 && e.Field(index.Fields[0]).Type.Elem != nil
}

func folds(e *schema.Entity, index *schema.Index) bool {
	for _, name := range index.Fields {
		if e.Field(name).Fold {
			return true
		}
	}
	return false
}
