package repo

// The types below are those of fieldsets.go for fields that may be nil:
// pointers and slices. They repeat what those embed, and do not embed those:
// the compiler would write all their methods once more for every entity.

// NilableEqualField is an EqualField that may be nil.
type NilableEqualField[T, V any] struct {
	Field[T, V]
	Equal[T, V]
	Nilable[T]
}

// NewNilableEqualField returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewNilableEqualField[T, V any](field int, put func(*Row, V), get func(*Reader) V) NilableEqualField[T, V] {
	return NilableEqualField[T, V]{NewField[T](field, put), NewEqual[T](field, put, get), Nilable[T]{field}}
}

// NilableEqualNumber is an EqualNumber that may be nil.
type NilableEqualNumber[T, V any] struct {
	Number[T, V]
	Equal[T, V]
	Nilable[T]
}

// NewNilableEqualNumber returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewNilableEqualNumber[T, V any](field int, put func(*Row, V), get func(*Reader) V) NilableEqualNumber[T, V] {
	return NilableEqualNumber[T, V]{NewNumber[T](field, put), NewEqual[T](field, put, get), Nilable[T]{field}}
}

// NilableRangeField is a RangeField that may be nil.
type NilableRangeField[T, V any] struct {
	Field[T, V]
	Range[T, V]
	Nilable[T]
}

// NewNilableRangeField returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewNilableRangeField[T, V any](field int, put func(*Row, V), get func(*Reader) V) NilableRangeField[T, V] {
	return NilableRangeField[T, V]{NewField[T](field, put), NewRange[T](field, put, get), Nilable[T]{field}}
}

// NilableRangeNumber is a RangeNumber that may be nil.
type NilableRangeNumber[T, V any] struct {
	Number[T, V]
	Range[T, V]
	Nilable[T]
}

// NewNilableRangeNumber returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewNilableRangeNumber[T, V any](field int, put func(*Row, V), get func(*Reader) V) NilableRangeNumber[T, V] {
	return NilableRangeNumber[T, V]{NewNumber[T](field, put), NewRange[T](field, put, get), Nilable[T]{field}}
}

// NilableLexField is a LexField that may be nil.
type NilableLexField[T, V any] struct {
	Field[T, V]
	Lex[T, V]
	Nilable[T]
}

// NewNilableLexField returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewNilableLexField[T, V any](field int, put func(*Row, V), get func(*Reader) V) NilableLexField[T, V] {
	return NilableLexField[T, V]{NewField[T](field, put), NewLex[T](field, put, get), Nilable[T]{field}}
}

// NilableLexNumber is a LexNumber that may be nil.
type NilableLexNumber[T, V any] struct {
	Number[T, V]
	Range[T, V]
	Nilable[T]
}

// NewNilableLexNumber returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewNilableLexNumber[T, V any](field int, put func(*Row, V), get func(*Reader) V) NilableLexNumber[T, V] {
	return NilableLexNumber[T, V]{NewNumber[T](field, put), NewRange[T](field, put, get), Nilable[T]{field}}
}

// NilableMemberField is a MemberField that may be nil.
type NilableMemberField[T, V, E any] struct {
	Field[T, V]
	Member[T, E]
	Nilable[T]
}

// NewNilableMemberField returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewNilableMemberField[T, V, E any](field int, put func(*Row, V), putElem func(*Row, E), getElem func(*Reader) E) NilableMemberField[T, V, E] {
	return NilableMemberField[T, V, E]{NewField[T](field, put), NewMember[T](field, putElem, getElem), Nilable[T]{field}}
}

// NilableGeoField is a GeoField that may be nil.
type NilableGeoField[T any] struct {
	Field[T, Point]
	Geo[T]
	Nilable[T]
}

// NewNilableGeoField returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewNilableGeoField[T any](field int) NilableGeoField[T] {
	return NilableGeoField[T]{NewField[T](field, PutText[Point]), NewGeo[T](field), Nilable[T]{field}}
}
