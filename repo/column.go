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
func NewColumn[T any](field int) Column[T] { return Column[T]{field} }

// A type that joins others has a method of its own, since Go promotes none
// that two of them have.

func (f Column[T]) column(T) int                { return f.field }
func (f Field[T, V]) column(T) int              { return f.field }
func (f Equal[T, V]) column(T) int              { return f.field }
func (f EqualField[T, V]) column(T) int         { return f.Field.field }
func (f EqualNumber[T, V]) column(T) int        { return f.Field.field }
func (f RangeField[T, V]) column(T) int         { return f.Field.field }
func (f RangeNumber[T, V]) column(T) int        { return f.Field.field }
func (f LexField[T, V]) column(T) int           { return f.Field.field }
func (f LexNumber[T, V]) column(T) int          { return f.Field.field }
func (f NilableEqualField[T, V]) column(T) int  { return f.Field.field }
func (f NilableEqualNumber[T, V]) column(T) int { return f.Field.field }
func (f NilableRangeField[T, V]) column(T) int  { return f.Field.field }
func (f NilableRangeNumber[T, V]) column(T) int { return f.Field.field }
func (f NilableLexField[T, V]) column(T) int    { return f.Field.field }
func (f NilableLexNumber[T, V]) column(T) int   { return f.Field.field }
