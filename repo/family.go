package repo

import (
	"fmt"
	"slices"
	"strings"
)

// family returns an entity and all whose records can go with one of its records, or
// keep it from being deleted.
func (info *entityInfo) family() []*entityInfo { return families([]*entityInfo{info}) }

// families returns entities and those that refer to their records, each once.
func families(list []*entityInfo) []*entityInfo {
	list = slices.Clone(list)
	for i := 0; i < len(list); i++ {
		for _, child := range list[i].children {
			if child.Entity == nil {
				continue
			}
			info := child.Entity.describe()
			if entityAt(list, info.name) < 0 {
				list = append(list, info)
			}
		}
	}
	return list
}

// entityAt returns where the entity of that name is in a list.
func entityAt(list []*entityInfo, name string) int {
	return slices.IndexFunc(list, func(info *entityInfo) bool { return info.name == name })
}

// tail is what is between the hash tag and the name of a key.
func (info *entityInfo) tail() string {
	if info.home == "" {
		return ":"
	}
	return info.name + ":"
}

// refers tells whether records refer to others.
func (info *entityInfo) refers() bool {
	return strings.Contains(info.script, "\nlocal function parents(")
}

// kindParts returns the Lua that makes an entity the nth of a script's kinds; if it
// is written by it, with what prepares that.
func (info *entityInfo) kindParts(n int, written bool) []string {
	parts := append([]string{"do", info.script}, info.eventParts()...)
	plan := ""
	if written {
		parts = append(parts, info.farParts()...)
		parts = append(parts, "local function plan()", part("write"), "return replies, writes, function()", part("carry"), "end\nend")
		plan = ", plan = plan"
	}
	return append(parts, info.kind(n, plan), "end")
}

// kind returns the Lua that puts the local names of an entity's own part into the nth
// of a script's kinds.
func (info *entityInfo) kind(n int, more string) string {
	return fmt.Sprintf("kinds[%d] = { tail = %s, fields = fields, named = named, move = move, far = far, expires = expires, retry = retry, version = version, events = events, tell = tell%s }",
		n, luaString(info.tail()), more)
}

// relationParts returns the Lua that says how entities refer to each other.
func relationParts(list []*entityInfo) string {
	var b strings.Builder
	b.WriteString("local relations = {")
	for _, info := range list {
		b.WriteString("\n  {")
		for n, child := range info.children {
			to := info
			if child.Entity != nil {
				to = list[entityAt(list, child.Entity.describe().name)]
			}
			fmt.Fprintf(&b, "\n    { name = '%s.%d', kind = %d, index = %s, field = %s, cascade = %t },", info.name, n,
				entityAt(list, to.name)+1, luaString(child.Index), luaString(to.fields[to.referring(child)].Name), child.Cascade)
		}
		b.WriteString("\n  },")
	}
	b.WriteString("\n}")
	return b.String()
}

// referring returns the field by which records of an entity refer to others.
func (info *entityInfo) referring(child Child) int {
	for _, ix := range info.indexes {
		if ix.Kind == IndexEqual && ix.Name == child.Index {
			return ix.Fields[0]
		}
	}
	panic("redisgen: " + child.Name + " has no index " + child.Index)
}

// cascadeParts returns the Lua by which a write script of an entity deletes what
// refers to its records.
func (info *entityInfo) cascadeParts() []string {
	list := info.family()
	parts := []string{"if op == 'delete' then", "local kinds, written = {}, {}", info.kind(1, "")}
	for i, other := range list[1:] {
		parts = append(parts, other.kindParts(i+2, false)...)
	}
	return append(parts, relationParts(list), part("spaces"), part("cascade"), `
enter(kinds[1].tail)
fell = function(record, id)
  return topple(1, record, id)
end
finish = function()
  fall()
  settle_all()
end
end`)
}

// luaString returns text as Lua has it, whatever its bytes.
func luaString(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for i := range len(s) {
		if c := s[i]; c >= ' ' && c <= '~' && c != '\'' && c != '\\' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03d`, c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
