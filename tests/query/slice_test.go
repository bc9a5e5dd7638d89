package query

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
)

// slice is a column of several values.
type slice[E comparable] struct {
	*base
	kind  kind[E]
	field *repo.MemberField[*record, []E, E]
	pool  []E
}

// ofMany returns what makes columns of slices of a kind.
func ofMany[E comparable](k kind[E]) func(rng *rand.Rand, b *base) column {
	return func(rng *rand.Rand, b *base) column {
		return &slice[E]{base: b, kind: k, field: repo.NewMemberField[*record](b.at, repo.PutJSON[[]E], k.put, k.get), pool: sample(rng, k.values)}
	}
}

// sliceOf is the type of a slice whose elements have a type.
func sliceOf(elem schema.Type) schema.Type {
	return schema.Type{Go: "[]" + elem.Go, Kind: schema.JSON, Elem: &elem, Nilable: true}
}

func (c *slice[E]) value(rng *rand.Rand) []E {
	list := make([]E, rng.IntN(4))
	for i := range list {
		list[i] = pick(rng, c.pool...)
	}
	return list
}

func (c *slice[E]) some(rng *rand.Rand) any {
	if chance(rng, 6) {
		return nil
	}
	return c.value(rng)
}

func (c *slice[E]) wide(int) any { panic("a slice cannot be unique") }

func (c *slice[E]) stored(v any) any {
	if v == nil || c.OmitEmpty && len(v.([]E)) == 0 {
		return nil
	}
	return v
}

func (c *slice[E]) read(v any) any {
	if v == nil {
		return []E(nil)
	}
	return v
}

func (c *slice[E]) encode(row *repo.Row, v any) {
	if row.Present(c.stored(v) != nil) {
		repo.PutJSON(row, v.([]E))
	}
}

func (c *slice[E]) decode(r *repo.Reader) any {
	var list []E
	r.JSON(&list)
	return list
}

func (c *slice[E]) condition(rng *rand.Rand) *condition {
	p := &condition{op: pick(rng, "Has", "Has", "HasAny", "HasAll", "IsNil"), column: c}
	n := rng.IntN(4)
	switch p.op {
	case "Has":
		n = 1
	case "IsNil":
		n = 0
	}
	for range n {
		p.args = append(p.args, pick(rng, append(sample(rng, c.kind.values), c.pool...)...))
	}
	return p
}

func (c *slice[E]) predicate(p *condition) repo.Predicate[*record] {
	args := typed[E](p.args)
	switch p.op {
	case "Has":
		return c.field.Has(args[0])
	case "HasAny":
		return c.field.HasAny(args...)
	case "HasAll":
		return c.field.HasAll(args...)
	case "IsNil":
		f := repo.NewNilableMemberField[*record](c.at, repo.PutJSON[[]E], c.kind.put, c.kind.get)
		return f.IsNil()
	}
	panic(p.op)
}

func (c *slice[E]) holds(p *condition, v any, m mistake) bool {
	if p.op == "IsNil" {
		return v == nil
	}
	var elements []E
	if v != nil {
		elements = v.([]E)
	}
	found := 0
	for _, arg := range typed[E](p.args) {
		if slices.ContainsFunc(elements, func(e E) bool { return c.form(e, m) == c.form(arg, m) }) {
			found++
		}
	}
	if p.op == "HasAll" && m != anyIsAll {
		return found == len(p.args)
	}
	return found > 0
}

// form is what elements are compared by.
func (c *slice[E]) form(e E, m mistake) string {
	if text, ok := any(e).(string); ok && c.Fold && m != caseMatters {
		return integrity.Fold(text)
	}
	return show(e)
}

func (c *slice[E]) compare(any, any, mistake) int { panic("slices have no order") }

func (c *slice[E]) identity(any) string { panic("a slice has no identity") }

func (c *slice[E]) order(bool) repo.Order[*record] { panic("slices have no order") }

func (c *slice[E]) change(rng *rand.Rand) (any, repo.Change[*record]) {
	f := repo.NewField[*record](c.at, repo.PutJSON[[]E])
	if chance(rng, 4) {
		return nil, f.Clear()
	}
	v := c.value(rng)
	return c.stored(v), f.Set(v)
}

func (c *slice[E]) groups(v any) []string {
	if v == nil {
		return nil
	}
	var texts []string
	for _, e := range v.([]E) {
		text := show(e)
		if folded := c.form(e, ""); c.Fold {
			text = show(folded)
		}
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

func (c *slice[E]) countBy(ctx context.Context, q repo.QueryOf[*record]) (map[string]int64, error) {
	list, err := c.field.CountBy(ctx, q)
	return counts(list), err
}

func (c *slice[E]) extreme(context.Context, repo.QueryOf[*record], bool) (any, error) {
	panic("slices have no order")
}

func (c *slice[E]) selected() repo.FieldOf[*record] { return repo.NewColumn[*record](c.at) }
