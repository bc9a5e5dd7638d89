package repo

import (
	"fmt"
	"slices"
)

// condition is a predicate with its values as indexes see them.
type condition struct {
	op              predicateOp
	field           int
	values          []string // of equals, contains and prefixed
	low, up         string   // of within
	hasLow, hasUp   bool
	lowOpen, upOpen bool
	area            *area // of near
	parts           []condition
}

// never and always are the conditions that no record and every record meets.
var (
	never  = condition{op: either}
	always = condition{op: all}
)

func (c *condition) isNever() bool  { return c.op == either && len(c.parts) == 0 }
func (c *condition) isAlways() bool { return c.op == all && len(c.parts) == 0 }

// conjuncts returns the conditions that all have to hold for c to.
func (c condition) conjuncts() []condition {
	if c.op == all {
		return c.parts
	}
	return []condition{c}
}

// condition encodes a predicate.
func (info *entityInfo) condition(p predicate) (condition, error) {
	c := condition{op: p.op, field: p.field, lowOpen: p.lowOpen, upOpen: p.upOpen}
	switch p.op {
	case all, either, not:
		parts := make([]condition, len(p.parts))
		for i, part := range p.parts {
			var err error
			if parts[i], err = info.condition(part); err != nil {
				return c, err
			}
		}
		return join(p.op, parts), nil
	case within:
		return c, info.encodeBounds(&c, p)
	case near:
		if c.area = p.area; p.err != nil {
			return c, info.fieldError(p.field, p.err)
		}
		return c, nil
	case absent:
		return c, nil
	}
	return info.encodeValues(c, p)
}

// encodeValues encodes a condition on values. A field that has the value that is
// stored as nothing is absent.
func (info *entityInfo) encodeValues(c condition, p predicate) (condition, error) {
	nothing := false
	for _, put := range p.values {
		value, ok, err := info.encode(p.field, put)
		switch {
		case err != nil:
			return c, err
		case !ok, p.zero != nil && info.fields[p.field].OmitEmpty && info.isZero(p.field, value, p.zero):
			nothing = true
		default:
			c.values = append(c.values, value)
		}
	}
	c.values = distinct(c.values)
	var parts []condition
	if len(c.values) > 0 {
		parts = append(parts, c)
	}
	if nothing {
		parts = append(parts, condition{op: absent, field: p.field})
	}
	return join(either, parts), nil
}

// encodeBounds encodes the bounds of a range.
func (info *entityInfo) encodeBounds(c *condition, p predicate) error {
	for _, bound := range []struct {
		put func(*Row)
		to  *string
		has *bool
	}{{p.low, &c.low, &c.hasLow}, {p.up, &c.up, &c.hasUp}} {
		if bound.put == nil {
			continue
		}
		value, ok, err := info.encode(p.field, bound.put)
		if err == nil && !ok {
			err = info.fieldError(p.field, fmt.Errorf("a zero time or nil is stored as nothing and has no place in an order"))
		}
		if err != nil {
			return err
		}
		*bound.to, *bound.has = value, true
	}
	return nil
}

// encode returns a value of a field as its indexes see it, false if it is stored
// as nothing.
func (info *entityInfo) encode(field int, put func(*Row)) (string, bool, error) {
	row := newRow(info)
	row.at = field
	if put(row); row.err != nil {
		return "", false, row.err
	}
	value, ok := row.folded(field)
	return value, ok, nil
}

// join makes one condition of several and drops what makes no difference.
func join(op predicateOp, parts []condition) condition {
	if op == not {
		return negate(parts[0])
	}
	neutral, decisive := (*condition).isAlways, (*condition).isNever
	if op == either {
		neutral, decisive = decisive, neutral
	}
	var kept []condition
	for _, part := range parts {
		switch {
		case neutral(&part):
		case decisive(&part):
			return part
		case part.op == op:
			kept = append(kept, part.parts...)
		default:
			kept = append(kept, part)
		}
	}
	if op == all {
		kept = mergeBounds(kept)
	} else {
		kept = mergeValues(kept)
	}
	if len(kept) == 1 {
		return kept[0]
	}
	return condition{op: op, parts: kept}
}

func negate(c condition) condition {
	switch {
	case c.op == not:
		return c.parts[0]
	case c.isNever():
		return always
	case c.isAlways():
		return never
	}
	return condition{op: not, parts: []condition{c}}
}

// mergeBounds makes one condition of a lower and an upper bound of a field.
func mergeBounds(conditions []condition) []condition {
	var merged []condition
	for _, c := range conditions {
		i := -1
		if c.op == within {
			i = slices.IndexFunc(merged, func(m condition) bool {
				return m.op == within && m.field == c.field && m.hasLow != c.hasLow && m.hasUp != c.hasUp
			})
		}
		switch {
		case i < 0:
			merged = append(merged, c)
		case c.hasLow:
			merged[i].low, merged[i].hasLow, merged[i].lowOpen = c.low, true, c.lowOpen
		default:
			merged[i].up, merged[i].hasUp, merged[i].upOpen = c.up, true, c.upOpen
		}
	}
	return merged
}

// mergeValues makes one condition of those that name values of the same field,
// one of which has to hold.
func mergeValues(conditions []condition) []condition {
	var merged []condition
	for _, c := range conditions {
		i := slices.IndexFunc(merged, func(m condition) bool {
			return m.op == c.op && m.field == c.field && (m.op == equals || m.op == contains)
		})
		if i < 0 {
			merged = append(merged, c)
			continue
		}
		merged[i].values = distinct(slices.Concat(merged[i].values, c.values))
	}
	return merged
}

// distinct returns the values, each once.
func distinct(values []string) []string {
	if len(values) < 2 {
		return values
	}
	seen := make(map[string]bool, len(values))
	return slices.DeleteFunc(values, func(v string) bool {
		again := seen[v]
		seen[v] = true
		return again
	})
}
