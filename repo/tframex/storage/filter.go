package storage

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"
)

// Filter says which documents are meant: those in which each field has the value, or meets
// the conditions, a map of operators and values:
//
//	storage.Filter{"status": "failed", "started_at": map[string]any{"$lt": "2026-01-01T00:00:00"}}
//
// Operators are $eq, $ne, $lt, $lte, $gt, $gte and $in, which takes a list. nil is the value
// of a field that is null and of one that is not there. Values are equal if their JSON is,
// numbers by value; $lt and the others hold only between values of one type that has an
// order, numbers, strings by their bytes, or bools. Fields are those at the top of a
// document.
type Filter map[string]any

// Condition is one condition of a filter.
type Condition struct {
	Field string
	Op    string // $eq, $ne, …
	Value any    // in the form of documents; of $in a []any
}

// Conditions returns the conditions of a filter, sorted by field and operator, and
// [ErrValidation] if it has one that cannot be.
func (f Filter) Conditions() ([]Condition, error) {
	var list []Condition
	for _, field := range slices.Sorted(maps.Keys(f)) {
		value, err := plain(f[field])
		if err != nil {
			return nil, fmt.Errorf("filter of %q: %w", field, err)
		}
		found, err := conditions(field, value)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

// plain returns a value in the form of documents.
func plain(v any) (any, error) {
	if same, ok := copyOf(v); ok {
		return same, nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrValidation, err)
	}
	return ParseValue(data)
}

// operators are those of conditions.
var operators = []string{"$eq", "$gt", "$gte", "$in", "$lt", "$lte", "$ne"}

// conditions returns those that a value stands for.
func conditions(field string, value any) ([]Condition, error) {
	object, ok := value.(map[string]any)
	if !ok || !slices.ContainsFunc(slices.Collect(maps.Keys(object)), func(key string) bool { return strings.HasPrefix(key, "$") }) {
		return []Condition{{field, "$eq", value}}, nil
	}
	var list []Condition
	for _, op := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(operators, op) {
			return nil, fmt.Errorf("%w: filter of %q: no operator %.40q; there are %s", ErrValidation, field, op, strings.Join(operators, ", "))
		}
		if _, isList := object[op].([]any); op == "$in" && !isList {
			return nil, fmt.Errorf("%w: filter of %q: $in takes a list", ErrValidation, field)
		}
		list = append(list, Condition{field, op, object[op]})
	}
	return list, nil
}

// Match tells whether a document meets the condition.
func (c Condition) Match(doc Document) bool {
	has := doc[c.Field]
	switch c.Op {
	case "$eq":
		return Equal(has, c.Value)
	case "$ne":
		return !Equal(has, c.Value)
	case "$in":
		list, _ := c.Value.([]any)
		return slices.ContainsFunc(list, func(v any) bool { return Equal(has, v) })
	}
	if rank(has) != rank(c.Value) || rank(has) == 0 || rank(has) > 3 {
		return false
	}
	order := Compare(has, c.Value)
	switch c.Op {
	case "$lt":
		return order < 0
	case "$lte":
		return order <= 0
	case "$gt":
		return order > 0
	}
	return order >= 0
}

// MatchAll tells whether a document meets all conditions.
func MatchAll(doc Document, conditions []Condition) bool {
	return !slices.ContainsFunc(conditions, func(c Condition) bool { return !c.Match(doc) })
}

// Equal tells whether two values of documents are the same, numbers by value.
func Equal(a, b any) bool {
	if rank(a) != rank(b) {
		return false
	}
	switch rank(a) {
	case 2:
		return Compare(a, b) == 0
	case 4:
		return slices.EqualFunc(a.([]any), b.([]any), Equal)
	case 5:
		return maps.EqualFunc(a.(map[string]any), b.(map[string]any), Equal)
	}
	return reflect.DeepEqual(a, b)
}

// rank returns where values of a type are in the order of all: null, bools, numbers,
// strings, lists, objects.
func rank(v any) int {
	switch v.(type) {
	case nil:
		return 0
	case bool:
		return 1
	case int64, float64, json.Number:
		return 2
	case string:
		return 3
	case []any:
		return 4
	}
	return 5
}

// Compare returns the order of two values of documents, as cmp.Compare does: null, which a
// field also is that is not there, false, true, numbers by value, strings by their bytes,
// then lists and objects, as their JSON.
func Compare(a, b any) int {
	if by := cmp.Compare(rank(a), rank(b)); by != 0 {
		return by
	}
	switch a := a.(type) {
	case nil:
		return 0
	case bool:
		return cmp.Compare(ordinal(a), ordinal(b.(bool)))
	case string:
		return strings.Compare(a, b.(string))
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b)
		}
	}
	if rank(a) == 2 {
		x, y := rational(a), rational(b)
		if x != nil && y != nil {
			return x.Cmp(y)
		}
		if by := cmp.Compare(beyond(a, x), beyond(b, y)); by != 0 {
			return by
		}
	}
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Compare(x, y)
}

// beyond returns 0 for a number that has a rational, and 1 or -1 for one beyond float64.
func beyond(v any, r *big.Rat) int {
	switch {
	case r != nil:
		return 0
	case strings.HasPrefix(string(v.(json.Number)), "-"):
		return -1
	}
	return 1
}

func ordinal(b bool) int {
	if b {
		return 1
	}
	return 0
}
