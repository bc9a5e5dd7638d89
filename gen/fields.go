package gen

import (
	"github.com/dave/jennifer/jen"

	"github.com/redisgen/redisgen/schema"
)

// fieldType names the type of package repo that stands for a field in queries
// and patches, "" when there is nothing to ask of it or to change.
func (e *entity) fieldType(f *schema.Field) string {
	var equal, each, ordered, lex bool
	for _, ix := range e.Indexes {
		if ix.Order == f.Name {
			ordered = true
		}
		for _, name := range ix.Fields {
			if name != f.Name {
				continue
			}
			switch ix.Kind {
			case schema.Unique, schema.Equal:
				equal = true
				each = f.Type.Elem != nil
			case schema.Score:
				ordered = true
			case schema.Lex:
				lex = true
			}
		}
	}
	prefix := ""
	switch {
	case each:
		return "MemberField"
	case lex:
		prefix = "Lex"
	case ordered:
		prefix = "Range"
	case equal:
		prefix = "Equal"
	}
	switch {
	case f.Key || f.Version || f.Created || f.Updated:
		return prefix
	case isNumber(f):
		return prefix + "Number"
	}
	return prefix + "Field"
}

// isNumber reports whether adding to the field makes sense.
func isNumber(f *schema.Field) bool {
	if len(f.Enum) > 0 {
		return false
	}
	switch f.Type.Kind {
	case schema.Int, schema.Uint, schema.Float, schema.Duration:
		return true
	}
	return false
}

// declareFields declares the variable that names the fields in queries and
// patches.
func (e *entity) declareFields(s *source) {
	var types, values []jen.Code
	for i, f := range e.Fields {
		name := e.fieldType(f)
		if name == "" {
			continue
		}
		params := []jen.Code{e.pointer(), goType(f.Type.Go)}
		args := []jen.Code{jen.Lit(i), e.putFunc(f)}
		if name == "MemberField" {
			params = append(params, goType(f.Type.Elem.Go))
			args = append(args, e.putOf(*f.Type.Elem))
		}
		types = append(types, jen.Id(f.Go).Add(e.repo(name)).Types(params...))
		values = append(values, pair(f.Go, e.repo("New"+name).Types(e.pointer()).Call(args...)))
	}
	if len(types) == 0 {
		return
	}
	s.declare(e.fieldsVar+" names the fields of "+e.Type+" in queries and patches.",
		jen.Var().Id(e.fieldsVar).Op("=").Struct(types...).Add(lines(values...)))
}

// putFunc is the function that writes a value of the field.
func (e *entity) putFunc(f *schema.Field) jen.Code {
	if en := e.g.enumOf[f.Type.Go]; en != nil && len(f.Enum) > 0 {
		return jen.Id(en.put)
	}
	return e.putOf(f.Type)
}

// putOf is the function of package repo that writes a value of type t.
func (e *entity) putOf(t schema.Type) jen.Code {
	put := e.repo("Put" + methods[t.Kind])
	if t.Kind == schema.Time {
		return put
	}
	return put.Types(goType(t.Go))
}
