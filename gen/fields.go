package gen

import (
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/redisgen/redisgen/schema"
)

// fieldType names the type of package repo that stands for a field in queries
// and patches, "" for a key that nothing can be asked of.
func (e *entity) fieldType(f *schema.Field) string {
	query := e.queryType(f)
	switch {
	case f.Key && query == "":
		return ""
	case f.Key, f.Version, f.Created, f.Updated:
		return query + "Column"
	case query == "" && isNumber(f):
		return "NumberField"
	case query == "":
		return "Field"
	}
	name := query + "Field"
	switch {
	case isNumber(f) && query == "Lex":
		name = "RangeNumber" // a number has no prefixes
	case isNumber(f):
		name = query + "Number"
	}
	if isNilable(f) {
		return "Nilable" + name
	}
	return name
}

// queryType names what queries can ask of a field, "" for nothing.
func (e *entity) queryType(f *schema.Field) string {
	var equal, ordered, lex bool
	for _, ix := range e.Indexes {
		if ix.Order == f.Name {
			ordered = true
		}
		if !slices.Contains(ix.Fields, f.Name) {
			continue
		}
		switch ix.Kind {
		case schema.Unique, schema.Equal:
			equal = true
		case schema.Score:
			ordered = true
		case schema.Lex:
			lex = true
		}
	}
	switch {
	case f.Geo:
		return "Geo"
	case equal && f.Type.Elem != nil:
		return "Member"
	case lex:
		return "Lex"
	case ordered:
		return "Range"
	case equal:
		return "Equal"
	}
	return ""
}

// isNilable reports whether the field may be nil, which is stored as nothing.
func isNilable(f *schema.Field) bool {
	return f.Type.Pointer || f.Type.Nilable || f.Type.Kind == schema.Bytes
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
		params, args := e.fieldArgs(f, strings.TrimPrefix(name, "Nilable"))
		args = append([]jen.Code{jen.Lit(i)}, args...)
		types = append(types, jen.Id(f.Go).Op("*").Add(e.repo(name)).Types(params...))
		values = append(values, pair(f.Go, e.repo("New"+name).Types(e.pointer()).Call(args...)))
	}
	if len(types) == 0 {
		return
	}
	s.declare(e.fieldsVar+" names the fields of "+e.Type+" in queries and patches.",
		jen.Var().Id(e.fieldsVar).Op("=").Struct(types...).Add(lines(values...)))
}

// fieldArgs returns what a type of package repo takes to stand for a field:
// its type parameters, and what its constructor takes besides the position.
func (e *entity) fieldArgs(f *schema.Field, name string) (params, args []jen.Code) {
	params = []jen.Code{e.pointer()}
	if name == "Column" || name == "GeoField" {
		return params, nil
	}
	params = append(params, goType(f.Type.Go))
	args = []jen.Code{e.putFunc(f)}
	switch name {
	case "Field", "NumberField":
		return params, args
	case "MemberField":
		elem := *f.Type.Elem
		return append(params, goType(elem.Go)), append(args, e.putOf(elem), e.getOf(elem))
	}
	return params, append(args, e.getOf(f.Type))
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

// getOf is the function of package repo that reads a value of type t, which
// Go infers from the function beside it that writes one.
func (e *entity) getOf(t schema.Type) jen.Code { return e.repo("Get" + methods[t.Kind]) }
