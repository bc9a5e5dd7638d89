package redis

import (
	"slices"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// match tells whether a document meets all conditions. Times of known tables are compared
// as points in time.
func (f *finding) match(doc storage.Document) bool {
	return !slices.ContainsFunc(f.conditions, func(c storage.Condition) bool { return !f.meets(doc, c) })
}

func (f *finding) meets(doc storage.Document, c storage.Condition) bool {
	column := f.plan.column(c.Field)
	if column == nil || column.form != moment {
		return c.Match(doc)
	}
	has, is := instant(doc[c.Field])
	switch c.Op {
	case "$eq", "$ne":
		same := storage.Equal(doc[c.Field], c.Value)
		if t, ok := instant(c.Value); ok && is {
			same = t.Equal(has)
		}
		return same == (c.Op == "$eq")
	case "$in":
		list, _ := c.Value.([]any)
		return slices.ContainsFunc(list, func(v any) bool {
			return f.meets(doc, storage.Condition{Field: c.Field, Op: "$eq", Value: v})
		})
	}
	t, ok := instant(c.Value)
	if !ok {
		return c.Match(doc)
	}
	if !is {
		return false
	}
	switch c.Op {
	case "$lt":
		return has.Before(t)
	case "$lte":
		return !has.After(t)
	case "$gt":
		return has.After(t)
	}
	return !has.Before(t)
}

// compare returns the order of two documents by a field.
func (f *finding) compare(a, b storage.Document, field string) int {
	if c := f.plan.column(field); c != nil && c.form == moment {
		x, isX := instant(a[field])
		y, isY := instant(b[field])
		if isX && isY {
			return x.Compare(y)
		}
	}
	return storage.Compare(a[field], b[field])
}

// instant returns the time that a value of a document is, to the microsecond.
func instant(value any) (time.Time, bool) {
	text, ok := value.(string)
	if !ok {
		return time.Time{}, false
	}
	t, err := storage.ParseTime(text)
	return t.Truncate(time.Microsecond), err == nil
}
