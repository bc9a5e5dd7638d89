package cli

import (
	"strings"

	"github.com/redisgen/redisgen/schema"
)

// keyspace lists the Redis keys of an entity.
type keyspace struct {
	Entity  string   `json:"entity"`
	Type    string   `json:"type"`
	Package string   `json:"package"`
	Keys    []keyRow `json:"keys"`
}

// keyRow describes one key, or the keys of one pattern: <name> in Key stands
// for the value of a field.
type keyRow struct {
	Key     string `json:"key"`
	Type    string `json:"type"` // of the Redis value
	Index   string `json:"index,omitempty"`
	Meaning string `json:"meaning"`
}

// newKeyspace lists the keys of e under a client's prefix.
func newKeyspace(p *schema.Package, e *schema.Entity, prefix string) keyspace {
	space := keyspace{Entity: e.Name, Type: e.Type, Package: p.Path}
	add := func(name, kind, index, meaning string) {
		space.Keys = append(space.Keys, keyRow{prefix + "{" + e.Name + "}:" + name, kind, index, meaning})
	}
	add("r:"+placeholders(keyNames(e)), "hash", "", record(e))
	for _, index := range e.Indexes {
		name, kind, meaning := describe(e, index)
		add(name, kind, index.Name, meaning)
	}
	if _, ok := e.Listing(); !ok {
		add("a", "zset", "", "all ids, by creation time")
	}
	if e.Expires {
		add("x", "zset", "", "ids of records with a TTL, by expiry in milliseconds")
		add("m", "hash", "", "id -> the index entries to remove when the record expires")
	}
	return space
}

// record says what the hash of a record holds.
func record(e *schema.Entity) string {
	meaning := "the record: a field per struct field"
	for _, field := range e.Fields {
		if field.Geo {
			meaning += "; ~" + field.Name + ": its score in the index"
		}
		if field.Fold {
			meaning += "; ~" + field.Name + ": " + field.Name + " without case, if that differs"
		}
	}
	return meaning
}

// describe gives an index's key after the entity, its Redis type and meaning.
func describe(e *schema.Entity, index *schema.Index) (name, kind, meaning string) {
	fields := strings.Join(index.Fields, ", ")
	switch index.Kind {
	case schema.Unique:
		name, kind, meaning = "u:"+index.Name, "hash", fields+" -> the id that claims it"
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
