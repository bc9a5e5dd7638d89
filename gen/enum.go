package gen

import (
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/redisgen/redisgen/schema"
)

// enum is a type of which only the constants are stored. One function per
// package writes it.
type enum struct {
	schema.Type
	path, name string // of the type
	constants  []schema.Const
	users      []*schema.Entity // with a field of the type
	put        string           // the function
	aliases    []alias          // of the constants, when the code goes to another package
}

// planEnums collects the enum types, in order of their first use.
func (g *generator) planEnums() {
	for _, e := range g.pkg.Entities {
		for _, f := range e.Fields {
			if len(f.Enum) == 0 {
				continue
			}
			en := g.enumOf[f.Type.Go]
			if en == nil {
				en = &enum{Type: f.Type, constants: f.Enum}
				en.Pointer = false
				for path, name := range qualified(f.Type.Go) {
					en.path, en.name = path, name
					break
				}
				g.enumOf[f.Type.Go] = en
				g.enums = append(g.enums, en)
			}
			if !slices.Contains(en.users, e) {
				en.users = append(en.users, e)
			}
		}
	}
}

// sharedEnums reports whether several entities use one enum type.
func (g *generator) sharedEnums() bool {
	return slices.ContainsFunc(g.enums, func(en *enum) bool { return len(en.users) > 1 })
}

// declareSharedEnums fills the file of the enum types that several entities
// use.
func (g *generator) declareSharedEnums(s *source) {
	for _, en := range g.enums {
		if len(en.users) > 1 {
			g.declarePut(s, en)
		}
	}
}

// declarePut declares the function that writes a value of an enum type.
func (g *generator) declarePut(s *source, en *enum) {
	name := en.name
	if en.path != g.path && en.path != g.pkg.Path {
		name = g.imports[en.path] + "." + name
	}
	s.declare(en.put+" writes "+article(name)+", refusing a value that is not one of its constants.",
		jen.Func().Id(en.put).Params(
			jen.Id("row").Op("*").Qual(repoPath, "Row"),
			jen.Id("v").Add(goType(en.Go)),
		).Block(jen.Switch(jen.Id("v")).Block(
			jen.Case(g.cases(en)...).Block(jen.Id("row").Dot(methods[en.Kind]).Call(toNative(en.Type, jen.Id("v")))),
			jen.Default().Block(jen.Id("row").Dot("Refuse").Call(jen.Qual(repoPath, "ErrEnum"))),
		)))
}

// article puts the indefinite article before a noun.
func article(noun string) string {
	if strings.ContainsRune("AEIOaeio", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// cases are the distinct values of an enum, by name, or by value where the
// output package cannot use the name.
func (g *generator) cases(en *enum) []jen.Code {
	var cases []jen.Code
	seen := map[string]bool{}
	for _, c := range en.constants {
		if seen[c.Value] {
			continue
		}
		seen[c.Value] = true
		var value jen.Code = goType(c.Go)
		for path, name := range qualified(c.Go) {
			if path != g.path && !token.IsExported(name) {
				value = literal(en.Kind, c.Value)
			}
		}
		cases = append(cases, value)
	}
	for i := casesPerLine; i < len(cases); i += casesPerLine {
		cases[i] = jen.Line().Add(cases[i])
	}
	return cases
}

// casesPerLine is how many constants a case clause lists on a line.
const casesPerLine = 4

// literal is a constant of a kind by its value.
func literal(k schema.Kind, value string) jen.Code {
	if k == schema.String {
		value = strconv.Quote(value)
	}
	return jen.Op(value)
}
