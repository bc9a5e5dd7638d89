package schema

import (
	"fmt"
	"slices"
)

// purpose says what an index of the kind is for.
var purpose = map[IndexKind]string{Unique: "uniqueness", Equal: "equality", Score: "order", Lex: "order", Geo: "place"}

// optionOf is the field option that makes an index of the kind.
var optionOf = map[IndexKind]string{Unique: "unique", Equal: "index", Score: "sort", Lex: "sort", Geo: "geo"}

func (c *checker) checkIndexes() {
	type key struct {
		kind IndexKind
		name string
	}
	seen := map[key]*Index{}
	for _, x := range c.entity.Indexes {
		k := key{x.Kind, x.Name}
		if first, ok := seen[k]; ok {
			c.clash(nil, x.Pos, fmt.Sprintf("an index for %s with the name %s is there already", purpose[x.Kind], x.Name), "name the group differently, or remove one",
				first.Pos, "the other "+x.Name)
		} else if x.Name != "" {
			seen[k] = x
		}
		c.checkIndex(x)
	}
}

func (c *checker) checkIndex(x *Index) {
	option := optionOf[x.Kind]
	for i, name := range x.Fields {
		f := c.entity.Field(name)
		if f == nil || f.Type.Kind == "" {
			continue
		}
		pos := x.position(i)
		switch {
		case f.Key && (x.Kind == Unique && c.uniqueAnyway(x) || x.Kind != Unique && pos == f.TagPos[option]):
			continue // reported with the key
		case f.Secret:
			c.clash(f, pos, "an index of a secret field: its values would be in key names", "remove the index or secret",
				f.position("secret"), fmt.Sprintf("%s.%s is secret", c.entity.Type, f.Go))
			continue
		}
		c.checkIndexed(x, f, pos)
	}
	if x.Group && len(x.Fields) == 1 {
		f := c.entity.Field(x.Fields[0])
		c.fail(f, x.Pos, fmt.Sprintf("only this field is in the group %s", x.Name),
			fmt.Sprintf("write %s, or add %s=%s to the other fields of the group", option, option, x.Name))
	}
	if x.Order != "" {
		c.checkOrder(x)
	}
}

// position returns where field i of the index is, or the index.
func (x *Index) position(i int) Pos {
	if i < len(x.FieldPos) {
		return x.FieldPos[i]
	}
	return x.Pos
}

// checkIndexed checks that the type of f fits index x.
func (c *checker) checkIndexed(x *Index, f *Field, pos Pos) {
	t := f.Type
	slice := t.Elem != nil
	if f.Geo && x.Kind != Geo && t.Go == pointType {
		c.clash(f, pos, fmt.Sprintf("an index for %s of a field with geo", purpose[x.Kind]), "remove one of the two, or use two fields",
			f.position("geo"), fmt.Sprintf("%s.%s has geo", c.entity.Type, f.Go))
		return
	}
	switch x.Kind {
	case Unique, Equal:
		switch {
		case slice && x.Kind == Unique:
			c.fail(f, pos, "a slice cannot be unique", "use index, which finds records by element")
		case slice && x.Group || slice && len(x.Fields) > 1:
			c.fail(f, pos, "a slice in an index with other fields", "give it an index of its own")
		case slice && (t.Elem.Pointer || !slices.Contains([]Kind{String, Int, Uint, Text}, t.Elem.Kind)):
			c.fail(f, pos, "an index of a slice whose element is "+t.Elem.described(), "use a slice of strings, integers or a type with MarshalText and UnmarshalText")
		case !slice && (t.Kind == JSON || t.Kind == Binary):
			c.fail(f, pos, "an index of "+t.described()+", which has no equality", "index a field of a basic kind, time.Time, or a type with MarshalText and UnmarshalText")
		}
	case Score:
		if !scored(t.Kind) {
			instead := "sort integers, floats, times and durations"
			if lexical(t.Kind) {
				instead = "write sort=lex"
			}
			c.fail(f, pos, t.described()+" has no order by number", instead)
		}
	case Lex:
		if !lexical(t.Kind) {
			instead := "sort strings, bytes, integers, times, and types with MarshalText and UnmarshalText by lex"
			if scored(t.Kind) {
				instead = "write sort"
			}
			c.fail(f, pos, t.described()+" has no order by bytes", instead)
		}
	case Geo:
		if t.Go != pointType {
			c.fail(f, pos, t.described()+" is no point", "use repo.Point or *repo.Point, of "+pointPackage)
		}
	}
}

// pointType is the type of points, as [Type.Go] has it.
const (
	pointPackage = "github.com/redisgen/redisgen/repo"
	pointType    = `"` + pointPackage + `".Point`
)

func (c *checker) checkOrder(x *Index) {
	f := c.entity.Field(x.Order)
	pos := x.OrderPos
	if pos == (Pos{}) {
		pos = x.Pos
	}
	switch {
	case f == nil || f.Type.Kind == "":
	case f.Secret:
		c.clash(f, pos, "an index ordered by a secret field", "order by another field or remove secret",
			f.position("secret"), fmt.Sprintf("%s.%s is secret", c.entity.Type, f.Go))
	case !scored(f.Type.Kind):
		c.fail(f, pos, "an index ordered by "+f.Type.described(), "order by an integer, float, time or duration")
	}
}

func scored(k Kind) bool {
	return slices.Contains([]Kind{Int, Uint, Float, Time, Duration}, k)
}

func lexical(k Kind) bool {
	return slices.Contains([]Kind{String, Bytes, Text, Int, Uint, Time}, k)
}

// described says in a few words what t is.
func (t Type) described() string {
	switch {
	case t.Elem != nil:
		return "a slice"
	case t.Pointer:
		return "a pointer to " + kindNames[t.Kind]
	}
	return kindNames[t.Kind]
}

// kindNames are the kinds for people.
var kindNames = map[Kind]string{
	String:   "a string",
	Bool:     "a bool",
	Int:      "an integer",
	Uint:     "an unsigned integer",
	Float:    "a float",
	Bytes:    "a []byte",
	Time:     "a time",
	Duration: "a duration",
	Text:     "a value stored as text",
	Binary:   "a value stored as binary",
	JSON:     "a value stored as JSON",
}
