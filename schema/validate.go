package schema

import "fmt"

// Validate returns the mistakes in p, sorted by position: options that do not
// fit the type of their field or each other, and names given twice.
//
// A field of the zero [Kind] is one whose type cannot be stored. Whoever read
// the source has complained about that, so Validate does not.
func (p *Package) Validate() Errors {
	var errs Errors
	entities := map[string]*Entity{}
	for _, e := range p.Entities {
		c := checker{pkg: p, entity: e}
		if first, ok := entities[e.Name]; ok {
			c.clash(nil, e.position(""), fmt.Sprintf("entity %s is declared twice", e.Name), "write another name",
				first.position(""), fmt.Sprintf("%s is %s", first.Type, e.Name))
		} else if e.Name != "" {
			entities[e.Name] = e
		}
		c.check()
		errs = append(errs, c.errs...)
	}
	errs.Sort()
	return errs
}

// position returns where an option of the entity is, or the entity's name.
func (e *Entity) position(option string) Pos {
	if pos, ok := e.Directives[option]; ok {
		return pos
	}
	return e.Pos
}

// position returns where an option of the field is, or the field's name.
func (f *Field) position(option string) Pos {
	if pos, ok := f.TagPos[option]; ok {
		return pos
	}
	return f.Pos
}

// checker collects the mistakes of one entity.
type checker struct {
	pkg    *Package
	entity *Entity
	errs   Errors
}

// fail reports a mistake of field f, or of the entity when f is nil.
func (c *checker) fail(f *Field, pos Pos, problem, instead string) {
	c.clash(f, pos, problem, instead, Pos{}, "")
}

func (c *checker) clash(f *Field, pos Pos, problem, instead string, other Pos, note string) {
	err := &Error{Pos: pos, Entity: c.entity.Type, Problem: problem, Instead: instead, Other: other, OtherNote: note}
	if f != nil {
		err.Field = f.Go
	}
	c.errs = append(c.errs, err)
}

func (c *checker) check() {
	c.checkEntity()
	c.checkNames()
	for _, f := range c.entity.Fields {
		c.checkKey(f)
		c.checkRoles(f)
		c.checkOptions(f)
		c.checkEvent(f)
		if f.Ref != "" {
			c.checkRef(f)
		}
	}
	c.checkOneOfEachRole()
	c.checkIndexes()
	c.checkPlacement()
}

func (c *checker) checkEntity() {
	e := c.entity
	switch {
	case len(e.Fields) == 0:
		c.fail(nil, e.Pos, "no field is stored", `give fields a tag, as in redis:"id,key"`)
	case len(e.Keys()) == 0:
		c.fail(nil, e.Pos, "no field is the key", `give one the option key, as in redis:"id,key"`)
	}
	if e.Sliding && e.TTL == 0 {
		c.fail(nil, e.position("sliding"), "sliding without a default TTL to renew", "write it together with a duration, as in ttl=1h")
	}
}

// checkNames checks that no two fields have one name in Redis.
func (c *checker) checkNames() {
	seen := map[string]*Field{}
	for _, f := range c.entity.Fields {
		if first, ok := seen[f.Name]; ok {
			c.clash(f, f.position(""), fmt.Sprintf("the name %s is taken", f.Name), "write another name",
				first.position(""), fmt.Sprintf("%s.%s is %s", c.entity.Type, first.Go, f.Name))
		} else if f.Name != "" {
			seen[f.Name] = f
		}
	}
}
