package cli

import (
	"slices"

	"github.com/redisgen/redisgen/gen/lua"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
)

// descriptor is what generated code tells package repo of an entity, but for the
// functions that have to do with its Go type.
type descriptor = repo.Entity[any, string]

// descriptors returns those of the entities of a package.
func descriptors(p *schema.Package) []repo.AnyEntity {
	of := make(map[*schema.Entity]*descriptor, len(p.Entities))
	var list []repo.AnyEntity
	for _, e := range p.Entities {
		of[e] = describeEntity(p, e)
		list = append(list, of[e])
	}
	for _, r := range p.References() {
		child := repo.Child{Name: r.From.Type + "." + r.Field.Go, Index: r.Index.Name, Cascade: r.Cascade()}
		if r.From != r.To {
			child.Entity = of[r.From]
		}
		of[r.To].Children = append(of[r.To].Children, child)
	}
	return list
}

func describeEntity(p *schema.Package, e *schema.Entity) *descriptor {
	place := p.Placement(e)
	d := &descriptor{
		Name: e.Name, Type: e.Type,
		Expires: e.Expires, TTL: e.TTL, Sliding: e.Sliding, Retry: e.Retry,
		Home: place.Home, ShardKey: place.Key,
		Script: lua.Script(p, e),
	}
	if place.Shards > 1 {
		d.Shards = place.Shards
	}
	if i, ok := e.Listing(); ok {
		d.Listing = &i
	}
	for _, f := range e.Fields {
		d.Fields = append(d.Fields, describeField(e, f))
	}
	for _, ix := range e.Indexes {
		d.Indexes = append(d.Indexes, describeIndex(p, e, ix))
	}
	return d
}

func describeField(e *schema.Entity, f *schema.Field) repo.FieldInfo {
	info := repo.FieldInfo{
		Name: f.Name, Kind: storedKinds[f.Type.Kind], Role: fieldRole(f),
		Fold: f.Fold, Geo: f.Geo, Secret: f.Secret, OmitEmpty: f.OmitEmpty,
	}
	switch f.Type.Kind {
	case schema.Duration:
		info.Bits = 64
	case schema.Int, schema.Uint, schema.Float:
		info.Bits = f.Type.Bits
	}
	info.Scored = slices.ContainsFunc(e.Indexes, func(ix *schema.Index) bool {
		return ix.Kind == schema.Score && ix.Fields[0] == f.Name || ix.Order == f.Name
	})
	return info
}

func describeIndex(p *schema.Package, e *schema.Entity, ix *schema.Index) repo.Index {
	d := repo.Index{Name: ix.Name, Kind: indexKinds[ix.Kind], Each: eachElement(e, ix), Global: p.Global(e, ix)}
	for _, name := range ix.Fields {
		d.Fields = append(d.Fields, e.FieldIndex(name))
	}
	if ix.Order != "" {
		d.Order = new(e.FieldIndex(ix.Order))
	}
	return d
}

var storedKinds = map[schema.Kind]repo.Kind{
	schema.String:   repo.KindString,
	schema.Bool:     repo.KindBool,
	schema.Int:      repo.KindInt,
	schema.Uint:     repo.KindUint,
	schema.Float:    repo.KindFloat,
	schema.Bytes:    repo.KindBytes,
	schema.Time:     repo.KindTime,
	schema.Duration: repo.KindInt,
	schema.Text:     repo.KindText,
	schema.Binary:   repo.KindBinary,
	schema.JSON:     repo.KindJSON,
}

var indexKinds = map[schema.IndexKind]repo.IndexKind{
	schema.Unique: repo.IndexUnique,
	schema.Equal:  repo.IndexEqual,
	schema.Score:  repo.IndexScore,
	schema.Lex:    repo.IndexLex,
	schema.Geo:    repo.IndexGeo,
}

func fieldRole(f *schema.Field) repo.Role {
	switch {
	case f.Key:
		return repo.RoleKey
	case f.Version:
		return repo.RoleVersion
	case f.Created:
		return repo.RoleCreated
	case f.Updated:
		return repo.RoleUpdated
	case f.Expires:
		return repo.RoleExpires
	}
	return repo.RoleNone
}
