package model

import (
	"math/big"
	"strconv"

	"github.com/redisgen/redisgen/repo"
)

// patch is a change to one field and what it does to the model.
type patch[T any] struct {
	field   string
	text    string
	change  repo.Change[*T]
	refused error // whatever the record
	apply   func(*record[T]) error
}

// settable is a field that a patch can change.
type settable[T, V any] interface {
	Set(V) repo.Change[*T]
	Clear() repo.Change[*T]
}

// countable is a field that a patch can add to.
type countable[T, V any] interface{ Add(V) repo.Change[*T] }

// set changes a field to v. The function put changes the value.
func set[T, V any](field settable[T, V], name string, v V, refused error, put func(*T, V)) patch[T] {
	return patch[T]{name, "Set(" + quote(v) + ")", field.Set(v), refused, func(r *record[T]) error {
		put(r.value, v)
		return nil
	}}
}

// clearing removes a field. Of one that is stored also when it is zero, the record remembers that.
func clearing[T, V any](field settable[T, V], name string, put func(*T)) patch[T] {
	return patch[T]{name, "Clear()", field.Clear(), nil, func(r *record[T]) error {
		put(r.value)
		r.cleared[name] = true
		return nil
	}}
}

// integer is what a number can hold.
type integer struct{ low, high int64 }

// adding adds to a field whose value at leads to; a nil result is a field without a value.
func adding[T any, V int | int32 | int64 | uint32](field countable[T, V], name string, v V, bounds integer, get func(*T) V, put func(*T, V)) patch[T] {
	return patch[T]{name, "Add(" + strconv.FormatInt(int64(v), 10) + ")", field.Add(v), nil, func(r *record[T]) error {
		sum := new(big.Int).Add(big.NewInt(int64(get(r.value))), big.NewInt(int64(v)))
		if sum.Cmp(big.NewInt(bounds.low)) < 0 || sum.Cmp(big.NewInt(bounds.high)) > 0 {
			return repo.ErrRange
		}
		put(r.value, V(sum.Int64()))
		return nil
	}}
}
