package repo

import "context"

// Change is a change to one field in a [Repository.Patch].
type Change[T any] struct{ c change }

// change is a Change whatever the entity.
type change struct {
	field int
	op    changeOp
	put   func(*Row) // of set and add
	zero  func(*Row) // of set: writes the zero value
}

type changeOp uint8

const (
	setField changeOp = iota
	clearField
	addToField
)

// Order is an order of results, for [Query.OrderBy].
type Order[T any] struct{ o order }

// order is an Order whatever the entity; the zero order is none.
type order struct {
	given   bool
	field   int
	reverse bool
	near    *Point // by distance from it
	err     error  // why the order makes no sense
}

// Field is a field that a patch can change.
type Field[T, V any] struct {
	field int
	put   func(*Row, V)
}

// NewField returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewField[T, V any](field int, put func(*Row, V)) Field[T, V] {
	return Field[T, V]{field, put}
}

// Set gives the field a value. The zero value of an omitempty field is stored as
// nothing, as it is by every write.
func (f *Field[T, V]) Set(v V) Change[T] {
	var zero V
	return Change[T]{change{field: f.field, op: setField, put: bind(f.put, v), zero: bind(f.put, zero)}}
}

// Clear removes the field from the record; it reads as the zero value.
func (f *Field[T, V]) Clear() Change[T] { return Change[T]{change{field: f.field, op: clearField}} }

// Number is a field that a patch can set or add to.
type Number[T, V any] struct{ Field[T, V] }

// NewNumber returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewNumber[T, V any](field int, put func(*Row, V)) Number[T, V] {
	return Number[T, V]{NewField[T](field, put)}
}

// Add adds v to the number, atomically; an absent number counts as zero. A sum
// that the field cannot hold fails the patch with [ErrRange].
func (f *Number[T, V]) Add(v V) Change[T] {
	return Change[T]{change{field: f.field, op: addToField, put: bind(f.put, v)}}
}

// Equal is a field with an index that finds records by its value.
type Equal[T, V any] struct {
	field int
	put   func(*Row, V)
	get   func(*Reader) V
}

// NewEqual returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewEqual[T, V any](field int, put func(*Row, V), get func(*Reader) V) Equal[T, V] {
	return Equal[T, V]{field, put, get}
}

// Eq holds for records whose field has that value.
func (f *Equal[T, V]) Eq(v V) Predicate[T] { return f.In(v) }

// In holds for records whose field has one of the values; without any, for
// none.
func (f *Equal[T, V]) In(values ...V) Predicate[T] {
	var zero V
	return Predicate[T]{predicate{op: equals, field: f.field, values: bindAll(f.put, values), zero: bind(f.put, zero)}}
}

// Not holds for records whose field does not have that value, also for those
// that have none: the negation of Eq.
func (f *Equal[T, V]) Not(v V) Predicate[T] { return Not(f.Eq(v)) }

// CountBy returns how many records of a query there are for each value of the
// field, in no particular order; records without the field are not counted.
// With fold the values are without case. Every record is looked at, some
// hundreds a round trip.
func (f *Equal[T, V]) CountBy(ctx context.Context, q QueryOf[T]) ([]Group[V], error) {
	return countBy(ctx, queryOf(q), f.field, f.get)
}

// Group is a value of a field and how many records have it.
type Group[V any] struct {
	Value V
	Count int64
}

// Range is a field with an index that keeps records in its order.
type Range[T, V any] struct{ Equal[T, V] }

// NewRange returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewRange[T, V any](field int, put func(*Row, V), get func(*Reader) V) Range[T, V] {
	return Range[T, V]{NewEqual[T](field, put, get)}
}

// Gt holds for records whose field is greater than v.
func (f *Range[T, V]) Gt(v V) Predicate[T] {
	return Predicate[T]{predicate{op: within, field: f.field, low: bind(f.put, v), lowOpen: true}}
}

// Gte holds for records whose field is v or greater.
func (f *Range[T, V]) Gte(v V) Predicate[T] {
	return Predicate[T]{predicate{op: within, field: f.field, low: bind(f.put, v)}}
}

// Lt holds for records whose field is less than v.
func (f *Range[T, V]) Lt(v V) Predicate[T] {
	return Predicate[T]{predicate{op: within, field: f.field, up: bind(f.put, v), upOpen: true}}
}

// Lte holds for records whose field is v or less.
func (f *Range[T, V]) Lte(v V) Predicate[T] {
	return Predicate[T]{predicate{op: within, field: f.field, up: bind(f.put, v)}}
}

// Between holds for records whose field is from low to high, both included.
func (f *Range[T, V]) Between(low, high V) Predicate[T] {
	return Predicate[T]{predicate{op: within, field: f.field, low: bind(f.put, low), up: bind(f.put, high)}}
}

// Asc orders records by the field, least first, and records that are equal in
// it by id. Records without the field are left out.
func (f *Range[T, V]) Asc() Order[T] { return Order[T]{order{given: true, field: f.field}} }

// Desc is Asc turned round: greatest first.
func (f *Range[T, V]) Desc() Order[T] {
	return Order[T]{order{given: true, field: f.field, reverse: true}}
}

// Min returns the least value that the field has in the records of a query, or
// [ErrNotFound] if none has it. It costs what First costs, ordered by the field.
func (f *Range[T, V]) Min(ctx context.Context, q QueryOf[T]) (V, error) {
	return extreme(ctx, queryOf(q), "Min", order{given: true, field: f.field}, f.get)
}

// Max returns the greatest value that the field has in the records of a query,
// as Min does the least.
func (f *Range[T, V]) Max(ctx context.Context, q QueryOf[T]) (V, error) {
	return extreme(ctx, queryOf(q), "Max", order{given: true, field: f.field, reverse: true}, f.get)
}

// Lex is a field with an index that keeps records in the order of its bytes.
type Lex[T, V any] struct{ Range[T, V] }

// NewLex returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewLex[T, V any](field int, put func(*Row, V), get func(*Reader) V) Lex[T, V] {
	return Lex[T, V]{NewRange[T](field, put, get)}
}

// Prefix holds for records whose field starts with v. Of numbers and times it
// holds for v alone.
func (f *Lex[T, V]) Prefix(v V) Predicate[T] {
	return Predicate[T]{predicate{op: prefixed, field: f.field, values: bindAll(f.put, []V{v})}}
}

// Member is a slice with an index that finds records by each of its elements.
type Member[T, E any] struct {
	field int
	put   func(*Row, E)
	get   func(*Reader) E
}

// NewMember returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewMember[T, E any](field int, put func(*Row, E), get func(*Reader) E) Member[T, E] {
	return Member[T, E]{field, put, get}
}

// Has holds for records whose slice has that element.
func (f *Member[T, E]) Has(v E) Predicate[T] { return f.HasAny(v) }

// HasAny holds for records whose slice has at least one of the elements;
// without any, for none.
func (f *Member[T, E]) HasAny(values ...E) Predicate[T] {
	return Predicate[T]{predicate{op: contains, field: f.field, values: bindAll(f.put, values)}}
}

// HasAll holds for records whose slice has all of the elements; without any,
// for all.
func (f *Member[T, E]) HasAll(values ...E) Predicate[T] {
	parts := make([]predicate, len(values))
	for i, v := range values {
		parts[i] = f.Has(v).p
	}
	return Predicate[T]{predicate{op: all, parts: parts}}
}

// CountBy returns how many records of a query there are for each element, as
// [Equal.CountBy] does for each value; a record counts once for each element
// that it has.
func (f *Member[T, E]) CountBy(ctx context.Context, q QueryOf[T]) ([]Group[E], error) {
	return countBy(ctx, queryOf(q), f.field, f.get)
}

// Nilable is a field that may be nil.
type Nilable[T any] struct{ field int }

// IsNil holds for records whose field is nil. No index finds them: a query
// needs another condition that one answers, or walks all records.
func (f *Nilable[T]) IsNil() Predicate[T] {
	return Predicate[T]{predicate{op: absent, field: f.field}}
}

// The functions below are not inlined: the compiler would copy them into the
// methods of every entity's types.

// plainChanges returns what core takes of changes.
//
//go:noinline
func plainChanges[T any](changes []Change[T]) []change {
	list := make([]change, len(changes))
	for i, c := range changes {
		list[i] = c.c
	}
	return list
}

// bind returns what writes v.
//
//go:noinline
func bind[V any](put func(*Row, V), v V) func(*Row) { return func(row *Row) { put(row, v) } }

// bindAll returns what writes each of the values.
//
//go:noinline
func bindAll[V any](put func(*Row, V), values []V) []func(*Row) {
	list := make([]func(*Row), len(values))
	for i, v := range values {
		list[i] = bind(put, v)
	}
	return list
}
