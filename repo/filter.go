package repo

import "strconv"

// filter collects conditions as repo/lua/filter.lua takes them, and the names of
// what they read of a record. The first name is there if the record is.
type filter struct {
	info  *entityInfo
	names []string
	at    map[int]int // where the names of a field begin, from 1
}

func newFilter(info *entityInfo) *filter {
	return &filter{info: info, names: []string{info.fields[info.key].Name}}
}

// field returns the two positions of a field: of what indexes see of it, and of
// the value.
func (f *filter) field(field int) (seen, plain string) {
	at, ok := f.at[field]
	if !ok {
		if f.at == nil {
			f.at = map[int]int{}
		}
		at = len(f.names) + 1
		f.at[field] = at
		name := f.info.fields[field].Name
		if f.info.fields[field].Fold {
			f.names = append(f.names, foldMark+name)
		}
		f.names = append(f.names, name)
	}
	seen = strconv.Itoa(at)
	if f.info.fields[field].Fold {
		return seen, strconv.Itoa(at + 1)
	}
	return seen, seen
}

// arguments returns a condition in prefix notation.
func (f *filter) arguments(c condition) []string {
	switch c.op {
	case all, either, not:
		return f.joined(c)
	}
	seen, plain := f.field(c.field)
	field := f.info.fields[c.field]
	switch c.op {
	case absent:
		return []string{"nil", seen, plain}
	case near:
		return c.area.arguments(seen, plain)
	case equals, contains:
		op := "in"
		if c.op == contains {
			op = "any"
		} else if field.Kind == KindFloat && field.Scored { // 1 and 1.0 are equal, as they are to an index
			op = "numbers"
		}
		return append([]string{op, seen, plain, strconv.Itoa(len(c.values))}, c.values...)
	case prefixed:
		if !f.info.hasPrefixes(c.field) {
			return []string{"in", seen, plain, "1", c.values[0]}
		}
		return []string{"prefix", seen, plain, c.values[0]}
	}
	return []string{comparison(field), seen, plain, bound(c.hasLow, c.lowOpen, c.low), bound(c.hasUp, c.upOpen, c.up)}
}

// comparison names how the values of a field compare.
func comparison(f FieldInfo) string {
	switch {
	case f.Kind == KindTime:
		return "time"
	case f.Kind == KindFloat, f.Scored:
		return "number"
	case f.Kind == KindInt, f.Kind == KindUint:
		return "integer"
	}
	return "bytes"
}

func bound(has, open bool, value string) string {
	switch {
	case !has:
		return ""
	case open:
		return "(" + value
	}
	return "[" + value
}

func (f *filter) joined(c condition) []string {
	args := []string{map[predicateOp]string{all: "and", either: "or", not: "not"}[c.op]}
	if c.op != not {
		args = append(args, strconv.Itoa(len(c.parts)))
	}
	for _, part := range c.parts {
		args = append(args, f.arguments(part)...)
	}
	return args
}

// indexOf returns the first index that begins with a field and is such.
func (info *entityInfo) indexOf(field int, such func(Index) bool) (Index, bool) {
	for _, ix := range info.indexes {
		if ix.Fields[0] == field && such(ix) {
			return ix, true
		}
	}
	return Index{}, false
}

// mostChecks is of how many values that a field must not have each is looked up; of
// more, the field is read.
const mostChecks = 3

// checks returns a condition as what indexes answer, all of which has to hold; nil
// if they do not.
func (info *entityInfo) checks(c condition) []check {
	if c.op == not {
		checks := info.membership(c.parts[0])
		if len(checks) > mostChecks {
			return nil
		}
		for i := range checks {
			checks[i].absent = true
		}
		return checks
	}
	if checks := info.membership(c); len(checks) == 1 {
		return checks
	}
	return nil
}

// membership returns the parts of indexes of which a record that meets a condition
// is in one; nil if there are none such.
func (info *entityInfo) membership(c condition) []check {
	var sources []source
	switch {
	case c.op == contains:
		if ix, ok := info.indexOf(c.field, func(ix Index) bool { return ix.Each }); ok {
			sources = info.valueSources(ix, c.values)
		}
	case c.op == equals || c.op == within:
		if ix, ok := info.indexOf(c.field, func(ix Index) bool { return ix.Kind == IndexScore }); ok {
			sources = info.scoreSources(space("").index(ix, nil), c)
		} else if ix, ok := info.indexOf(c.field, func(ix Index) bool { return ix.Kind == IndexEqual && len(ix.Fields) == 1 }); ok && c.op == equals {
			sources = info.valueSources(ix, c.values)
		}
	}
	var checks []check
	for _, s := range sources {
		checks = append(checks, check{source: s})
	}
	return checks
}

// valueSources returns all entries of an index by values of one field.
func (info *entityInfo) valueSources(ix Index, values []string) []source {
	sources := make([]source, len(values))
	for i, v := range values {
		sources[i] = everything(space("").index(ix, []string{v}), "score")
	}
	return sources
}
