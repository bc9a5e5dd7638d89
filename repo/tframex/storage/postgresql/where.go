package postgresql

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/sqldoc"
)

// term is a field of the document in SQL.
type term struct{ kind, value, text string }

func field(b *sqldoc.Builder, name string) term {
	key := b.Arg(name) + "::text"
	return term{"coalesce(jsonb_typeof(data -> " + key + "), 'null')", "(data -> " + key + ")", "(data ->> " + key + ")"}
}

// keeps tells whether PostgreSQL can have a text.
func keeps(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }

func (d *dialect) Where(b *sqldoc.Builder, c storage.Condition) (string, bool) {
	if !keeps(c.Field) {
		return "", false
	}
	switch c.Op {
	case "$eq":
		return d.equal(b, c.Field, c.Value)
	case "$ne":
		term, exact := d.equal(b, c.Field, c.Value)
		if !exact {
			return "", false
		}
		return "NOT " + term, true
	case "$in":
		terms, exact := []string{"FALSE"}, true
		for _, v := range c.Value.([]any) {
			term, is := d.equal(b, c.Field, v)
			terms, exact = append(terms, term), exact && is
		}
		return "(" + strings.Join(terms, " OR ") + ")", exact
	}
	return ordered(b, c)
}

// equal returns the condition that the field has a value; it is never null.
func (d *dialect) equal(b *sqldoc.Builder, name string, v any) (string, bool) {
	exact := true
	switch v := v.(type) {
	case nil:
		return "(" + field(b, name).kind + " = 'null')", true
	case json.Number:
		if _, err := v.Float64(); err != nil {
			return "(" + field(b, name).kind + " = 'number')", false
		}
	case []any, map[string]any:
		exact = false // what contains it is found
	}
	data, err := sqldoc.Encode(map[string]any{name: v})
	if err != nil || d.CheckJSON(data) != nil {
		return "(FALSE)", true
	}
	return "(data @> " + b.Arg(string(data)) + "::jsonb)", exact
}

// ordered returns the condition that the field is on one side of a value.
func ordered(b *sqldoc.Builder, c storage.Condition) (string, bool) {
	switch c.Value.(type) {
	case nil, []any, map[string]any:
		return "(FALSE)", true
	}
	f := field(b, c.Field)
	operator := map[string]string{"$lt": "<", "$lte": "<=", "$gt": ">", "$gte": ">="}[c.Op]
	switch v := c.Value.(type) {
	case bool:
		terms := []string{f.kind + " = 'boolean'"}
		for _, has := range []bool{false, true} {
			if !c.Match(storage.Document{c.Field: has}) {
				terms = append(terms, f.value+" <> '"+strconv.FormatBool(has)+"'::jsonb")
			}
		}
		return "(" + strings.Join(terms, " AND ") + ")", true
	case string:
		if !keeps(v) {
			return "(" + f.kind + " = 'string')", false
		}
		return "(CASE " + f.kind + " WHEN 'string' THEN " + f.text + ` COLLATE "C" ` + operator + " " + b.Arg(v) + `::text COLLATE "C" ELSE FALSE END)`, true
	case json.Number:
		if _, err := v.Float64(); err != nil {
			return "(" + f.kind + " = 'number')", false
		}
	}
	number, _ := sqldoc.Encode(c.Value)
	return "(CASE " + f.kind + " WHEN 'number' THEN " + f.text + "::numeric " + operator + " " + b.Arg(string(number)) + "::text::numeric ELSE FALSE END)", true
}

// Order sorts all but lists and objects.
func (*dialect) Order(b *sqldoc.Builder, name string) ([]string, string) {
	if !keeps(name) {
		return nil, ""
	}
	f := field(b, name)
	return []string{
		"CASE " + f.kind + " WHEN 'null' THEN 0 WHEN 'boolean' THEN CASE " + f.value + " WHEN 'true'::jsonb THEN 2 ELSE 1 END WHEN 'string' THEN 4 WHEN 'array' THEN 5 WHEN 'object' THEN 6 ELSE 3 END",
		"CASE " + f.kind + " WHEN 'string' THEN " + f.text + ` END COLLATE "C"`,
		"CASE " + f.kind + " WHEN 'number' THEN " + f.text + "::numeric END",
	}, "(" + f.kind + " IN ('array', 'object'))"
}
