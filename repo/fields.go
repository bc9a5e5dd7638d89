package repo

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

// Predicate is a condition on an indexed field, for [Repository.Where].
type Predicate[T any] struct{ p predicate }

// predicate is a Predicate whatever the entity.
type predicate struct {
	field   int
	op      predicateOp
	low, up func(*Row) // bounds; of equality, low is the value
	lowOpen bool       // the bound itself is out
	upOpen  bool
}

type predicateOp uint8

const (
	equals predicateOp = iota
	within
	prefixed
	contains
)

// Order is an order of results, for [Query.OrderBy].
type Order[T any] struct{ o order }

// order is an Order whatever the entity; the zero order is none.
type order struct {
	given   bool
	field   int
	reverse bool
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
}

// NewEqual returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewEqual[T, V any](field int, put func(*Row, V)) Equal[T, V] { return Equal[T, V]{field, put} }

// Eq holds for records whose field has that value.
func (f *Equal[T, V]) Eq(v V) Predicate[T] {
	return Predicate[T]{predicate{field: f.field, op: equals, low: bind(f.put, v)}}
}

// Range is a field with an index that keeps records in its order.
type Range[T, V any] struct{ Equal[T, V] }

// NewRange returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewRange[T, V any](field int, put func(*Row, V)) Range[T, V] {
	return Range[T, V]{NewEqual[T](field, put)}
}

// Gt holds for records whose field is greater than v.
func (f *Range[T, V]) Gt(v V) Predicate[T] {
	return Predicate[T]{predicate{field: f.field, op: within, low: bind(f.put, v), lowOpen: true}}
}

// Gte holds for records whose field is v or greater.
func (f *Range[T, V]) Gte(v V) Predicate[T] {
	return Predicate[T]{predicate{field: f.field, op: within, low: bind(f.put, v)}}
}

// Lt holds for records whose field is less than v.
func (f *Range[T, V]) Lt(v V) Predicate[T] {
	return Predicate[T]{predicate{field: f.field, op: within, up: bind(f.put, v), upOpen: true}}
}

// Lte holds for records whose field is v or less.
func (f *Range[T, V]) Lte(v V) Predicate[T] {
	return Predicate[T]{predicate{field: f.field, op: within, up: bind(f.put, v)}}
}

// Between holds for records whose field is from low to high, both included.
func (f *Range[T, V]) Between(low, high V) Predicate[T] {
	return Predicate[T]{predicate{field: f.field, op: within, low: bind(f.put, low), up: bind(f.put, high)}}
}

// Asc orders records by the field, least first.
func (f *Range[T, V]) Asc() Order[T] { return Order[T]{order{given: true, field: f.field}} }

// Desc orders records by the field, greatest first.
func (f *Range[T, V]) Desc() Order[T] {
	return Order[T]{order{given: true, field: f.field, reverse: true}}
}

// Lex is a field with an index that keeps records in the order of its bytes.
type Lex[T, V any] struct{ Range[T, V] }

// NewLex returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewLex[T, V any](field int, put func(*Row, V)) Lex[T, V] {
	return Lex[T, V]{NewRange[T](field, put)}
}

// Prefix holds for records whose field starts with v. Of numbers and times it
// holds for v alone.
func (f *Lex[T, V]) Prefix(v V) Predicate[T] {
	return Predicate[T]{predicate{field: f.field, op: prefixed, low: bind(f.put, v)}}
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

// plainPredicates returns what a query keeps of conditions.
//
//go:noinline
func plainPredicates[T any](conditions []Predicate[T]) []predicate {
	list := make([]predicate, len(conditions))
	for i, c := range conditions {
		list[i] = c.p
	}
	return list
}

// bind returns what writes v.
//
//go:noinline
func bind[V any](put func(*Row, V), v V) func(*Row) { return func(row *Row) { put(row, v) } }
