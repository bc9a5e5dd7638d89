package repo

//go:generate go run ../internal/fieldtypes .

// Change is a change to one field in a [Repository.Patch].
type Change[T any] struct{ c *change }

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

// plainChanges returns what core takes of changes. It is not inlined: the
// compiler would copy it into the methods of every entity's types.
//
//go:noinline
func plainChanges[T any](changes []Change[T]) []change {
	list := make([]change, len(changes))
	for i, c := range changes {
		list[i] = *c.c
	}
	return list
}

// Order is an order of results, for [Query.OrderBy]. The zero Order is none.
type Order[T any] struct{ o *order }

// order is an Order whatever the entity; the zero order is none.
type order struct {
	given   bool
	field   int
	reverse bool
	near    *Point // by distance from it
	err     error  // why the order makes no sense
}

// Group is a value of a field and how many records have it.
type Group[V any] struct {
	Value V
	Count int64
}
