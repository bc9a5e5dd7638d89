package repo

// The types below are what UserFields and its like are made of: each joins
// what a patch can do to a field with what a query can ask of it.
//
// Constructors are not inlined, here and in fields.go: the compiler would copy
// them to the variables of every entity, and spend a tenth of its time on that.

// EqualField is a field that a patch can change and a query can find by value.
type EqualField[T, V any] struct {
	Field[T, V]
	Equal[T, V]
}

// NewEqualField returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewEqualField[T, V any](field int, put func(*Row, V), get func(*Reader) V) EqualField[T, V] {
	return EqualField[T, V]{NewField[T](field, put), NewEqual[T](field, put, get)}
}

// EqualNumber is an EqualField that a patch can add to.
type EqualNumber[T, V any] struct {
	Number[T, V]
	Equal[T, V]
}

// NewEqualNumber returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewEqualNumber[T, V any](field int, put func(*Row, V), get func(*Reader) V) EqualNumber[T, V] {
	return EqualNumber[T, V]{NewNumber[T](field, put), NewEqual[T](field, put, get)}
}

// RangeField is a field that a patch can change and a query can range over and
// order by.
type RangeField[T, V any] struct {
	Field[T, V]
	Range[T, V]
}

// NewRangeField returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewRangeField[T, V any](field int, put func(*Row, V), get func(*Reader) V) RangeField[T, V] {
	return RangeField[T, V]{NewField[T](field, put), NewRange[T](field, put, get)}
}

// RangeNumber is a RangeField that a patch can add to.
type RangeNumber[T, V any] struct {
	Number[T, V]
	Range[T, V]
}

// NewRangeNumber returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewRangeNumber[T, V any](field int, put func(*Row, V), get func(*Reader) V) RangeNumber[T, V] {
	return RangeNumber[T, V]{NewNumber[T](field, put), NewRange[T](field, put, get)}
}

// LexField is a RangeField whose order is that of its bytes, and which a query
// can search by prefix.
type LexField[T, V any] struct {
	Field[T, V]
	Lex[T, V]
}

// NewLexField returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewLexField[T, V any](field int, put func(*Row, V), get func(*Reader) V) LexField[T, V] {
	return LexField[T, V]{NewField[T](field, put), NewLex[T](field, put, get)}
}

// LexNumber is an integer field of the full 64 bits that a query can range
// over and order by, and a patch can add to.
type LexNumber[T, V any] struct {
	Number[T, V]
	Range[T, V]
}

// NewLexNumber returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewLexNumber[T, V any](field int, put func(*Row, V), get func(*Reader) V) LexNumber[T, V] {
	return LexNumber[T, V]{NewNumber[T](field, put), NewRange[T](field, put, get)}
}

// MemberField is a slice that a patch can change and whose elements a query
// can find records by.
type MemberField[T, V, E any] struct {
	Field[T, V]
	Member[T, E]
}

// NewMemberField returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewMemberField[T, V, E any](field int, put func(*Row, V), putElem func(*Row, E), getElem func(*Reader) E) MemberField[T, V, E] {
	return MemberField[T, V, E]{NewField[T](field, put), NewMember[T](field, putElem, getElem)}
}

// GeoField is a point that a patch can change and a query can search an area
// for.
type GeoField[T any] struct {
	Field[T, Point]
	Geo[T]
}

// NewGeoField returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewGeoField[T any](field int) GeoField[T] {
	return GeoField[T]{NewField[T](field, PutText[Point]), NewGeo[T](field)}
}
