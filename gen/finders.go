package gen

import (
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/redisgen/redisgen/internal/names"
	"github.com/redisgen/redisgen/schema"
)

// finder is a method that gets the one record with the values of a unique
// index.
type finder struct {
	name   string
	index  int // position in Entity.Indexes
	fields []*schema.Field
	params []string // one for each field
}

// planFinders names the finders and their parameters.
func (e *entity) planFinders() {
	methods := names.NewScope()
	for i, ix := range e.Indexes {
		if ix.Kind != schema.Unique {
			continue
		}
		f := finder{index: i}
		locals := e.g.locals.Inner()
		var words []string
		for _, name := range ix.Fields {
			field := e.field(name)
			local := names.Unexported(field.Go)
			f.fields = append(f.fields, field)
			f.params = append(f.params, locals.Pick(local, local+"Value"))
			words = append(words, names.Exported(field.Go))
		}
		f.name = methods.Pick("GetBy"+strings.Join(words, "And"), "GetBy"+names.Exported(ix.Name))
		e.finders = append(e.finders, f)
	}
}

func (e *entity) declareFinders(s *source) {
	for _, f := range e.finders {
		var params, puts []jen.Code
		var words []string
		for i, field := range f.fields {
			param := func() *jen.Statement { return jen.Id(f.params[i]) }
			if i+1 < len(f.fields) && f.fields[i+1].Type.Go == field.Type.Go {
				params = append(params, param()) // the next one shows the type
			} else {
				params = append(params, param().Add(goType(field.Type.Go)))
			}
			puts = append(puts, e.g.put(field, variable(param)))
			words = append(words, names.Prose(field.Go))
		}
		s.declare(f.name+" returns the "+e.singular()+" with that "+list(words)+", or "+e.link("ErrNotFound")+".",
			jen.Func().Params(jen.Id("r").Op("*").Id(e.repository)).Id(f.name).
				Params(append([]jen.Code{jen.Id("ctx").Qual("context", "Context")}, params...)...).
				Params(e.pointer(), jen.Error()).Block(
				jen.Return(jen.Id("r").Dot("GetUnique").Call(
					jen.Id("ctx"), jen.Lit(f.index),
					jen.Func().Params(jen.Id("row").Op("*").Add(e.repo("Row"))).Add(body(puts)),
				)),
			))
	}
}

// body is the body of a function literal: one statement stays on its line.
func body(statements []jen.Code) jen.Code {
	if len(statements) == 1 {
		return oneLine(statements...)
	}
	return jen.Block(statements...)
}

// list joins words as a sentence does: tenant, region and name.
func list(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
