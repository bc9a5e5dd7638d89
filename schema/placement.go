package schema

import "slices"

// Placement says where the records of an entity live: in which shards, and what
// decides in which of them.
type Placement struct {
	Home   string // the entity, as it is called in Redis, whose shards these are; "": the entity itself
	Shards int    // how many there are, 1 or more
	Key    []int  // the parts of the primary key that place a record; nil: all, in order
}

// Placement returns where the records of e live, a valid entity of p.
func (p *Package) Placement(e *Entity) Placement {
	home := p.home(e)
	place := Placement{Shards: max(1, home.Shards)}
	if home != e {
		place.Home = home.Name
	}
	keys := e.Keys()
	chosen := e.shardKey()
	if len(chosen) == len(keys) {
		return place
	}
	for i, f := range keys {
		if slices.Contains(chosen, f) {
			place.Key = append(place.Key, i)
		}
	}
	return place
}

// Global tells whether equal values of the unique index x of e, a valid entity
// of p, may belong to different shards: there are several, and the fields of the
// index do not contain all that places a record.
func (p *Package) Global(e *Entity, x *Index) bool {
	if home := p.home(e); x.Kind != Unique || home == nil || home.Shards <= 1 {
		return false
	}
	return slices.ContainsFunc(e.shardKey(), func(f *Field) bool { return !slices.Contains(x.Fields, f.Name) })
}

// Reference is a field that refers to a record in the same shard.
type Reference struct {
	From  *Entity
	Field *Field
	Index *Index // the equality index of From that has the field alone
	To    *Entity
}

// References returns the references between the entities of p, which is valid,
// in the order of the source.
func (p *Package) References() []Reference {
	var all []Reference
	for _, e := range p.Entities {
		for _, f := range e.Fields {
			if f.Ref != "" {
				all = append(all, Reference{e, f, e.finds(f), p.entity(f.Ref)})
			}
		}
	}
	return all
}

// Cascade tells whether the record goes with the one that it refers to.
func (r Reference) Cascade() bool { return r.Field.OnDelete == "cascade" }

// Keyspace returns what is between the hash tag and the rest of each key of e:
// ":" in shards of its own, "messages:" in those of another entity.
func (e *Entity) Keyspace() string {
	if e.In == "" {
		return ":"
	}
	return e.Name + ":"
}

// entity returns the entity of that Go type, or nil.
func (p *Package) entity(goType string) *Entity {
	for _, e := range p.Entities {
		if e.Type == goType {
			return e
		}
	}
	return nil
}

// home returns the entity in whose shards the records of e live, which may be e
// itself; nil if that leads nowhere or in a circle.
func (p *Package) home(e *Entity) *Entity {
	for range p.Entities {
		if e == nil || e.In == "" {
			return e
		}
		e = p.entity(e.In)
	}
	return nil
}

// shardKey returns the key fields that place a record.
func (e *Entity) shardKey() []*Field {
	var chosen []*Field
	for _, f := range e.Keys() {
		if f.Shard {
			chosen = append(chosen, f)
		}
	}
	if chosen == nil {
		return e.Keys()
	}
	return chosen
}

// finds returns the index that finds records by f alone, or nil.
func (e *Entity) finds(f *Field) *Index {
	for _, x := range e.Indexes {
		if x.Kind == Equal && len(x.Fields) == 1 && x.Fields[0] == f.Name {
			return x
		}
	}
	return nil
}
