package query

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
)

// kind is a Go type that fields have: its values, how they are stored, and how they compare.
type kind[V any] struct {
	typ schema.Type
	put func(*repo.Row, V)
	get func(*repo.Reader) V

	number func(a, b V) int // order of numbers and times; nil: that of text
	text   func(V) string
	zero   func(V) bool
	round  func(V) V // to what reading gives; nil: nothing is lost

	values []V           // few, and those that are hard to store or to tell apart
	scores func(V) bool  // whether a sorted set can have it as score; nil: it can
	bound  func(V) bool  // whether a range can begin or end with it; nil: it can
	alias  func(V) bool  // whether it is equal to another that is stored otherwise; nil: it is not
	wide   func(n int) V // as many as there are numbers
}

// color is a string type of few values.
type color string

// tag marshals itself as text that is not its Go value.
type tag struct{ name string }

func (t tag) MarshalText() ([]byte, error) { return []byte("#" + t.name), nil }

func (t *tag) UnmarshalText(text []byte) error {
	name, ok := strings.CutPrefix(string(text), "#")
	if !ok {
		return fmt.Errorf("%q does not begin with #", text)
	}
	t.name = name
	return nil
}

const exact = 1 << 53

// words are the strings that tell a wrong comparison or a wrong key from a right one.
var words = []string{
	"", "a", "A", "aa", "ab", "Ab\x00", "ab\x01", "ab", "b", "B", "\x00", "\x01", "\x01\x01", "a\x00b", "a\x01b", "é", "É", "\xff", "\xff\xff",
	"a\xffz", "\xc3",
	"1:a", "a:b", "{x}", "}{", "k", "\u212a", "ß", "ẞ", "ſ", "s", "-1", "10", "9", "\n", "\r\n$-1\r\n", "%d", strings.Repeat("long", 80),
}

// clean are the words that JSON can hold.
var clean = slices.DeleteFunc(append([]string{"<&>", "\u2028", "\"\\", "\ufffd"}, words...), func(s string) bool {
	return strings.ToValidUTF8(s, "") != s
})

var integers = []int64{
	0, 1, -1, 2, 7, 9, 10, -9, -10, 99, 100, 1e9, -1e9, 1e15 - 1, 1e15, exact - 1, exact, -exact, exact + 1, -exact - 1,
	1e18 - 1, 1e18, 1e18 + 1, -1e18 - 1, -1e18, math.MaxInt64 - 1, math.MaxInt64, math.MinInt64, math.MinInt64 + 1,
}

var unsigned = []uint64{
	0, 1, 2, 9, 10, 99, exact - 1, exact, exact + 1, 1e18, 1e18 + 1, math.MaxInt64, 1 << 63, math.MaxUint64 - 1, math.MaxUint64,
}

var floats = []float64{
	0, math.Copysign(0, -1), 1, -1, 1.5, -1.5, 0.1, 0.3, 10, 1e6, 1e21, 1e300, -1e300, 5e-324, math.MaxFloat64, -math.MaxFloat64,
	exact, exact + 2, 1.0000000000000002,
	math.Inf(1), math.Inf(-1),
}

var times = []time.Time{
	{},
	time.Unix(0, 0), time.Unix(0, 1000), time.Unix(0, 1999), time.Unix(0, -1), time.Unix(-1, 0),
	time.Date(2020, 2, 29, 23, 59, 59, 999_999_999, time.UTC),
	time.Date(2020, 2, 29, 23, 59, 59, 999_998_000, time.UTC),
	time.Date(2020, 3, 1, 1, 0, 0, 0, time.FixedZone("east", 3600)),
	time.Date(2020, 3, 1, 0, 0, 0, 0, time.UTC),
	time.UnixMicro(exact), time.UnixMicro(-exact), time.UnixMicro(exact - 1),
	time.Date(2, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
}

func stringKind[V ~string](name string, values ...string) kind[V] {
	k := kind[V]{
		typ:  schema.Type{Go: name, Kind: schema.String, Named: name != "string"},
		put:  repo.PutString[V],
		get:  repo.GetString[V],
		text: func(v V) string { return string(v) },
		zero: repo.IsZero[V],
		wide: func(n int) V { return V(words[n%7] + strconv.Itoa(n)) },
	}
	for _, v := range values {
		k.values = append(k.values, V(v))
	}
	return k
}

func intKind[V ~int | ~int8 | ~int64](name string, bits int, stored schema.Kind) kind[V] {
	k := kind[V]{
		typ:    schema.Type{Go: name, Kind: stored, Bits: bits},
		put:    repo.PutInt[V],
		get:    repo.GetInt[V],
		number: cmp.Compare[V],
		zero:   repo.IsZero[V],
		scores: func(v V) bool { return int64(v) <= exact && int64(v) >= -exact },
		wide:   func(n int) V { return V(n - 50) },
	}
	for _, n := range integers {
		if int64(V(n)) == n {
			k.values = append(k.values, V(n))
		}
	}
	return k
}

func floatKind[V ~float32 | ~float64](name string, bits int) kind[V] {
	k := kind[V]{
		typ:    schema.Type{Go: name, Kind: schema.Float, Bits: bits},
		put:    repo.PutFloat[V],
		get:    repo.GetFloat[V],
		number: cmp.Compare[V],
		zero:   repo.IsZero[V],
		scores: func(v V) bool { return !math.IsInf(float64(v), 0) },
		bound:  func(v V) bool { return !math.IsInf(float64(v), 0) },
		alias:  func(v V) bool { return v == 0 && math.Signbit(float64(v)) },
		wide:   func(n int) V { return V(n) / 8 },
	}
	for _, f := range floats {
		if v := V(f); !math.IsInf(float64(v), 0) || math.IsInf(f, 0) {
			k.values = append(k.values, v)
		}
	}
	return k
}

var boolKind = kind[bool]{
	typ: schema.Type{Go: "bool", Kind: schema.Bool}, put: repo.PutBool[bool], get: repo.GetBool[bool],
	number: func(a, b bool) int { return strings.Compare(strconv.FormatBool(a), strconv.FormatBool(b)) },
	zero:   repo.IsZero[bool], values: []bool{false, true},
}

var uintKind = kind[uint64]{
	typ: schema.Type{Go: "uint64", Kind: schema.Uint, Bits: 64}, put: repo.PutUint[uint64], get: repo.GetUint[uint64],
	number: cmp.Compare[uint64], zero: repo.IsZero[uint64], values: unsigned,
	scores: func(v uint64) bool { return v <= exact },
	wide:   func(n int) uint64 { return uint64(n) },
}

var bytesKind = kind[[]byte]{
	typ: schema.Type{Go: "[]byte", Kind: schema.Bytes, Nilable: true}, put: repo.PutBytes[[]byte], get: repo.GetBytes[[]byte],
	text:   func(v []byte) string { return string(v) },
	zero:   func(v []byte) bool { return len(v) == 0 },
	values: [][]byte{nil, {}, []byte("a"), []byte("ab"), []byte("A"), {0}, {1}, {0xff}, {0xff, 0xff}, []byte("a\x00b"), []byte("b:{}")},
	bound:  func(v []byte) bool { return v != nil },
	wide:   func(n int) []byte { return binaryNumber(n) },
}

// binaryNumber has all kinds of bytes in it.
func binaryNumber(n int) []byte { return []byte{byte(n), 0, byte(n >> 8), 0xff} }

var timeKind = kind[time.Time]{
	typ: schema.Type{Go: `"time".Time`, Kind: schema.Time}, put: repo.PutTime, get: repo.GetTime,
	number: time.Time.Compare, zero: time.Time.IsZero, values: times,
	round:  func(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) },
	scores: func(t time.Time) bool { return t.IsZero() || t.UnixMicro() <= exact && t.UnixMicro() >= -exact },
	bound:  func(t time.Time) bool { return !t.IsZero() },
	wide:   func(n int) time.Time { return time.UnixMicro(int64(n)*1_000_003 - 7) },
}

var tagKind = kind[tag]{
	typ: schema.Type{Go: `"query".tag`, Kind: schema.Text}, put: repo.PutText[tag], get: repo.GetText[tag],
	text:   func(t tag) string { return "#" + t.name },
	zero:   repo.IsZero[tag],
	values: tags(),
	wide:   func(n int) tag { return tag{words[n%5] + strconv.Itoa(n)} },
}

func tags() (list []tag) {
	for _, w := range words {
		list = append(list, tag{w})
	}
	return list
}

// compare compares two values that are there.
func (k *kind[V]) compare(a, b V) int {
	if k.number != nil {
		return k.number(a, b)
	}
	return strings.Compare(k.text(a), k.text(b))
}

// rounded returns what reading gives.
func (k *kind[V]) rounded(v V) V {
	if k.round == nil {
		return v
	}
	return k.round(v)
}

// sample returns some of the values, in a random order.
func sample[V any](rng *rand.Rand, values []V) []V {
	list := slices.Clone(values)
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(len(list), 2+rng.IntN(7))]
}

func pick[V any](rng *rand.Rand, values ...V) V { return values[rng.IntN(len(values))] }

// chance is true once in n times.
func chance(rng *rand.Rand, n int) bool { return rng.IntN(n) == 0 }

// show prints a value of any kind; nil is none.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case []byte:
		return fmt.Sprintf("[]byte(%q)", v)
	case tag:
		return fmt.Sprintf("tag{%q}", v.name)
	case string, color, []string:
		return fmt.Sprintf("%.120q", v)
	}
	return fmt.Sprint(v)
}

// same tells whether two values are the same to a caller.
func same(a, b any) bool {
	switch a := a.(type) {
	case time.Time:
		b, ok := b.(time.Time)
		return ok && a.Equal(b) && a.Location() == b.Location()
	case []byte:
		b, ok := b.([]byte)
		return ok && bytes.Equal(a, b) && (a == nil) == (b == nil)
	case []string:
		b, ok := b.([]string)
		return ok && slices.Equal(a, b)
	case []int:
		b, ok := b.([]int)
		return ok && slices.Equal(a, b)
	}
	return a == b
}
