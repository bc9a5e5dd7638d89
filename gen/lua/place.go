package lua

import (
	"fmt"
	"strings"

	"github.com/redisgen/redisgen/schema"
)

// visits returns the declarations of far and parents.
func visits(p *schema.Package, e *schema.Entity) string {
	far, parents := far(p, e), parents(p, e)
	between := "\n"
	if strings.Contains(far+parents, "\n") {
		between = "\n\n"
	}
	return far + between + parents
}

// far returns the declaration of the function of that name, which is nil where
// no index is global.
func far(p *schema.Package, e *schema.Entity) string {
	var b strings.Builder
	for _, ix := range e.Indexes {
		if p.Global(e, ix) {
			fmt.Fprintf(&b, "  f(%s, %s, %s)\n", quote(ix.Name), value(e, ix, "old"), value(e, ix, "new"))
		}
	}
	return visit("far", "what is unique across shards", "index, old value, new value", b.String())
}

// parents returns the declaration of the function of that name, which is nil
// where no field is a reference.
func parents(p *schema.Package, e *schema.Entity) string {
	var b strings.Builder
	for _, r := range p.References() {
		if r.From == e {
			name := r.Field.Name
			fmt.Fprintf(&b, "  f(%s, %s, %s, %s)\n", quote(name), quote(r.To.Keyspace()), get("old", name), get("new", name))
		}
	}
	return visit("parents", "what the record refers to", "field, keyspace, old id, new id", b.String())
}

// visit returns the declaration of a function that hands things to another one
// with some arguments each; nil if there is nothing to hand on.
func visit(name, things, arguments, body string) string {
	if body == "" {
		return fmt.Sprintf("local %s = nil -- %s: nothing", name, things)
	}
	return fmt.Sprintf("-- %s hands to f %s: %s.\nlocal function %s(old, new, f)\n%send", name, things, arguments, name, body)
}
