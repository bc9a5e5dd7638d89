package repo

// Predicate is a condition on indexed fields, for [Repository.Where]. A field's
// methods make them; [And], [Or] and [Not] join them.
//
// A condition holds or it does not: one on a field that is absent from the
// record (a nil pointer, a zero time, the zero value of an omitempty field) does
// not hold, and its negation does.
type Predicate[T any] struct{ p *predicate }

// predicate is a Predicate whatever the entity.
type predicate struct {
	op      predicateOp
	field   int
	values  []func(*Row) // of equals, contains and prefixed: any of them will do
	zero    func(*Row)   // of equals: writes the zero value
	low, up func(*Row)   // of within; nil: no bound
	lowOpen bool         // the bound itself is out
	upOpen  bool
	area    *area       // of near
	err     error       // of near: why there is no area
	parts   []predicate // of all, either and not
}

type predicateOp uint8

const (
	equals   predicateOp = iota // the field is one of the values
	within                      // the field is between two bounds
	prefixed                    // the field begins with a value
	contains                    // the field has one of the values as an element
	absent                      // the field is nil
	near                        // the field is a point in an area
	all                         // every part holds
	either                      // at least one part holds
	not                         // the one part does not hold
)

// And holds for records that meet all conditions; without any, for all.
func And[T any](conditions ...Predicate[T]) Predicate[T] {
	return Predicate[T]{&predicate{op: all, parts: plainPredicates(conditions)}}
}

// Or holds for records that meet at least one of the conditions; without any,
// for none.
func Or[T any](conditions ...Predicate[T]) Predicate[T] {
	return Predicate[T]{&predicate{op: either, parts: plainPredicates(conditions)}}
}

// Not holds for records that do not meet the condition. No index finds them: a
// query needs another condition that one answers, or walks all records.
func Not[T any](condition Predicate[T]) Predicate[T] {
	return Predicate[T]{negation(condition.p)}
}

func negation(p *predicate) *predicate { return &predicate{op: not, parts: []predicate{orZero(p)}} }

// plainPredicates returns what a query keeps of conditions. Not inlined, for
// the reason that fields.go gives.
//
//go:noinline
func plainPredicates[T any](conditions []Predicate[T]) []predicate {
	list := make([]predicate, len(conditions))
	for i, c := range conditions {
		list[i] = orZero(c.p)
	}
	return list
}

// orZero returns what p points to, and the zero value if p is nil: a predicate
// or an order of the zero Predicate or Order.
func orZero[P any](p *P) P {
	if p == nil {
		return *new(P)
	}
	return *p
}
