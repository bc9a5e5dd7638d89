package redis

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// index says what indexes of a field can do.
type index struct {
	equals, ranges bool
	members        bool // of a list, each of whose elements the index has
	order          bool // is that of documents, which integers may have as fractions or as texts
	form           form
	fold           bool
	unique         bool // and optional: an empty text is not in it
	choices        []string
	optional       bool
}

// condition is a condition that an index may answer, with its values converted.
type condition struct {
	storage.Condition
	texts []string
	times []time.Time
	ints  []int
	exact bool // the index finds no more than what meets it
	never bool // nothing meets it
}

// field makes predicates and orders of a field.
type field[T any] struct {
	index
	field     repo.FieldOf[T] // of those that have an order
	in        func(condition) repo.Predicate[T]
	low, high func(c condition, open bool) repo.Predicate[T]
	asc, desc repo.Order[T]
}

// predicate returns the predicate of a condition on the field.
func (f field[T]) predicate(c condition) (p repo.Predicate[T], ok bool) {
	switch c.Op {
	case "$eq", "$in":
		return f.in(c), true
	case "$gt", "$gte":
		// Without an instant nothing is greater; the document may have no time.
		return f.low(c, c.Op == "$gt" && f.form == moment), true
	case "$lt", "$lte":
		p = f.high(c, c.Op == "$lt" && f.form == moment)
		if f.form == moment {
			p = repo.And(p, f.low(condition{times: []time.Time{unknown}}, true))
		}
		return p, true
	}
	return p, false
}

// equaler is a field that an index has by value.
type equaler[T, V any] interface{ In(...V) repo.Predicate[T] }

// ranger is a field that an index has in order.
type ranger[T, V any] interface {
	repo.FieldOf[T]
	equaler[T, V]
	Gt(V) repo.Predicate[T]
	Gte(V) repo.Predicate[T]
	Lt(V) repo.Predicate[T]
	Lte(V) repo.Predicate[T]
	Asc() repo.Order[T]
	Desc() repo.Order[T]
}

// texts is a field of texts that an index has.
func texts[T any, V ~string](f equaler[T, V]) field[T] {
	return field[T]{index: index{equals: true, form: text}, in: func(c condition) repo.Predicate[T] {
		values := make([]V, len(c.texts))
		for i, s := range c.texts {
			values[i] = V(s)
		}
		return f.In(values...)
	}}
}

// elements is a field of lists of texts, each of which an index has.
func elements[T any](f interface {
	HasAll(...string) repo.Predicate[T]
}) field[T] {
	return field[T]{index: index{members: true}, in: func(c condition) repo.Predicate[T] { return f.HasAll(c.texts...) }}
}

// moments is a time in whose order an index is.
func moments[T any](f ranger[T, time.Time]) field[T] {
	return bounded(f, moment, func(c condition) []time.Time { return c.times })
}

// ints is an integer in whose order an index with other fields is.
func ints[T any](f ranger[T, int]) field[T] {
	return bounded(f, integer, func(c condition) []int { return c.ints })
}

func bounded[T, V any](f ranger[T, V], form form, values func(condition) []V) field[T] {
	return field[T]{
		index: index{equals: true, ranges: true, order: form == moment, form: form},
		field: f,
		in:    func(c condition) repo.Predicate[T] { return f.In(values(c)...) },
		low: func(c condition, open bool) repo.Predicate[T] {
			if open {
				return f.Gt(values(c)[0])
			}
			return f.Gte(values(c)[0])
		},
		high: func(c condition, open bool) repo.Predicate[T] {
			if open {
				return f.Lt(values(c)[0])
			}
			return f.Lte(values(c)[0])
		},
		asc: f.Asc(), desc: f.Desc(),
	}
}

// convert returns what an index makes of a condition; false if it cannot help.
func (ix *index) convert(c storage.Condition) (condition, bool) {
	done := condition{Condition: c, exact: true}
	values := []any{c.Value}
	switch c.Op {
	case "$in":
		values, _ = c.Value.([]any)
	case "$lt", "$lte", "$gt", "$gte":
		if !ix.ranges {
			return done, false
		}
	case "$ne":
		return done, false
	}
	if ix.members {
		return done, ix.addMembers(&done, c)
	}
	for _, v := range values {
		if !ix.add(&done, v) {
			return done, false
		}
	}
	done.never = len(done.texts)+len(done.times)+len(done.ints) == 0
	return done, true
}

// addMembers has a condition ask for all elements of a list.
func (ix *index) addMembers(to *condition, c storage.Condition) bool {
	values, ok := c.Value.([]any)
	if !ok || c.Op != "$eq" || len(values) == 0 {
		return false
	}
	to.exact = false
	for _, v := range values {
		s, ok := v.(string)
		if !ok {
			return false
		}
		to.texts = append(to.texts, s)
	}
	return true
}

// add adds a value that a condition names, as the index has it; false if the index cannot
// find what has it.
func (ix *index) add(to *condition, value any) bool {
	ranges := to.Op != "$eq" && to.Op != "$in"
	switch value.(type) {
	case nil, []any, map[string]any:
		return false
	}
	switch ix.form {
	case text:
		s, ok := value.(string)
		if !ok {
			s = textOf(value)
		}
		if s == "" && ix.unique {
			return false
		}
		if ix.choices != nil && !slices.Contains(ix.choices, s) {
			return true // no record has it
		}
		to.exact = to.exact && ok && !ix.fold && (ix.choices != nil || s != "" && !json.Valid([]byte(s)))
		to.texts = append(to.texts, s)
	case moment:
		s, _ := value.(string)
		t, err := storage.ParseTime(s)
		if err != nil {
			return false
		}
		if !t.After(unknown) || t.After(latest) { // no record has it
			if !ranges {
				return true
			}
			t, to.exact = [...]time.Time{unknown, latest}[ordinal(t.After(latest))], false
		}
		to.times = append(to.times, t.Truncate(time.Microsecond))
	case integer:
		to.exact = false // a text or a fraction may be stored as the same
		if _, is := value.(string); is && ranges {
			return false // in the order of texts
		}
		f, err := decimal(value)
		if err != nil || math.Abs(f) > 1<<52 {
			return false
		}
		n, err := whole(value)
		if err != nil {
			return false
		}
		to.ints = append(to.ints, int(n))
	default:
		return false
	}
	return true
}

// latest is the last time that indexes hold.
var latest = time.UnixMicro(1 << 53).UTC()

func ordinal(b bool) int {
	if b {
		return 1
	}
	return 0
}

// indexed names the fields of a table that indexes know, for people.
func indexed(names []string) string {
	if len(names) == 0 {
		return "none but id"
	}
	return "id, " + strings.Join(names, ", ")
}
