package storage

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hidden stands in place of values that are not shown.
const hidden = "(hidden)"

// value returns a value as [Values] have it, or why the setting cannot have it.
func (s Setting) value(given any) (value any, reason string) {
	value, reason = s.convert(given)
	switch {
	case reason == "" && s.Required && value == "":
		return nil, required
	case reason == "" && s.Secret && value == hidden:
		return nil, "is what stands in place of a value that is not shown; write the value itself"
	case reason == "":
		reason = s.outside(value)
	}
	switch {
	case reason == "":
		return value, ""
	case s.Secret:
		return nil, reason
	}
	return nil, shown(given) + ": " + reason
}

// convert returns a value of the type that the setting has.
func (s Setting) convert(given any) (value any, reason string) {
	ok := false
	switch s.Kind {
	case Text:
		value, ok = textOf(given)
	case Integer:
		if r, isNumber := numberOf(given); isNumber && r.IsInt() {
			value, ok = r.Num().Int64(), true
			if !r.Num().IsInt64() {
				return nil, "is too large"
			}
		}
	case Number:
		if r, isNumber := numberOf(given); isNumber {
			value, _ = r.Float64()
			ok = true
		}
	case Flag:
		if r := reflect.ValueOf(given); r.Kind() == reflect.Bool {
			value, ok = r.Bool(), true
		}
	case Texts:
		return textsOf(given)
	case Seconds:
		return durationOf(given)
	}
	if !ok {
		return nil, "must be " + nouns[s.Kind]
	}
	return value, ""
}

// nouns are how errors call values of a kind.
var nouns = map[Kind]string{
	Text: "text", Integer: "a whole number", Number: "a number", Flag: "true or false",
	Texts: "a list of texts", Seconds: "a number of seconds",
}

func textOf(given any) (string, bool) {
	if _, isNumber := given.(json.Number); isNumber {
		return "", false
	}
	r := reflect.ValueOf(given)
	if r.Kind() != reflect.String {
		return "", false
	}
	return r.String(), true
}

// numberOf returns the exact value of a number of any type; a time.Duration is none.
func numberOf(given any) (*big.Rat, bool) {
	switch v := given.(type) {
	case time.Duration:
		return nil, false
	case json.Number:
		if !json.Valid([]byte(v)) {
			return nil, false
		}
		r := rational(v)
		return r, r != nil
	}
	switch r := reflect.ValueOf(given); {
	case r.CanInt():
		return new(big.Rat).SetInt64(r.Int()), true
	case r.CanUint():
		return new(big.Rat).SetUint64(r.Uint()), true
	case r.CanFloat():
		rat := new(big.Rat).SetFloat64(r.Float())
		return rat, rat != nil
	}
	return nil, false
}

func durationOf(given any) (value any, reason string) {
	if d, ok := given.(time.Duration); ok {
		return d, ""
	}
	r, ok := numberOf(given)
	if !ok {
		return nil, "must be " + nouns[Seconds]
	}
	seconds, _ := r.Float64()
	nanoseconds := math.Round(seconds * 1e9)
	if math.Abs(nanoseconds) >= math.MaxInt64 {
		return nil, "is too large"
	}
	return time.Duration(nanoseconds), ""
}

func textsOf(given any) (value any, reason string) {
	r := reflect.ValueOf(given)
	if r.Kind() != reflect.Slice {
		return nil, "must be " + nouns[Texts]
	}
	list := make([]string, r.Len())
	for i := range list {
		text, ok := textOf(r.Index(i).Interface())
		switch {
		case !ok:
			return nil, fmt.Sprintf("must be %s, and number %d is none", nouns[Texts], i+1)
		case text == "":
			return nil, fmt.Sprintf("number %d is empty", i+1)
		}
		list[i] = text
	}
	return list, ""
}

// outside says what bounds or choices a value does not meet.
func (s Setting) outside(value any) (reason string) {
	var number float64
	switch v := value.(type) {
	case string:
		return s.notAmong(v)
	case []string:
		return s.notAmong(v...)
	case bool:
		return ""
	case int64:
		number = float64(v)
	case float64:
		number = v
	case time.Duration:
		number = v.Seconds()
	}
	switch low, high := s.bounds(); {
	case number < low:
		return "must be at least " + s.amount(low)
	case number > high:
		return "must be at most " + s.amount(high)
	}
	return ""
}

func (s Setting) notAmong(texts ...string) (reason string) {
	for _, text := range texts {
		if s.Choices != nil && !slices.Contains(s.Choices, text) {
			return "must be one of " + strings.Join(s.Choices, ", ")
		}
	}
	return ""
}

// bounds returns those of a number, infinite where there is none.
func (s Setting) bounds() (low, high float64) {
	low, high = s.Min, s.Max
	if low == 0 && high == 0 {
		return math.Inf(-1), math.Inf(1)
	}
	if high < low || high >= math.MaxInt64 {
		high = math.Inf(1)
	}
	return low, high
}

// span returns the bounds of a number as text, with its unit; "" if there are none.
func (s Setting) span() string {
	low, high := s.bounds()
	switch {
	case math.IsInf(low, -1) && math.IsInf(high, 1):
		return ""
	case math.IsInf(high, 1):
		return "at least " + s.amount(low)
	case math.IsInf(low, -1):
		return "at most " + s.amount(high)
	}
	return "from " + decimal(low) + " to " + s.amount(high)
}

// amount returns a number with its unit.
func (s Setting) amount(number float64) string {
	unit := s.unit()
	if number == 1 {
		unit = strings.TrimSuffix(unit, "s")
	}
	return strings.TrimSpace(decimal(number) + " " + unit)
}

func (s Setting) unit() string {
	if s.Unit == "" && s.Kind == Seconds {
		return "seconds"
	}
	return s.Unit
}

func decimal(number float64) string { return strconv.FormatFloat(number, 'f', -1, 64) }

// shown returns a value for an error: not what is inside of it, and no URL with a password.
func shown(given any) string {
	if d, ok := given.(time.Duration); ok {
		return d.String()
	}
	switch reflect.ValueOf(given).Kind() {
	case reflect.String:
		text, isText := textOf(given)
		switch {
		case !isText: // a json.Number
			return fmt.Sprintf("%.40v", given)
		case carriesPassword(text):
			return hidden
		}
		return fmt.Sprintf("%.60q", text)
	case reflect.Map:
		return "an object"
	case reflect.Slice:
		return "a list"
	case reflect.Bool, reflect.Float32, reflect.Float64, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return fmt.Sprint(given)
	}
	return fmt.Sprintf("a %T", given)
}

// carriesPassword tells whether a text may be a URL with a password in it.
func carriesPassword(text string) bool {
	_, rest, isURL := strings.Cut(text, "://")
	return isURL && strings.ContainsAny(rest, "@?")
}

// copied returns a value of which nothing is shared.
func copied(value any) any {
	if list, ok := value.([]string); ok {
		return slices.Clone(list)
	}
	return value
}

// parse reads a value from the text of a variable or of a URL. A text that is none of the
// kind is returned as it is, for value to refuse.
func (s Setting) parse(text string) any {
	var value any
	var err error
	switch s.Kind {
	case Integer:
		value, err = strconv.ParseInt(text, 10, 64)
	case Number:
		value, err = strconv.ParseFloat(text, 64)
	case Flag:
		value, err = strconv.ParseBool(text)
	case Texts:
		list := strings.Split(text, ",")
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
		return list
	case Seconds:
		if value, err = strconv.ParseFloat(text, 64); err != nil {
			value, err = time.ParseDuration(text)
		}
	default:
		return text
	}
	if err != nil {
		return text
	}
	return value
}
