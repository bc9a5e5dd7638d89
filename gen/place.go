package gen

import (
	"github.com/dave/jennifer/jen"

	"github.com/redisgen/redisgen/schema"
)

// placementItems hands over the elements of repo.Entity that say where records
// live and what refers to them.
func (e *entity) placementItems(item func(name string, value jen.Code)) {
	place := e.g.pkg.Placement(e.Entity)
	if place.Shards > 1 {
		item("Shards", jen.Lit(place.Shards))
	}
	if place.Home != "" {
		item("Home", jen.Lit(place.Home))
	}
	if place.Key != nil {
		var parts []jen.Code
		for _, i := range place.Key {
			parts = append(parts, jen.Lit(i))
		}
		item("ShardKey", jen.Index().Int().Values(parts...))
	}
	if children := e.children(); len(children) > 0 {
		item("Children", jen.Index().Add(e.repo("Child")).Add(lines(children...)))
	}
}

// children are the elements of repo.Entity.Children.
func (e *entity) children() []jen.Code {
	var all []jen.Code
	for _, r := range e.g.pkg.References() {
		if r.To != e.Entity {
			continue
		}
		var child []jen.Code
		if r.From != e.Entity {
			child = append(child, pair("Entity", jen.Id(e.g.entity(r.From).descriptor)))
		}
		child = append(child, pair("Name", jen.Lit(r.From.Type+"."+r.Field.Go)), pair("Index", jen.Lit(r.Index.Name)))
		if r.Cascade() {
			child = append(child, pair("Cascade", jen.True()))
		}
		all = append(all, jen.Values(child...))
	}
	return all
}

// entity returns what is planned for an entity of the schema.
func (g *generator) entity(of *schema.Entity) *entity {
	for _, e := range g.entities {
		if e.Entity == of {
			return e
		}
	}
	return nil
}
