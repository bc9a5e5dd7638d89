package redis

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// exact tells whether a value comes back as it is when it is read as encoding/json does.
func exact(value any) bool {
	switch v := value.(type) {
	case json.Number:
		return false
	case int64:
		return v > -1<<53 && v < 1<<53
	case []any:
		for _, one := range v {
			if !exact(one) {
				return false
			}
		}
	case map[string]any:
		for _, one := range v {
			if !exact(one) {
				return false
			}
		}
	}
	return true
}

// canonical returns the JSON of a field, by which its value is known again.
func canonical(c *column, field reflect.Value) json.RawMessage {
	value := field.Interface()
	if c.form == moment {
		value = c.value(field)
	}
	data, err := json.Marshal(value)
	if err != nil {
		return json.RawMessage("null") // a number that JSON has not, which encode refuses
	}
	return data
}

// value returns the value of a field as documents have it; nil if there is none.
func (c *column) value(field reflect.Value) any {
	if field.Kind() == reflect.Pointer {
		if field.IsNil() {
			return nil
		}
		field = field.Elem()
	}
	switch c.form {
	case text:
		return field.String()
	case boolean:
		return field.Bool()
	case integer:
		return field.Int()
	case float:
		return plainValue(field.Float())
	case moment:
		if t := field.Interface().(time.Time); !t.IsZero() {
			return storage.FormatTime(t)
		}
		return nil
	}
	switch v := field.Interface().(type) {
	case map[string]any:
		if v == nil {
			return nil
		}
		return plainValue(v)
	case []map[string]any:
		return list(v, func(m map[string]any) any {
			if m == nil {
				return nil
			}
			return plainValue(m)
		})
	case []string:
		return list(v, func(s string) any { return s })
	case map[string]string:
		if v == nil {
			return nil
		}
		object := make(map[string]any, len(v))
		for name, s := range v {
			object[name] = s
		}
		return object
	default:
		return plainValue(v)
	}
}

// list returns a list of a document; nil of nil.
func list[E any](values []E, each func(E) any) any {
	if values == nil {
		return nil
	}
	items := make([]any, len(values))
	for i, v := range values {
		items[i] = each(v)
	}
	return items
}

// plainValue puts the numbers of documents in place of those that encoding/json reads.
func plainValue(value any) any {
	switch v := value.(type) {
	case float64:
		return plainNumber(v)
	case []any:
		for i := range v {
			v[i] = plainValue(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = plainValue(v[name])
		}
	}
	return value
}

// plainNumber returns a number as documents have it that are written with it.
func plainNumber(f float64) any {
	if f != math.Trunc(f) || math.Abs(f) >= 1e19 || f == 0 && math.Signbit(f) {
		return f
	}
	if math.Abs(f) < 1<<53 {
		return int64(f)
	}
	if n, err := strconv.ParseInt(strconv.FormatFloat(f, 'f', -1, 64), 10, 64); err == nil {
		return n
	}
	return f
}
