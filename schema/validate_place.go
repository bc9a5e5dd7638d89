package schema

import (
	"fmt"
	"slices"
	"strings"
)

// checkPlacement checks where the records of the entity live.
func (c *checker) checkPlacement() {
	e := c.entity
	home := c.pkg.home(e)
	if e.In != "" {
		c.checkIn(home)
	}
	for _, f := range e.Fields {
		if !f.Shard {
			continue
		}
		if !f.Key {
			c.fail(f, f.position("shard"), "places the record and is not part of the key",
				"Get has to know where the record is: make it a key field too")
		}
		if e.In == "" && e.Shards == 0 {
			c.fail(f, f.position("shard"), "shard in an entity of one shard",
				"write shards=16 or in= on the entity line, or remove shard")
		}
	}
	if home != nil && home != e && (home.Shards > 1 || slices.ContainsFunc(e.Keys(), func(f *Field) bool { return f.Shard })) {
		c.checkShardKey(home)
	}
}

// checkIn checks that the option in leads to an entity with shards of its own.
func (c *checker) checkIn(home *Entity) {
	e, pos := c.entity, c.entity.position("in")
	parent := c.pkg.entity(e.In)
	switch {
	case e.Shards > 0:
		c.clash(nil, e.position("shards"), "shards of an entity that lives in another's", "remove one of the two",
			pos, "lives in the shards of "+e.In)
	case parent == e:
		c.fail(nil, pos, "lives in its own shards", "remove in")
	case parent == nil:
		c.fail(nil, pos, fmt.Sprintf("lives in the shards of %s, which is no entity of this package", e.In), c.otherEntity(e.In, "in"))
	case home == nil && c.inCircle():
		c.clash(nil, pos, fmt.Sprintf("lives in the shards of %s, which lives in those of %s", e.In, parent.In), "remove in from one of them",
			parent.position("in"), fmt.Sprintf("%s lives in the shards of %s", parent.Type, parent.In))
	}
}

// inCircle tells whether the entity lives, by way of others, in itself.
func (c *checker) inCircle() bool {
	e := c.entity
	for range c.pkg.Entities {
		if e = c.pkg.entity(e.In); e == nil || e == c.entity {
			return e != nil
		}
	}
	return false
}

// otherEntity says what to write for an entity that there is not.
func (c *checker) otherEntity(name, option string) string {
	var others []string
	for _, e := range c.pkg.Entities {
		if e != c.entity {
			others = append(others, e.Type)
		}
	}
	if others == nil {
		return "remove " + option
	}
	return didYouMean(name, others)
}

// checkShardKey checks that what places a record fits what places those of its
// home.
func (c *checker) checkShardKey(home *Entity) {
	places := home.shardKey()
	var own []*Field
	for _, f := range c.entity.Keys() {
		if f.Shard {
			own = append(own, f)
		}
	}
	note := fmt.Sprintf("%s is placed by %s", home.Type, goNamesOf(places))
	switch {
	case len(places) == 0: // reported with the home
	case len(own) == 0:
		c.clash(nil, c.entity.position("in"), fmt.Sprintf("no field says in which shard of %s a record is", home.Type),
			fmt.Sprintf("write shard on the key fields that stand for %s, as in redis:%q", goNamesOf(places), places[0].Name+",key,shard"),
			places[0].position("key"), note)
	case len(own) != len(places):
		c.clash(own[0], own[0].position("shard"), fmt.Sprintf("the record is placed by %s, which cannot stand for %s", goNamesOf(own), goNamesOf(places)),
			"write shard on as many key fields",
			places[0].position("key"), note)
	default:
		for i, f := range own {
			c.checkSameKind(f, "shard", home, places[i])
		}
	}
}

// checkSameKind checks that f is stored as another field is that it stands for.
func (c *checker) checkSameKind(f *Field, option string, of *Entity, other *Field) {
	if f.Type.Kind == other.Type.Kind || f.Type.Kind == "" || other.Type.Kind == "" {
		return
	}
	name := of.Type + "." + other.Go
	c.clash(f, f.position(option), fmt.Sprintf("%s that stands for %s, %s", f.Type.described(), name, other.Type.described()),
		"use the type of "+name, other.Pos, name)
}

// goNamesOf lists the Go names of fields.
func goNamesOf(fields []*Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Go
	}
	return strings.Join(names, " and ")
}
