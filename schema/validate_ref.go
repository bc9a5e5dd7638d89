package schema

import "fmt"

// checkRef checks a field that refers to records of an entity.
func (c *checker) checkRef(f *Field) {
	e, pos := c.entity, f.position("ref")
	to := c.pkg.entity(f.Ref)
	if to == nil {
		c.fail(f, pos, fmt.Sprintf("refers to %s, which is no entity of this package", f.Ref), c.otherEntity(f.Ref, "ref"))
		return
	}
	home, toHome := c.pkg.home(e), c.pkg.home(to)
	keys := to.Keys()
	switch {
	case home == nil || toHome == nil || len(keys) == 0 || f.Type.Kind == "":
		return // reported where it is
	case home != toHome:
		c.clash(f, pos, fmt.Sprintf("refers to %s, which is in other shards", f.Ref),
			fmt.Sprintf("write in=%s on the entity line of %s, or remove ref", toHome.Type, e.Type), to.position(""), f.Ref)
		return
	case len(keys) > 1:
		c.clash(f, pos, fmt.Sprintf("refers to %s, whose key is %s", f.Ref, goNamesOf(keys)),
			"refer to an entity with one key field, or remove ref", keys[1].position("key"), "a part of the key")
		return
	case f == keys[0]:
		c.fail(f, pos, "refers to its own record", "remove ref")
		return
	}
	c.checkSameKind(f, "ref", to, keys[0])
	c.checkRefOptions(f, to)
	if places := e.shardKey(); home.Shards > 1 && (len(places) != 1 || places[0] != f) {
		instead := "remove ref, or place the record by this field alone, with the options key and shard"
		if to == e {
			instead = "remove ref, or shards"
		}
		c.clash(f, pos, fmt.Sprintf("refers to a %s that may be in another shard", f.Ref), instead,
			home.position("shards"), fmt.Sprintf("%d shards", home.Shards))
	}
}

// checkRefOptions checks what else is said of a field that refers to records.
func (c *checker) checkRefOptions(f *Field, to *Entity) {
	e, pos := c.entity, f.position("ref")
	if to == e && f.OnDelete == "cascade" {
		c.fail(f, f.position("ondelete"), "a cascade from records to others of the same entity", "write ondelete=restrict, or remove it")
	}
	if f.Fold && !f.Key {
		c.fail(f, f.position("fold"), "fold on a reference, which is exact", "remove fold")
	}
	if f.Version {
		c.fail(f, pos, "a version that refers to records", "use two fields")
	}
	if e.finds(f) == nil {
		instead := "add index"
		if f.Key {
			instead = "write //redisgen:index " + f.Go + " above " + e.Type
		}
		c.fail(f, pos, "no index finds the records that refer to a "+f.Ref, instead)
	}
	if to != e && c.pkg.refersBack(to, e) {
		c.clash(f, pos, fmt.Sprintf("refers to %s, which refers back to %s", f.Ref, e.Type), "remove ref from one of them",
			to.position(""), f.Ref)
	}
}

// refersBack tells whether an entity refers to another, by way of others or not.
func (p *Package) refersBack(from, to *Entity) bool {
	seen := map[*Entity]bool{}
	var leads func(e *Entity) bool
	leads = func(e *Entity) bool {
		if e == nil || seen[e] {
			return false
		}
		seen[e] = true
		for _, f := range e.Fields {
			if next := p.entity(f.Ref); next != nil && (next == to || leads(next)) {
				return true
			}
		}
		return false
	}
	return leads(from)
}
