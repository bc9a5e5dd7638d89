package schema

import (
	"fmt"
	"slices"
)

func (c *checker) checkKey(f *Field) {
	if !f.Key {
		return
	}
	switch f.Type.Kind {
	case "", String, Int, Uint, Text:
	default:
		c.fail(f, f.position("key"), f.Type.described()+" cannot be a key",
			"use a string, an integer or a type with MarshalText and UnmarshalText")
	}
	if f.Type.Pointer {
		c.fail(f, f.position("key"), "a key that may be nil", "remove the * from its type")
	}
	for _, x := range c.entity.Indexes {
		if i := slices.Index(x.Fields, f.Name); i >= 0 && c.uniqueAnyway(x) {
			c.fail(f, x.position(i), "option unique on a key", "remove unique"+keyInstead["unique"])
		}
	}
	for _, option := range []string{"index", "sort", "geo", "fold", "secret", "omitempty"} {
		if pos, ok := f.TagPos[option]; ok {
			c.fail(f, pos, fmt.Sprintf("option %s on a key", option), "remove "+option+keyInstead[option])
		}
	}
}

// uniqueAnyway tells whether the key makes a unique index superfluous, which has
// all of it or nothing else.
func (c *checker) uniqueAnyway(x *Index) bool {
	if x.Kind != Unique {
		return false
	}
	if len(x.Fields) == 1 {
		f := c.entity.Field(x.Fields[0])
		return f != nil && f.Key
	}
	return !slices.ContainsFunc(c.entity.Keys(), func(f *Field) bool { return !slices.Contains(x.Fields, f.Name) })
}

// keyInstead says why an option on a key is not needed, or what serves.
var keyInstead = map[string]string{
	"unique":    ": keys are unique",
	"index":     ": records are found by key, and by part of one with //redisgen:index",
	"geo":       ": a key does not change, so nothing moves",
	"fold":      ": keys are compared exactly",
	"secret":    ": keys are part of key names",
	"omitempty": ": every record has a key",
}

// roles are the options that make a field the repository's to set, and the
// key, which it is not.
var roles = []string{"key", "version", "created", "updated", "expires"}

func (f *Field) hasRole(role string) bool {
	switch role {
	case "key":
		return f.Key
	case "version":
		return f.Version
	case "created":
		return f.Created
	case "updated":
		return f.Updated
	case "expires":
		return f.Expires
	}
	return false
}

func (c *checker) checkRoles(f *Field) {
	first := ""
	for _, role := range roles {
		if !f.hasRole(role) {
			continue
		}
		if first != "" {
			c.fail(f, f.position(role), fmt.Sprintf("one field is both %s and %s", first, role), "use two fields")
			continue
		}
		first = role
		if role == "key" {
			continue
		}
		if f.OmitEmpty {
			c.fail(f, f.position("omitempty"), "option omitempty on the field with "+role, "remove omitempty")
		}
		switch kind := f.Type.Kind; {
		case kind == "":
		case role == "version":
			if kind != Int && kind != Uint || f.Type.Pointer {
				c.fail(f, f.position(role), "a version must be an integer", "use int64")
			}
		case kind != Time:
			c.fail(f, f.position(role), fmt.Sprintf("%s must be a time", role), "use time.Time or *time.Time")
		}
	}
}

func (c *checker) checkOneOfEachRole() {
	for _, role := range roles[1:] {
		var first *Field
		for _, f := range c.entity.Fields {
			switch {
			case !f.hasRole(role):
			case first == nil:
				first = f
			default:
				c.clash(f, f.position(role), fmt.Sprintf("a second field with %s", role), "keep one",
					first.position(role), fmt.Sprintf("%s.%s has %s", c.entity.Type, first.Go, role))
			}
		}
	}
}

func (c *checker) checkOptions(f *Field) {
	if f.Type.Kind == "" {
		return
	}
	if len(f.Enum) > 0 && f.Type.Kind != String && f.Type.Kind != Int && f.Type.Kind != Uint {
		c.fail(f, f.position("enum"), "an enum that is "+f.Type.described(), "use a named string or integer type without methods that marshal it")
	}
	if f.Fold && !f.Key {
		c.checkFold(f)
	}
	if f.OnDelete != "" && f.Ref == "" {
		c.fail(f, f.position("ondelete"), "ondelete without ref", "write ref= and the entity before it")
	}
}

func (c *checker) checkFold(f *Field) {
	t := f.Type
	if t.Kind != String && !(t.Elem != nil && t.Elem.Kind == String) {
		c.fail(f, f.position("fold"), "fold on "+t.described()+", which has no case", "remove fold")
		return
	}
	for _, x := range c.entity.Indexes {
		for _, name := range x.Fields {
			if name == f.Name {
				return
			}
		}
	}
	c.fail(f, f.position("fold"), "fold without an index, so nothing is compared", "add unique, index or sort=lex, or remove fold")
}
