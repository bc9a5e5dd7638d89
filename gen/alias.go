package gen

import (
	"go/token"

	"github.com/dave/jennifer/jen"

	"github.com/redisgen/redisgen/internal/names"
)

// alias is a name in the output package for one of another package.
type alias struct{ name, path, target string }

// planAliases names what the output package declares in place of the package
// of the entities: types first, then the constants of the enums.
func (g *generator) planAliases(scope *names.Scope) {
	for _, e := range g.pkg.Entities {
		g.typeAliases = append(g.typeAliases, alias{scope.Pick(e.Type), g.pkg.Path, e.Type})
	}
	for _, en := range g.enums {
		if en.path == g.path || !token.IsExported(en.name) {
			continue
		}
		prefix := ""
		if !scope.Free(en.name) {
			prefix = names.Exported(g.packageName(en.path))
		}
		g.typeAliases = append(g.typeAliases, alias{scope.Pick(prefix + en.name), en.path, en.name})
		for _, c := range en.constants {
			for path, name := range qualified(c.Go) {
				if token.IsExported(name) {
					en.aliases = append(en.aliases, alias{scope.Pick(prefix+name, names.Exported(g.packageName(path))+name), path, name})
				}
			}
		}
	}
}

// declareAliases fills the file of the aliases.
func (g *generator) declareAliases(s *source) {
	for _, a := range g.typeAliases {
		s.declare(a.name+" is ["+g.imports[a.path]+"."+a.target+"].",
			jen.Type().Id(a.name).Op("=").Qual(a.path, a.target))
	}
	for _, en := range g.enums {
		if len(en.aliases) == 0 {
			continue
		}
		var constants []jen.Code
		for _, a := range en.aliases {
			constants = append(constants, jen.Id(a.name).Op("=").Qual(a.path, a.target))
		}
		s.declare("The values of ["+g.imports[en.path]+"."+en.name+"].", jen.Const().Defs(constants...))
	}
}
