package repo

import "context"

// access is how changes and conditions write the values of a field, and how
// results read them.
//
// Its methods are what those of the types of fields have in common whatever the
// entity. They and the constructors of the types are not inlined, and return
// pointers: the compiler would copy them, and what they return, into the
// methods and variables of every entity.
type access[V any] struct {
	field int
	put   func(*Row, V)
	get   func(*Reader) V // nil if queries never return values of the field
}

//go:noinline
func (a *access[V]) set(v V) *change {
	var zero V
	return &change{field: a.field, op: setField, put: bind(a.put, v), zero: bind(a.put, zero)}
}

//go:noinline
func (a *access[V]) clear() *change { return &change{field: a.field, op: clearField} }

//go:noinline
func (a *access[V]) add(v V) *change {
	return &change{field: a.field, op: addToField, put: bind(a.put, v)}
}

//go:noinline
func (a *access[V]) equals(values ...V) *predicate {
	var zero V
	return &predicate{op: equals, field: a.field, values: bindAll(a.put, values), zero: bind(a.put, zero)}
}

//go:noinline
func (a *access[V]) differs(v V) *predicate { return negation(a.equals(v)) }

//go:noinline
func (a *access[V]) above(low V, open bool) *predicate {
	return &predicate{op: within, field: a.field, low: bind(a.put, low), lowOpen: open}
}

//go:noinline
func (a *access[V]) below(up V, open bool) *predicate {
	return &predicate{op: within, field: a.field, up: bind(a.put, up), upOpen: open}
}

//go:noinline
func (a *access[V]) between(low, up V) *predicate {
	return &predicate{op: within, field: a.field, low: bind(a.put, low), up: bind(a.put, up)}
}

//go:noinline
func (a *access[V]) begins(v V) *predicate {
	return &predicate{op: prefixed, field: a.field, values: bindAll(a.put, []V{v})}
}

//go:noinline
func (a *access[V]) hasAny(values ...V) *predicate {
	return &predicate{op: contains, field: a.field, values: bindAll(a.put, values)}
}

//go:noinline
func (a *access[V]) hasAll(values []V) *predicate {
	parts := make([]predicate, len(values))
	for i, v := range values {
		parts[i] = *a.hasAny(v)
	}
	return &predicate{op: all, parts: parts}
}

//go:noinline
func (a *access[V]) order(reverse bool) *order {
	return &order{given: true, field: a.field, reverse: reverse}
}

//go:noinline
func (a *access[V]) countBy(ctx context.Context, q *query) ([]Group[V], error) {
	return countBy(ctx, q, a.field, a.get)
}

//go:noinline
func (a *access[V]) extreme(ctx context.Context, q *query, op string, reverse bool) (V, error) {
	return extreme(ctx, q, op, *a.order(reverse), a.get)
}

//go:noinline
func (a *access[V]) isNil() *predicate { return &predicate{op: absent, field: a.field} }

// bind returns what writes v.
func bind[V any](put func(*Row, V), v V) func(*Row) { return func(row *Row) { put(row, v) } }

// bindAll returns what writes each of the values.
func bindAll[V any](put func(*Row, V), values []V) []func(*Row) {
	list := make([]func(*Row), len(values))
	for i, v := range values {
		list[i] = bind(put, v)
	}
	return list
}
