package gen

import (
	"fmt"
	"go/token"

	"github.com/redisgen/redisgen/schema"
)

// unreachable reports the types and fields that the output package cannot
// name.
func (g *generator) unreachable() schema.Errors {
	var errs schema.Errors
	for _, e := range g.pkg.Entities {
		report := func(f *schema.Field, what string) {
			err := &schema.Error{
				Pos:     e.Pos,
				Entity:  e.Type,
				Problem: fmt.Sprintf("%s is not exported, so code in package %s cannot use it", what, g.name),
				Instead: "export it",
			}
			if f != nil {
				err.Pos, err.Field = f.Pos, f.Go
			}
			if g.elsewhere() {
				err.Instead += ", or generate beside the struct, without -out"
			}
			errs = append(errs, err)
		}
		if g.elsewhere() && !token.IsExported(e.Type) {
			report(nil, "the type")
		}
		for _, f := range e.Fields {
			if g.elsewhere() && !token.IsExported(f.Go) {
				report(f, "the field")
			}
			for path, name := range qualified(f.Type.Go) {
				if path != g.path && !token.IsExported(name) {
					report(f, "type "+g.packageName(path)+"."+name)
					break
				}
			}
		}
	}
	return errs
}
