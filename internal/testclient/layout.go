package testclient

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/redisgen/redisgen/internal/load"
	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/schema"
)

// Layout says in which shards the records of entities are that are placed by their whole key, so that a suite can look
// at keys whether its entities have one shard or several.
type Layout map[string]schema.Placement

// LoadPackages reads packages of entities from their source, in some folders.
func LoadPackages(folders ...string) ([]*schema.Package, error) {
	loaded, mistakes, err := load.Load("", folders...)
	if err != nil || len(mistakes) > 0 {
		return nil, fmt.Errorf("load %q: %v %v", folders, err, mistakes)
	}
	packages := make([]*schema.Package, len(loaded))
	for i, p := range loaded {
		packages[i] = p.Package
	}
	return packages, nil
}

// LayoutOf returns where the records of the entities of packages are.
func LayoutOf(packages []*schema.Package) Layout {
	l := Layout{}
	for _, p := range packages {
		for _, e := range p.Entities {
			l[e.Name] = p.Placement(e)
		}
	}
	return l
}

// Shards returns how many shards an entity has.
func (l Layout) Shards(entity string) int { return l[entity].Shards }

// Sharded tells whether an entity has more than one shard.
func (l Layout) Sharded(entity string) bool { return l[entity].Shards > 1 }

// Spaces returns what the keys of an entity begin with in each of its shards, behind the prefix: "{users.0/16ag}:".
func (l Layout) Spaces(entity string) []string {
	place, tail := l[entity], ":"
	if place.Home != "" {
		tail = entity + ":"
	}
	var spaces []string
	for _, tag := range placement.Tags(cmp.Or(place.Home, entity), place.Shards) {
		spaces = append(spaces, "{"+tag+"}"+tail)
	}
	return spaces
}

// Shard returns which shard has the record of an id.
func (l Layout) Shard(entity, id string) int {
	place := l[entity]
	if place.Key != nil || place.Shards == 0 {
		panic(fmt.Sprintf("testclient: %q is not placed by its whole key", entity))
	}
	return placement.Shard(id, place.Shards)
}

// Space returns what the keys of the shard begin with that has the record of an id.
func (l Layout) Space(entity, id string) string { return l.Spaces(entity)[l.Shard(entity, id)] }

// ByShard returns ids as a query finds them that has no order: shard after shard, and in each as they were.
func (l Layout) ByShard(entity string, ids ...string) []string {
	sorted := slices.Clone(ids)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(l.Shard(entity, a), l.Shard(entity, b)) })
	return sorted
}
