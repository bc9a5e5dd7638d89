package query

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/redisgen/redisgen/repo"
)

// condition is a tree of conditions: And, Or and Not have parts, the others are on a column.
type condition struct {
	op     string
	parts  []*condition
	column column
	args   []any
}

// randomCondition returns a tree of at most so many levels.
func randomCondition(rng *rand.Rand, columns []column, depth int) *condition {
	if depth == 0 || chance(rng, 2) {
		return pick(rng, columns...).condition(rng)
	}
	c := &condition{op: pick(rng, "And", "And", "Or", "Or", "NotThat")}
	n := 1
	if c.op != "NotThat" {
		n = pick(rng, 0, 1, 2, 2, 2, 3, 3, 4)
	}
	for range n {
		c.parts = append(c.parts, randomCondition(rng, columns, depth-1))
	}
	return c
}

// predicate returns what asks the repository.
func (c *condition) predicate() repo.Predicate[*record] {
	switch c.op {
	case "And":
		return repo.And(predicates(c.parts)...)
	case "Or":
		return repo.Or(predicates(c.parts)...)
	case "NotThat":
		return repo.Not(c.parts[0].predicate())
	}
	return c.column.predicate(c)
}

func predicates(list []*condition) []repo.Predicate[*record] {
	var all []repo.Predicate[*record]
	for _, c := range list {
		all = append(all, c.predicate())
	}
	return all
}

// holds evaluates the condition for a stored record.
func (c *condition) holds(e *entity, r *record, m mistake) bool {
	switch c.op {
	case "And":
		return !slices.ContainsFunc(c.parts, func(p *condition) bool { return !p.holds(e, r, m) })
	case "Or":
		return slices.ContainsFunc(c.parts, func(p *condition) bool { return p.holds(e, r, m) })
	case "NotThat":
		part := c.parts[0]
		if m == threeValued && part.column != nil && part.op != "IsNil" && r.values[e.place(part.column)] == nil {
			return false
		}
		return !part.holds(e, r, m)
	}
	return c.column.holds(c, r.values[e.place(c.column)], m)
}

// place returns where a column's values are in a record.
func (e *entity) place(c column) int { return slices.Index(e.columns, c) }

func (c *condition) String() string {
	var args []string
	for _, p := range c.parts {
		args = append(args, p.String())
	}
	for _, v := range c.args {
		args = append(args, show(v))
	}
	text := c.op + "(" + strings.Join(args, ", ") + ")"
	if c.column != nil {
		return c.column.self().Go + "." + text
	}
	return text
}

// smaller returns trees with less in them.
func (c *condition) smaller() []*condition {
	list := slices.Clone(c.parts)
	for i, p := range c.parts {
		if c.op != "NotThat" {
			list = append(list, c.with(slices.Delete(slices.Clone(c.parts), i, i+1)))
		}
		for _, s := range p.smaller() {
			parts := slices.Clone(c.parts)
			parts[i] = s
			list = append(list, c.with(parts))
		}
	}
	if c.op == "In" || c.op == "HasAny" || c.op == "HasAll" {
		for i := range c.args {
			list = append(list, &condition{op: c.op, column: c.column, args: slices.Delete(slices.Clone(c.args), i, i+1)})
		}
	}
	return list
}

func (c *condition) with(parts []*condition) *condition { return &condition{op: c.op, parts: parts} }

// mistake is a way in which an evaluation can be wrong: tests make each to see that it is found.
type mistake string

const (
	closedBounds  mistake = "Gte and Lte leave out the bound"
	openBounds    mistake = "Gt and Lt have the bound in"
	threeValued   mistake = "the negation of a condition on an absent field does not hold"
	nothingIsNone mistake = "equality with what is stored as nothing never holds"
	caseMatters   mistake = "fold compares with case"
	exactTime     mistake = "times are compared finer than they are stored"
	firstOfIn     mistake = "of In, only the first value counts"
	anyIsAll      mistake = "HasAll is content with one"
	anywhere      mistake = "a prefix is looked for anywhere"
	asFloats      mistake = "large integers are compared as floats"
	tiesReversed  mistake = "descending order leaves ties as they were"
	orderKeepsAll mistake = "an order leaves in what has no place in it"
)
