package schema

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// Keys returns the fields of the primary key, in the order of the struct.
func (e *Entity) Keys() []*Field {
	var keys []*Field
	for _, f := range e.Fields {
		if f.Key {
			keys = append(keys, f)
		}
	}
	return keys
}

// FieldIndex returns the position in Fields of the field with that name in
// Redis, or -1.
func (e *Entity) FieldIndex(name string) int {
	return slices.IndexFunc(e.Fields, func(f *Field) bool { return f.Name == name })
}

// Field returns the field with that name in Redis, or nil.
func (e *Entity) Field(name string) *Field {
	if i := e.FieldIndex(name); i >= 0 {
		return e.Fields[i]
	}
	return nil
}

// Listing returns the position in Indexes of the index that holds every
// record and so can list and count them all: the sort index of the created
// field, which every write fills in and none can clear. When there is none, not
// ok, the entity needs a list of its own.
func (e *Entity) Listing() (index int, ok bool) {
	for i, x := range e.Indexes {
		if x.Kind != Score {
			continue
		}
		if f := e.Field(x.Fields[0]); f != nil && f.Created {
			return i, true
		}
	}
	return 0, false
}

// Fingerprint returns the SHA-256, in hexadecimal, of all that decides how
// the records of e are stored, a valid entity of p: names, kinds, options,
// indexes and shards. Documentation, Go names, positions and the order of fields
// and indexes do not change it; the order of key fields, and of fields in an
// index, does.
func (p *Package) Fingerprint(e *Entity) string {
	c := *e
	c.Type, c.Doc, c.Validates = "", "", false
	place := p.Placement(e)
	if c.In = place.Home; place.Shards > 1 {
		c.Shards = place.Shards
	}
	c.Fields = make([]*Field, len(e.Fields))
	for i, f := range e.Fields {
		g := *f
		g.Go, g.Doc = "", ""
		g.Type = f.Type.stored()
		g.Shard = f.Shard && place.Key != nil
		if to := p.entity(f.Ref); to != nil {
			g.Ref = to.Name
		}
		if f.OnDelete == "restrict" {
			g.OnDelete = ""
		}
		g.Enum = slices.Clone(f.Enum)
		for j := range g.Enum {
			g.Enum[j].Go = ""
		}
		slices.SortFunc(g.Enum, func(a, b Const) int { return strings.Compare(a.Value, b.Value) })
		c.Fields[i] = &g
	}
	slices.SortStableFunc(c.Fields, func(a, b *Field) int {
		switch {
		case a.Key && b.Key:
			return 0
		case a.Key:
			return -1
		case b.Key:
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	c.Indexes = slices.Clone(e.Indexes)
	slices.SortFunc(c.Indexes, func(a, b *Index) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	text, err := json.Marshal(&c)
	if err != nil {
		panic(err) // plain data: cannot fail
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// stored returns t without what only Go sees.
func (t Type) stored() Type {
	t.Go, t.Named, t.Nilable = "", false, false
	if t.Elem != nil {
		elem := t.Elem.stored()
		t.Elem = &elem
	}
	return t
}
