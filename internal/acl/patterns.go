package acl

import (
	"slices"
	"strings"

	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/schema"
)

// patterns returns the patterns of the keys of all entities, and of no others; and
// those among them of plain strings: what tells how those are placed that are in
// several shards, or in another's; and who loads a record that expires.
func patterns(packages []*schema.Package, prefix string) (keys, strs []string) {
	add := func(pattern string) {
		if !slices.Contains(keys, pattern) {
			keys = append(keys, pattern)
		}
	}
	prefix = escape(prefix)
	for _, p := range packages {
		for _, e := range p.Entities {
			at := p.Placement(e)
			if own := prefix + "{" + e.Name + "}:"; at.Home != "" || at.Shards > 1 {
				strs = append(strs, own+"p")
				// Before it says so, the list of a single shard has to be empty.
				add(own + "*")
			}
			for _, space := range spaces(e.Name, at) {
				add(prefix + space + "*")
				if e.Expires {
					strs = append(strs, prefix+space+"n:*")
				}
			}
		}
	}
	return keys, strs
}

// spaces returns the patterns of what the keys of an entity begin with in each of its
// shards, behind the prefix.
func spaces(entity string, at schema.Placement) []string {
	home, tail := entity, ":"
	if at.Home != "" {
		home, tail = at.Home, entity+":"
	}
	var list []string
	for _, tag := range tags(home, at.Shards) {
		list = append(list, "{"+tag+"}"+tail)
	}
	return list
}

// tags returns the patterns of the hash tags of all shards of an entity. A
// pattern for each would be many; these stand for tags of the same form, which no
// other entity has.
func tags(entity string, shards int) []string {
	var list []string
	for i := range shards {
		tag := placement.Tag(entity, i, shards)
		if form := form(tag, len(entity)); !slices.Contains(list, form) {
			list = append(list, form)
		}
	}
	return list
}

// form returns the pattern of tags like this: with any other digits for the number
// of the shard, and any other letters at the end.
func form(tag string, name int) string {
	number, total, sharded := strings.Cut(tag[name:], "/")
	if !sharded {
		return tag
	}
	count := strings.TrimRight(total, "abcdefghijklmnopqrstuvwxyz")
	return tag[:name] + "." + strings.Repeat("[0-9]", len(number)-1) + "/" + count + strings.Repeat("[a-z]", len(total)-len(count))
}

// escape returns the pattern that matches s alone.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(s)
}
