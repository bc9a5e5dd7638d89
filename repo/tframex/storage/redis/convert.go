package redis

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo/tframex"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// unknown is what a time is stored as that an index needs and the document does not have.
// It is before all others, as null is.
var unknown = tframex.Undated

// setText sets a string or a pointer to one.
func setText(to reflect.Value, s string) {
	if to.Kind() == reflect.Pointer {
		p := reflect.New(to.Type().Elem())
		p.Elem().SetString(s)
		to.Set(p)
		return
	}
	to.SetString(s)
}

// assign sets a field, or what it points to, to the value that set puts there.
func (c *column) assign(to reflect.Value, set func(reflect.Value)) {
	if !c.optional {
		set(to)
		return
	}
	p := reflect.New(to.Type().Elem())
	set(p.Elem())
	to.Set(p)
}

// set converts a value of a document, and tells whether the column alone has it.
func (c *column) set(to reflect.Value, value any, has bool) (same bool, err error) {
	if value == nil {
		return c.setNothing(to, has)
	}
	switch c.form {
	case text:
		s, same, err := c.text(value)
		if err != nil {
			return false, err
		}
		if s == "" && c.optional && c.unique {
			to.SetZero() // else only one could have it
			return false, nil
		}
		c.assign(to, func(to reflect.Value) { to.SetString(s) })
		return same, nil
	case boolean:
		b, err := truth(value)
		c.assign(to, func(to reflect.Value) { to.SetBool(b) })
		return value == b, err
	case integer:
		n, err := whole(value)
		c.assign(to, func(to reflect.Value) { to.SetInt(n) })
		return value == n, err
	case float:
		f, err := decimal(value)
		c.assign(to, func(to reflect.Value) { to.SetFloat(f) })
		return err == nil && plainValue(f) == value, err
	case moment:
		return c.setTime(to, value)
	}
	return setObject(to, value)
}

// setNothing sets a field that is null, or that the document does not have.
func (c *column) setNothing(to reflect.Value, has bool) (same bool, err error) {
	to.SetZero()
	switch {
	case c.choices != nil:
		return false, fmt.Errorf("it must be one of %s", strings.Join(c.choices, ", "))
	case c.form == moment && c.sorted && !c.optional:
		to.Set(reflect.ValueOf(unknown))
		return false, nil
	case c.absent != nil:
		to.Set(reflect.ValueOf(c.absent))
		return false, nil
	}
	nullable := c.optional || c.form == object || c.form == moment
	return nullable && !has, nil
}

// text returns the text of a value, which is itself only if it is one.
func (c *column) text(value any) (s string, same bool, err error) {
	s, same = value.(string)
	if !same {
		s = textOf(value)
	}
	if c.choices != nil && (!same || !slices.Contains(c.choices, s)) {
		return "", false, fmt.Errorf("it must be one of %s", strings.Join(c.choices, ", "))
	}
	return s, same, nil
}

// textOf returns a value that is no text as text: equal scalars have the same.
func textOf(value any) string {
	switch v := value.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	if r, ok := rational(value); ok {
		if r.IsInt() && r.Num().BitLen() < 256 {
			return r.Num().String()
		}
		f, _ := r.Float64()
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	data, _ := json.Marshal(value) // a value of a document
	return string(data)
}

// rational returns the exact value of a number that has one.
func rational(value any) (*big.Rat, bool) {
	switch v := value.(type) {
	case int64:
		return new(big.Rat).SetInt64(v), true
	case float64:
		r := new(big.Rat).SetFloat64(v)
		return r, r != nil
	case json.Number:
		if f, err := v.Float64(); err != nil || f == 0 || math.Abs(f) < 1e-100 {
			return new(big.Rat), err == nil
		}
		return new(big.Rat).SetString(string(v))
	}
	return nil, false
}

func truth(value any) (bool, error) {
	switch v := value.(type) {
	case bool:
		return v, nil
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "true", "t", "yes", "y", "on", "1":
			return true, nil
		case "false", "f", "no", "n", "off", "0":
			return false, nil
		}
	}
	if storage.Equal(value, int64(0)) || storage.Equal(value, int64(1)) {
		return storage.Equal(value, int64(1)), nil
	}
	return false, errors.New("it is neither true nor false")
}

// whole returns the integer of a number, or of a text that is one; what is behind the
// point is left to Extra.
func whole(value any) (int64, error) {
	if n, ok := value.(int64); ok {
		return n, nil
	}
	f, err := decimal(value)
	if err != nil {
		return 0, err
	}
	if r, ok := rational(numberOf(value)); ok && r.IsInt() && r.Num().IsInt64() {
		return r.Num().Int64(), nil
	}
	if f = math.Floor(f); f < -1<<63 || f >= 1<<63 {
		return 0, errors.New("it is beyond integers of 64 bits")
	}
	return int64(f), nil
}

// numberOf returns a text that is a number as that, else the value.
func numberOf(value any) any {
	s, ok := value.(string)
	if !ok {
		return value
	}
	v, err := storage.ParseValue([]byte(strings.TrimSpace(s)))
	if err != nil {
		return value
	}
	return v
}

func decimal(value any) (float64, error) {
	switch v := numberOf(value).(type) {
	case int64:
		return float64(v), nil
	case float64:
		return v, nil
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return f, nil
		}
		return 0, errors.New("it is beyond numbers of 64 bits")
	}
	return 0, errors.New("it is no number")
}

// setTime sets a time, in the precision in which it is stored.
func (c *column) setTime(to reflect.Value, value any) (bool, error) {
	s, ok := value.(string)
	if ok && s == "" && (c.optional || !c.sorted) {
		to.SetZero()
		return false, nil
	}
	if !ok {
		return false, errors.New("it is no time; write it as text, 2006-01-02T15:04:05.999999")
	}
	t, err := storage.ParseTime(s)
	if err != nil {
		return false, errors.New("it is no time; write it as 2006-01-02T15:04:05.999999")
	}
	t = t.Truncate(time.Microsecond)
	if c.expires {
		t = cutToExpiry(t)
	}
	if t.Year() < 0 || t.Year() > 9999 || t.IsZero() || c.sorted && (!t.After(unknown) || t.UnixMicro() > 1<<53) {
		return false, errors.New("it is a time beyond those that can be stored")
	}
	c.assign(to, func(to reflect.Value) { to.Set(reflect.ValueOf(t)) })
	return storage.FormatTime(t) == s, nil
}

// cutToExpiry returns a time as the server has it of what expires.
func cutToExpiry(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Millisecond)
}

// setObject sets a field that is stored as JSON, to nothing if it cannot have the value.
func setObject(to reflect.Value, value any) (bool, error) {
	if held := reflect.ValueOf(value); held.Type().AssignableTo(to.Type()) && exact(value) {
		to.Set(held)
		return true, nil
	}
	if labels, ok := to.Addr().Interface().(*map[string]string); ok {
		if object, ok := value.(map[string]any); ok {
			return setLabels(labels, object), nil
		}
	}
	data, err := json.Marshal(value)
	if err != nil {
		return false, err
	}
	fresh := reflect.New(to.Type())
	if err := json.Unmarshal(data, fresh.Interface()); err != nil {
		s, ok := value.(string) // which may be JSON itself
		if !ok || json.Unmarshal([]byte(s), fresh.Interface()) != nil {
			to.SetZero() // Extra alone has it
			return false, nil
		}
	}
	to.Set(fresh.Elem())
	again, err := json.Marshal(to.Interface())
	return string(again) == string(data), err
}

// setLabels sets texts by name; other values become texts.
func setLabels(to *map[string]string, object map[string]any) (same bool) {
	labels, same := make(map[string]string, len(object)), true
	for name, value := range object {
		s, ok := value.(string)
		switch {
		case value == nil:
			same = false
		case !ok:
			s, same = textOf(value), false
		}
		labels[name] = s
	}
	*to = labels
	return same
}
