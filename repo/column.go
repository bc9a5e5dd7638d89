package repo

// FieldOf is a field of T, for [Query.Select]: every field of UserFields and
// its like is one.
type FieldOf[T any] interface {
	column(T) int // its position in [Entity.Fields]
}

// Column is a field that a query can read and that neither conditions nor
// patches are for, as a version without an index.
type Column[T any] struct{ field int }

// NewColumn returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewColumn[T any](field int) *Column[T] { return &Column[T]{field} }

func (f *Column[T]) column(T) int { return f.field }
