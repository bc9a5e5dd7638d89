package lua

import (
	"fmt"
	"strings"

	"github.com/redisgen/redisgen/schema"
)

// conflict returns the body of the function of that name.
func conflict(p *schema.Package, e *schema.Entity) string {
	var b strings.Builder
	first := true
	for _, ix := range e.Indexes {
		if ix.Kind != schema.Unique || p.Global(e, ix) {
			continue
		}
		local := ""
		if first {
			local = "local "
			first = false
		}
		fmt.Fprintf(&b, "  %sby = taken(%s, %s, %s, id)\n", local, quote("u:"+ix.Name), value(e, ix, "old"), value(e, ix, "new"))
		fmt.Fprintf(&b, "  if by then return %s, by end\n", quote(ix.Name))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// move returns the body of the function of that name.
func move(p *schema.Package, e *schema.Entity) string {
	var b strings.Builder
	for _, ix := range e.Indexes {
		switch ix.Kind {
		case schema.Unique:
			if p.Global(e, ix) {
				continue
			}
			fmt.Fprintf(&b, "  claim(%s, %s, %s, id)\n", quote("u:"+ix.Name), value(e, ix, "old"), value(e, ix, "new"))
		case schema.Score:
			moveScore(&b, e, ix)
		case schema.Geo:
			moveGeo(&b, ix)
		case schema.Lex:
			moveLex(&b, e, ix)
		case schema.Equal:
			if e.Field(ix.Fields[0]).Type.Elem != nil {
				moveEach(&b, e, ix)
			} else {
				moveEqual(&b, e, ix)
			}
		}
	}
	if _, ok := e.Listing(); !ok {
		moveListing(&b, e)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// moveListing keeps the index of all records. It comes last, for its order is
// lost when a record leaves it. A record is there if its key is.
func moveListing(b *strings.Builder, e *schema.Entity) {
	key := e.Keys()[0].Name
	was, is := get("old", key), get("new", key)
	fmt.Fprintf(b, "  if %s and not %s then list(id) elseif %s and not %s then remove('a', id) end\n", is, was, was, is)
}

func moveScore(b *strings.Builder, e *schema.Entity, ix *schema.Index) {
	f := e.Field(ix.Fields[0])
	moveByScore(b, quote("s:"+ix.Name), get("old", f.Name), get("new", f.Name), score(f, "new"))
}

// moveGeo keeps an index of points by their score, which the companion of the
// field has.
func moveGeo(b *strings.Builder, ix *schema.Index) {
	name := companionMark + ix.Fields[0]
	moveByScore(b, quote("g:"+ix.Name), get("old", name), get("new", name), get("new", name))
}

// moveByScore keeps one sorted set of ids.
func moveByScore(b *strings.Builder, key, was, is, score string) {
	fmt.Fprintf(b, "  if %s ~= %s then\n", was, is)
	fmt.Fprintf(b, "    if %s then add(%s, %s, id) elseif %s then remove(%s, id) end\n", is, key, score, was, key)
	b.WriteString("  end\n")
}

func moveLex(b *strings.Builder, e *schema.Entity, ix *schema.Index) {
	f := e.Field(ix.Fields[0])
	member := "lexmember(%s, id)"
	if f.Type.Kind == schema.Int || f.Type.Kind == schema.Uint || f.Type.Kind == schema.Duration {
		member = "lexmember(lexint(%s), id)"
	}
	key := quote("l:" + ix.Name)
	between(b, value(e, ix, "old"), value(e, ix, "new"), "was ~= is")
	fmt.Fprintf(b, "      if was then remove(%s, %s) end\n", key, fmt.Sprintf(member, "was"))
	fmt.Fprintf(b, "      if is then add(%s, 0, %s) end\n", key, fmt.Sprintf(member, "is"))
	b.WriteString("    end\n  end\n")
}

func moveEqual(b *strings.Builder, e *schema.Entity, ix *schema.Index) {
	key := quote("i:" + ix.Name + ":")
	between(b, value(e, ix, "old"), value(e, ix, "new"), "was ~= is"+reordered(ix))
	fmt.Fprintf(b, "      if was and was ~= is then remove(%s .. was, id) end\n", key)
	fmt.Fprintf(b, "      if is then add(%s .. is, %s, id) end\n", key, order(e, ix))
	b.WriteString("    end\n  end\n")
}

func moveEach(b *strings.Builder, e *schema.Entity, ix *schema.Index) {
	key := quote("i:" + ix.Name + ":")
	kind := quote("string")
	if elem := e.Field(ix.Fields[0]).Type.Elem.Kind; elem == schema.Int || elem == schema.Uint || elem == schema.Duration {
		kind = quote("int")
	}
	entered := "not before[v]"
	if ix.Order != "" {
		entered += reordered(ix)
	}
	between(b, value(e, ix, "old"), value(e, ix, "new"), "was ~= is"+reordered(ix))
	fmt.Fprintf(b, "      local before, after = elements(%s, was), elements(%s, is)\n", kind, kind)
	fmt.Fprintf(b, "      for v in pairs(before) do if not after[v] then remove(%s .. v, id) end end\n", key)
	fmt.Fprintf(b, "      for v in pairs(after) do if %s then add(%s .. v, %s, id) end end\n", entered, key, order(e, ix))
	b.WriteString("    end\n  end\n")
}

// between opens a block in which was and is are the values of an index.
func between(b *strings.Builder, old, new, condition string) {
	fmt.Fprintf(b, "  do\n    local was, is = %s, %s\n    if %s then\n", old, new, condition)
}

// reordered is the condition under which a record moves within an index.
func reordered(ix *schema.Index) string {
	if ix.Order == "" {
		return ""
	}
	return fmt.Sprintf(" or %s ~= %s", get("old", ix.Order), get("new", ix.Order))
}

// order returns the score of a record in an Equal index. A record without the
// field that orders it comes first.
func order(e *schema.Entity, ix *schema.Index) string {
	if ix.Order == "" {
		return "0"
	}
	f := e.Field(ix.Order)
	if f.Type.Kind == schema.Time {
		return fmt.Sprintf("%s and %s or '-inf'", get("new", f.Name), score(f, "new"))
	}
	return fmt.Sprintf("%s or '-inf'", score(f, "new"))
}

// score returns the score of a field that is there.
func score(f *schema.Field, record string) string {
	if f.Type.Kind == schema.Time {
		return fmt.Sprintf("micros(%s)", get(record, f.Name))
	}
	return get(record, f.Name)
}

// value returns the value of a record in an index, false if a field of it is
// absent. Several fields are joined, all but the last preceded by their length.
func value(e *schema.Entity, ix *schema.Index, record string) string {
	parts := make([]string, len(ix.Fields))
	for i, name := range ix.Fields {
		parts[i] = get(record, name)
		if e.Field(name).Fold {
			parts[i] = fmt.Sprintf("(%s or %s)", get(record, companionMark+name), parts[i])
		}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	last := len(parts) - 1
	joined := strings.Builder{}
	for _, p := range parts[:last] {
		fmt.Fprintf(&joined, "#%s .. ':' .. %s .. ", p, p)
	}
	return fmt.Sprintf("(%s and %s%s)", strings.Join(parts, " and "), joined.String(), parts[last])
}

// get returns the value of a field in a table of values.
func get(record, name string) string {
	if isName(name) {
		return record + "." + name
	}
	return record + "[" + quote(name) + "]"
}

var keywords = map[string]bool{
	"and": true, "break": true, "do": true, "else": true, "elseif": true, "end": true, "false": true, "for": true,
	"function": true, "if": true, "in": true, "local": true, "nil": true, "not": true, "or": true, "repeat": true,
	"return": true, "then": true, "true": true, "until": true, "while": true,
}

// isName tells whether s can be written after a dot.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && !keywords[s]
}
