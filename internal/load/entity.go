package load

import (
	"fmt"
	"go/token"
	"go/types"
	"slices"
	"strconv"

	"golang.org/x/tools/go/packages"

	"github.com/redisgen/redisgen/schema"
)

// readEntity reads the entity that d declares. It is nil when d is no struct.
func (l *loader) readEntity(root *packages.Package, d *declaration) *schema.Entity {
	name := d.spec.Name.Name
	at := l.at(d.entity)
	line, errs := schema.ParseEntity(d.entity.args)
	l.failSyntax(name, "", errs, at)

	object, ok := root.Types.Scope().Lookup(name).(*types.TypeName)
	if !ok {
		l.fail(name, d.spec.Name.Pos(), "the type is not known to the compiler", "make sure that it is declared once")
		return nil
	}
	structure, ok := object.Type().Underlying().(*types.Struct)
	switch {
	case d.spec.Assign.IsValid():
		l.fail(name, d.spec.Name.Pos(), "an alias cannot be an entity", "declare a struct type, without =")
		return nil
	case d.spec.TypeParams != nil:
		l.fail(name, d.spec.Name.Pos(), "a generic type cannot be an entity", "declare a struct without type parameters; its fields may have generic types")
		return nil
	case !ok:
		l.fail(name, d.spec.Name.Pos(), "only a struct can be an entity", "move the directive to a struct type")
		return nil
	case !token.IsExported(name):
		l.fail(name, d.spec.Name.Pos(), "an entity must be exported", "start its name with an upper-case letter")
	}

	e := &schema.Entity{Type: name, Doc: d.doc, Pos: l.pos(d.spec.Name.Pos())}
	e.Declare(line, at)
	r := &reader{loader: l, root: root, object: object, entity: e}
	r.collect(structure, nil, nil, e.Pos)
	for _, m := range r.members {
		r.readMember(m)
	}
	for _, d := range d.indexes {
		line, errs := schema.ParseIndex(d.args)
		l.failSyntax(name, "", errs, l.at(d))
		if len(errs) == 0 {
			l.errs = append(l.errs, e.AddIndex(line, l.at(d))...)
		}
	}
	e.Validates = validates(object)
	return e
}

// reader reads the fields of one entity.
type reader struct {
	*loader
	root    *packages.Package
	object  *types.TypeName
	entity  *schema.Entity
	members []*member
}

// member is a field of the struct or of a struct embedded in it, stored or not.
type member struct {
	v      *types.Var
	source fieldSource
	index  []int    // of each embedded struct on the way, and of the field
	path   []string // their names
	pos    schema.Pos
	tag    *schema.StructTag // nil: not stored
	at     func(offset int) schema.Pos
}

// collect lists the members of s in order. The position near stands in for
// those of fields whose source cannot be read.
func (r *reader) collect(s *types.Struct, index []int, path []string, near schema.Pos) {
	for i := range s.NumFields() {
		v := s.Field(i)
		m := &member{
			v:      v,
			source: r.source(v),
			index:  append(slices.Clip(index), i),
			path:   append(slices.Clip(path), v.Name()),
			pos:    near,
			at:     func(int) schema.Pos { return near },
		}
		literal := strconv.Quote(s.Tag(i))
		if f := m.source.field; f != nil {
			m.pos = r.pos(m.source.name.Pos())
			if f.Tag != nil {
				literal = f.Tag.Value
				m.at = func(offset int) schema.Pos { return r.pos(f.Tag.Pos() + token.Pos(offset)) }
			}
		}
		tag, err := schema.FindStructTag(literal)
		if err != nil {
			r.failSyntax(r.entity.Type, v.Name(), []*schema.SyntaxError{err}, m.at)
			continue
		}
		r.members = append(r.members, m)
		switch {
		case tag == nil && v.Embedded():
			r.collectEmbedded(m)
		case tag != nil && tag.Value != "-":
			m.tag = tag
		}
	}
}

func (r *reader) collectEmbedded(m *member) {
	t := types.Unalias(m.v.Type())
	pointer, isPointer := t.(*types.Pointer)
	if isPointer {
		t = pointer.Elem()
	}
	s, ok := t.Underlying().(*types.Struct)
	switch {
	case !ok:
	case !isPointer:
		r.collect(s, m.index, m.path, m.pos)
	case hasTags(s):
		r.fail(m.v.Name(), m.pos, "an embedded pointer, which may be nil", "embed the struct itself, without *")
	}
}

// hasTags says whether s, or a struct embedded in it, has redis tags.
func hasTags(s *types.Struct) bool {
	for i := range s.NumFields() {
		if tag, _ := schema.FindStructTag(strconv.Quote(s.Tag(i))); tag != nil {
			return true
		}
		if s.Field(i).Embedded() {
			if inner, ok := s.Field(i).Type().Underlying().(*types.Struct); ok && hasTags(inner) {
				return true
			}
		}
	}
	return false
}

// readMember adds the field that m is, if it is stored.
func (r *reader) readMember(m *member) {
	if m.tag == nil || !r.promoted(m) {
		return
	}
	name := m.v.Name()
	at := func(offset int) schema.Pos { return m.at(m.tag.Offset(offset)) }
	if !m.v.Exported() {
		r.fail(name, m.pos, "an unexported field cannot be stored", "start its name with an upper-case letter, or remove the redis tag")
		return
	}
	tag, errs := schema.ParseTag(m.tag.Value)
	r.failSyntax(r.entity.Type, name, errs, at)

	f := &schema.Field{Go: name, Path: m.path, Doc: m.source.doc(), Pos: m.pos}
	typ, problem := r.resolve(m.v.Type())
	if problem != nil {
		pos := m.pos
		if m.source.field != nil {
			pos = r.pos(m.source.field.Type.Pos())
		}
		if problem == unknownType {
			problem = &mistake{r.whyUnknown(m.source), problem.instead}
		}
		r.fail(name, pos, problem.problem, problem.instead)
	} else {
		f.Type = typ
	}
	r.entity.AddField(f, tag, at)
	if pos, ok := f.TagPos["omitempty"]; ok && problem == nil && !hasZero(m.v.Type()) {
		r.fail(name, pos, "omitempty on a type that cannot be compared with its zero value", "remove omitempty, or use a pointer")
	}
	if pos, ok := f.TagPos["enum"]; ok && problem == nil {
		r.readEnum(f, m.v.Type(), pos)
	}
}

// promoted says whether Go finds m by its name in the entity. It complains
// when Go does so in none of several, and when a method is found instead.
func (r *reader) promoted(m *member) bool {
	if len(m.index) == 1 {
		return true
	}
	name := m.v.Name()
	found, index, _ := types.LookupFieldOrMethod(r.object.Type(), true, m.v.Pkg(), name)
	switch found := found.(type) {
	case *types.Var:
		return slices.Equal(index, m.index) // else hidden by a field less deep
	case *types.Func:
		r.errs = append(r.errs, &schema.Error{
			Pos: m.pos, Entity: r.entity.Type, Field: name,
			Problem: "a method hides the embedded field", Instead: "rename one of the two",
			Other: r.pos(found.Pos()), OtherNote: "the method " + name,
		})
		return false
	}
	for _, other := range r.members {
		if other == m {
			return false // first of its name, the others complain
		}
		if other.v.Name() == name && len(other.index) == len(m.index) {
			r.errs = append(r.errs, &schema.Error{
				Pos: m.pos, Entity: r.entity.Type, Field: name,
				Problem: fmt.Sprintf("two embedded structs have a field %s, so Go finds neither", name),
				Instead: "rename one, or declare " + name + " in the entity itself",
				Other:   other.pos, OtherNote: "the other " + name,
			})
			return false
		}
	}
	return false
}

// fail reports a mistake of a field.
func (r *reader) fail(field string, pos schema.Pos, problem, instead string) {
	r.errs = append(r.errs, &schema.Error{Pos: pos, Entity: r.entity.Type, Field: field, Problem: problem, Instead: instead})
}

// validates says whether the type has a method Validate() error.
func validates(object *types.TypeName) bool {
	method, _, _ := types.LookupFieldOrMethod(object.Type(), true, object.Pkg(), "Validate")
	f, ok := method.(*types.Func)
	if !ok {
		return false
	}
	s := f.Signature()
	return s.Params().Len() == 0 && s.Results().Len() == 1 &&
		types.Identical(s.Results().At(0).Type(), types.Universe.Lookup("error").Type())
}
