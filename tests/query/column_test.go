package query

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
)

// column is a field of a random entity, whatever its type. Values come in three forms: what a caller writes, where nil
// is a nil pointer or slice; what is stored, where nil is nothing; and what a caller reads.
type column interface {
	self() *base
	some(rng *rand.Rand) any     // a value to write
	wide(n int) any              // one of many values to write
	stored(v any) any            // of one written
	read(v any) any              // of one stored
	encode(row *repo.Row, v any) // writes one
	decode(r *repo.Reader) any

	condition(rng *rand.Rand) *condition // a random one on this field
	predicate(c *condition) repo.Predicate[*record]
	holds(c *condition, v any, m mistake) bool // of a value stored
	compare(a, b any, m mistake) int           // of two that are there
	identity(v any) string                     // what indexes by equality see of a value that is there

	order(desc bool) repo.Order[*record]
	change(rng *rand.Rand) (any, repo.Change[*record]) // what is stored then
	groups(v any) []string                             // what CountBy counts a stored value as
	countBy(ctx context.Context, q repo.QueryOf[*record]) (map[string]int64, error)
	extreme(ctx context.Context, q repo.QueryOf[*record], most bool) (any, error)
	selected() repo.FieldOf[*record]
}

// base is what columns of all types have.
type base struct {
	*schema.Field
	at                                  int // in the entity's fields
	unique, equal, score, lex, composed bool
}

func (b *base) self() *base { return b }

func (b *base) indexed() bool { return b.unique || b.equal || b.score || b.lex || b.composed }

// sorted tells whether an index of its own keeps records in the column's order.
func (b *base) sorted() bool { return b.score || b.lex }

// nilable tells whether the field may be nil, and not just zero.
func (b *base) nilable() bool { return b.Type.Pointer || b.Type.Nilable }

// scalar is a column of one value, or of a pointer to one.
type scalar[V any] struct {
	*base
	kind  kind[V]
	field *repo.LexColumn[*record, V]
	pool  []V // what values are mostly drawn from
}

// of returns what makes columns of a kind.
func of[V any](k kind[V]) func(rng *rand.Rand, b *base) column {
	return func(rng *rand.Rand, b *base) column {
		c := &scalar[V]{base: b, kind: k, field: repo.NewLexColumn[*record](b.at, k.put, k.get)}
		c.kind.values = slices.DeleteFunc(slices.Clone(k.values), func(v V) bool { return !c.fits(v) })
		c.pool = sample(rng, c.kind.values)
		return c
	}
}

// fits tells whether the indexes of the column can have a value, and do not tell it from one that is equal to it.
func (c *scalar[V]) fits(v V) bool {
	if c.kind.alias != nil && c.kind.alias(v) && (c.equal || c.unique) {
		return false
	}
	return !c.scored() || c.kind.scores == nil || c.kind.scores(v)
}

func (c *scalar[V]) value(rng *rand.Rand) V {
	if chance(rng, 8) {
		return pick(rng, c.kind.values...)
	}
	return pick(rng, c.pool...)
}

func (c *scalar[V]) some(rng *rand.Rand) any {
	if c.Type.Pointer && chance(rng, 4) {
		return nil
	}
	return c.value(rng)
}

func (c *scalar[V]) wide(n int) any { return c.kind.wide(n) }

func (c *scalar[V]) stored(v any) any {
	if v == nil || c.nothing(v.(V)) {
		return nil
	}
	return c.kind.rounded(v.(V))
}

// nothing tells whether a value is stored as no field at all.
func (c *scalar[V]) nothing(v V) bool {
	switch x := any(v).(type) {
	case []byte:
		return x == nil || c.OmitEmpty && len(x) == 0
	}
	return (c.OmitEmpty || c.Type.Kind == schema.Time) && c.kind.zero(v)
}

func (c *scalar[V]) read(v any) any {
	if v == nil && !c.Type.Pointer {
		var zero V
		return zero
	}
	return v
}

func (c *scalar[V]) encode(row *repo.Row, v any) {
	absent := v == nil
	if !absent && !c.Type.Pointer {
		absent = c.nothing(v.(V))
	}
	if row.Present(!absent) {
		c.kind.put(row, v.(V))
	}
}

func (c *scalar[V]) decode(r *repo.Reader) any {
	if c.Type.Pointer && !r.Present() {
		return nil
	}
	return c.kind.get(r)
}

// operand returns a value to ask for; a bound has a place in the order.
func (c *scalar[V]) operand(rng *rand.Rand, bound bool) any {
	for {
		v := c.value(rng)
		if c.unique && c.kind.wide != nil && !chance(rng, 3) {
			v = c.kind.wide(rng.IntN(200))
		}
		if !bound || c.kind.bound == nil || c.kind.bound(v) {
			return v
		}
	}
}

func (c *scalar[V]) condition(rng *rand.Rand) *condition {
	ops := []string{"Eq", "Eq", "In", "Not"}
	if c.sorted() || c.composed {
		ops = append(ops, "Gt", "Gte", "Lt", "Lte", "Between", "Between")
	}
	if c.lex {
		ops = append(ops, "Prefix", "Prefix")
	}
	if c.nilable() {
		ops = append(ops, "IsNil")
	}
	p := &condition{op: pick(rng, ops...), column: c}
	switch p.op {
	case "IsNil":
	case "Eq", "Not":
		p.args = []any{c.operand(rng, false)}
	case "In":
		for range rng.IntN(5) {
			p.args = append(p.args, c.operand(rng, false))
		}
	case "Between":
		a, b := c.operand(rng, true), c.operand(rng, true)
		if c.compare(c.kind.rounded(a.(V)), c.kind.rounded(b.(V)), "") > 0 && !chance(rng, 10) {
			a, b = b, a
		}
		p.args = []any{a, b}
	default:
		p.args = []any{c.operand(rng, true)}
	}
	return p
}

func (c *scalar[V]) predicate(p *condition) repo.Predicate[*record] {
	args := typed[V](p.args)
	switch p.op {
	case "IsNil":
		f := repo.NewNilableEqualField[*record](c.at, c.kind.put, c.kind.get)
		return f.IsNil()
	case "Eq":
		return c.field.Eq(args[0])
	case "Not":
		return c.field.Not(args[0])
	case "In":
		return c.field.In(args...)
	case "Gt":
		return c.field.Gt(args[0])
	case "Gte":
		return c.field.Gte(args[0])
	case "Lt":
		return c.field.Lt(args[0])
	case "Lte":
		return c.field.Lte(args[0])
	case "Between":
		return c.field.Between(args[0], args[1])
	case "Prefix":
		return c.field.Prefix(args[0])
	}
	panic(p.op)
}

func (c *scalar[V]) holds(p *condition, v any, m mistake) bool {
	arg := func(i int) any {
		if m == exactTime && v != nil {
			return p.args[i]
		}
		return c.kind.rounded(p.args[i].(V))
	}
	switch p.op {
	case "IsNil":
		return v == nil
	case "Eq", "In", "Not":
		return c.among(p, arg, v, m) != (p.op == "Not") && !(m == threeValued && p.op == "Not" && v == nil)
	}
	if v == nil {
		return false
	}
	d := 0
	if p.op != "Prefix" {
		d = c.compare(v, arg(0), m)
	}
	switch p.op {
	case "Gt":
		return d > 0 || m == openBounds && d == 0
	case "Gte":
		return d > 0 || m != closedBounds && d == 0
	case "Lt":
		return d < 0 || m == openBounds && d == 0
	case "Lte":
		return d < 0 || m != closedBounds && d == 0
	case "Between":
		return d >= 0 && c.compare(v, arg(1), m) <= 0
	case "Prefix":
		return c.begins(v, arg(0), m)
	}
	panic(p.op)
}

// among tells whether a stored value is one of those that a condition names.
func (c *scalar[V]) among(p *condition, arg func(int) any, v any, m mistake) bool {
	for i := range p.args {
		nothing := c.nothing(p.args[i].(V))
		switch {
		case m == firstOfIn && i > 0:
		case nothing && v == nil && m != nothingIsNone, !nothing && v != nil && c.compare(v, arg(i), m) == 0:
			return true
		}
	}
	return false
}

// begins tells whether a stored value begins with another; of numbers and times, whether it is the same.
func (c *scalar[V]) begins(v, start any, m mistake) bool {
	if c.kind.text == nil {
		return c.compare(v, start, m) == 0
	}
	text, prefix := c.form(v, m), c.form(start, m)
	if m == anywhere {
		return strings.Contains(text, prefix)
	}
	return strings.HasPrefix(text, prefix)
}

// form is the text by which values are compared.
func (c *scalar[V]) form(v any, m mistake) string {
	text := c.kind.text(v.(V))
	if c.Fold && m != caseMatters {
		return integrity.Fold(text)
	}
	return text
}

func (c *scalar[V]) compare(a, b any, m mistake) int {
	if c.kind.text != nil {
		return strings.Compare(c.form(a, m), c.form(b, m))
	}
	if m == asFloats {
		if d, ok := compareAsFloats(a, b); ok {
			return d
		}
	}
	return c.kind.compare(a.(V), b.(V))
}

func (c *scalar[V]) identity(v any) string {
	if c.kind.text != nil {
		return c.form(v, "")
	}
	return show(v)
}

func (c *scalar[V]) order(desc bool) repo.Order[*record] {
	if desc {
		return c.field.Desc()
	}
	return c.field.Asc()
}

func (c *scalar[V]) change(rng *rand.Rand) (any, repo.Change[*record]) {
	f := repo.NewField[*record](c.at, c.kind.put)
	if chance(rng, 4) {
		return nil, f.Clear()
	}
	v := c.value(rng)
	return c.stored(v), f.Set(v)
}

func (c *scalar[V]) groups(v any) []string {
	if v == nil {
		return nil
	}
	if c.Fold {
		return []string{show(c.form(v, ""))}
	}
	return []string{show(v)}
}

func (c *scalar[V]) countBy(ctx context.Context, q repo.QueryOf[*record]) (map[string]int64, error) {
	list, err := c.field.CountBy(ctx, q)
	return counts(list), err
}

func (c *scalar[V]) extreme(ctx context.Context, q repo.QueryOf[*record], most bool) (any, error) {
	if most {
		return c.field.Max(ctx, q)
	}
	return c.field.Min(ctx, q)
}

func (c *scalar[V]) selected() repo.FieldOf[*record] { return repo.NewColumn[*record](c.at) }

// counts returns groups by what their values look like; a value that comes twice is marked.
func counts[V any](list []repo.Group[V]) map[string]int64 {
	m := map[string]int64{}
	for _, g := range list {
		text := show(g.Value)
		for _, twice := m[text]; twice; _, twice = m[text] {
			text += " again"
		}
		m[text] = g.Count
	}
	return m
}

// typed returns values with their type.
func typed[V any](args []any) []V {
	list := make([]V, len(args))
	for i, v := range args {
		list[i] = v.(V)
	}
	return list
}

// compareAsFloats compares integers as a double has them.
func compareAsFloats(a, b any) (int, bool) {
	x, ok := asFloat(a)
	y, _ := asFloat(b)
	switch {
	case !ok:
		return 0, false
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, true
}

func asFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	}
	return 0, false
}
