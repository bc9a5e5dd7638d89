package repo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// store returns a row as Redis would return it to HMGET.
func store(info *entityInfo, row *Row) string {
	var w rowWrite
	w.whole(info, row, opCreate, false)
	stored := map[string]string{}
	for i := 0; i < len(w.sets); i += 2 {
		stored[w.sets[i]] = w.sets[i+1]
	}
	reply := fmt.Sprintf("*%d\r\n", len(info.fields))
	for _, f := range info.fields {
		if value, ok := stored[f.Name]; ok {
			reply += fmt.Sprintf("$%d\r\n%s\r\n", len(value), value)
		} else {
			reply += "$-1\r\n"
		}
	}
	return reply
}

// codec checks that a value comes back as it was written, or is refused with
// the error that is wanted.
func codec[V any](t *testing.T, field FieldInfo, v, want V, put func(*Row, V), get func(*Reader) V, refusal error) {
	t.Helper()
	field.Name = "field"
	info := &entityInfo{goName: "Thing", fields: []FieldInfo{field, {Name: "after", Kind: KindString}}, isKept: make([]bool, 2)}
	row := newRow(info)
	put(row, v)
	if refusal != nil {
		var field *FieldError
		if !errors.Is(row.err, refusal) || !errors.As(row.err, &field) || field.Field != "field" || field.Entity != "Thing" {
			t.Errorf("%+v: writing %#v: %v, want a FieldError with %v", info.fields[0], v, row.err, refusal)
		}
		return
	}
	if row.err != nil {
		t.Errorf("%+v: writing %#v: %v", info.fields[0], v, row.err)
		return
	}
	row.String("after")
	values := values{store(info, row)}
	if _, err := values.array(); err != nil {
		t.Fatal(err)
	}
	r := &Reader{info: info, values: values}
	got, after := get(r), r.String()
	if r.Err() != nil || after != "after" || !same(got, want) {
		t.Errorf("%+v: %#v reads as %#v, then %q, %v; want %#v", info.fields[0], v, got, after, r.Err(), want)
	}
}

// same is reflect.DeepEqual for values that may be NaN.
func same(a, b any) bool {
	if x, ok := a.(float64); ok {
		y := b.(float64)
		return math.Float64bits(x) == math.Float64bits(y) || math.IsNaN(x) && math.IsNaN(y)
	}
	return reflect.DeepEqual(a, b)
}

func FuzzCodec(f *testing.F) {
	for _, s := range []string{"", "a", "Ann", "\x00", "\xff", "é", "\ufffd", `\ufffd`, `"\ufffd`, "\xed\xa0\x80", "null", "$-1\r\n", "refuse", "<&>\u2028", strings.Repeat("x", 10_000)} {
		f.Add(s, int64(0), uint64(0), 0.0, int64(0), int64(0))
	}
	for _, n := range []int64{1, -1, 127, -129, exactScore, exactScore + 1, -exactScore - 1, math.MaxInt64, math.MinInt64} {
		f.Add("a", n, uint64(n), float64(n), n, n)
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), math.MaxFloat64, math.SmallestNonzeroFloat64, 0.1, 1e21, 16777217} {
		f.Add("b", int64(0), math.Float64bits(x), x, int64(-62135596800), int64(999_999_999))
	}
	f.Add("c", int64(0), uint64(0), 0.0, int64(-62167219200), int64(0)) // the year 0
	f.Add("c", int64(0), uint64(0), 0.0, int64(-62167219201), int64(0)) // before it
	f.Add("c", int64(0), uint64(0), 0.0, int64(253402300799), int64(999_999_999))
	f.Add("c", int64(0), uint64(0), 0.0, int64(253402300800), int64(0)) // the year 10000
	f.Add("c", int64(0), uint64(0), 0.0, int64(-62135596800), int64(1)) // just after the zero time
	f.Fuzz(func(t *testing.T, s string, n int64, u uint64, x float64, seconds, nanoseconds int64) {
		codecStrings(t, s)
		codecNumbers(t, n, u, x)
		codecTimes(t, time.Unix(seconds, nanoseconds))
		codecJSON(t, s, x)
	})
}

func codecStrings(t *testing.T, s string) {
	codec(t, FieldInfo{Kind: KindString}, s, s, (*Row).String, (*Reader).String, nil)
	codec(t, FieldInfo{Kind: KindString, Fold: true}, s, s, (*Row).String, (*Reader).String, nil)
	for _, b := range [][]byte{[]byte(s), {}, nil} {
		codec(t, FieldInfo{Kind: KindBytes}, b, b, (*Row).Bytes, (*Reader).Bytes, nil)
	}
	var refusal error
	if s == "refuse" {
		refusal = errText
	}
	codec(t, FieldInfo{Kind: KindText}, text(s), text(s), func(r *Row, v text) { r.Text(&v) }, func(r *Reader) (v text) { r.Text(&v); return }, refusal)
	codec(t, FieldInfo{Kind: KindBinary}, text(s), text(s), func(r *Row, v text) { r.Binary(&v) }, func(r *Reader) (v text) { r.Binary(&v); return }, refusal)
	for _, p := range []*string{&s, nil} {
		codec(t, FieldInfo{Kind: KindString}, p, p, func(r *Row, v *string) {
			if r.Present(v != nil) {
				r.String(*v)
			}
		}, func(r *Reader) (v *string) {
			if r.Present() {
				v = new(r.String())
			}
			return
		}, nil)
	}
}

func codecNumbers(t *testing.T, n int64, u uint64, x float64) {
	for _, b := range []bool{n&1 == 0, n&1 != 0} {
		codec(t, FieldInfo{Kind: KindBool}, b, b, (*Row).Bool, (*Reader).Bool, nil)
	}
	for _, bits := range []int{8, 16, 32, 64} {
		n, u := n>>(64-bits), u>>(64-bits)
		codec(t, FieldInfo{Kind: KindInt, Bits: bits}, n, n, (*Row).Int, func(r *Reader) int64 { return r.Int(bits) }, nil)
		codec(t, FieldInfo{Kind: KindUint, Bits: bits}, u, u, (*Row).Uint, func(r *Reader) uint64 { return r.Uint(bits) }, nil)
	}
	var refusal error
	if n > exactScore || n < -exactScore {
		refusal = ErrRange
	}
	codec(t, FieldInfo{Kind: KindInt, Scored: true}, n, n, (*Row).Int, func(r *Reader) int64 { return r.Int(0) }, refusal)
	refusal = nil
	if u > exactScore {
		refusal = ErrRange
	}
	codec(t, FieldInfo{Kind: KindUint, Scored: true}, u, u, (*Row).Uint, func(r *Reader) uint64 { return r.Uint(0) }, refusal)

	for bits, x := range map[int]float64{32: float64(float32(x)), 64: x} {
		put := func(r *Row, v float64) { r.Float(v, bits) }
		get := func(r *Reader) float64 { return r.Float(bits) }
		codec(t, FieldInfo{Kind: KindFloat, Bits: bits}, x, x, put, get, nil)
		refusal = nil
		if math.IsNaN(x) || math.IsInf(x, 0) {
			refusal = ErrNaN
		}
		codec(t, FieldInfo{Kind: KindFloat, Bits: bits, Scored: true}, x, x, put, get, refusal)
	}
}

func codecTimes(t *testing.T, at time.Time) {
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("east", 14*3600)} {
		v, want := at.In(zone), at.UTC().Truncate(time.Microsecond)
		var refusal error
		if y := want.Year(); y < 0 || y > 9999 {
			refusal = ErrRange
		}
		codec(t, FieldInfo{Kind: KindTime}, v, want, (*Row).Time, (*Reader).Time, refusal)
		if us := want.UnixMicro(); refusal == nil && !at.IsZero() && (us > exactScore || us < -exactScore) {
			refusal = ErrRange
		}
		codec(t, FieldInfo{Kind: KindTime, Scored: true}, v, want, (*Row).Time, (*Reader).Time, refusal)
	}
	codec(t, FieldInfo{Kind: KindTime, Scored: true}, time.Time{}, time.Time{}, (*Row).Time, (*Reader).Time, nil)
}

func codecJSON(t *testing.T, s string, x float64) {
	var refusal error
	if !utf8.ValidString(s) {
		refusal = ErrUTF8
	}
	checkJSON(t, s, refusal)
	checkJSON(t, []string{s, "", s}, refusal)
	checkJSON(t, []string(nil), nil)
	checkJSON(t, []string{}, nil)
	checkJSON(t, map[string]any{s: []any{s, nil, true, "x"}}, refusal)
	checkJSON(t, (*string)(nil), nil)
	checkJSON(t, struct{ B []byte }{[]byte(s)}, nil)
	if math.IsNaN(x) || math.IsInf(x, 0) {
		var v *json.UnsupportedValueError
		row := newRow(lexInfo)
		if PutJSON(row, []float64{x}); !errors.As(row.err, &v) {
			t.Errorf("writing %v as JSON: %v", x, row.err)
		}
	} else {
		checkJSON(t, map[string]any{"x": x}, nil)
	}
	var compact bytes.Buffer
	if json.Compact(&compact, []byte(s)) == nil && compact.String() != "null" {
		raw, want := json.RawMessage(s), json.RawMessage(compact.String())
		codec(t, FieldInfo{Kind: KindJSON}, raw, want, PutJSON[json.RawMessage], getJSON[json.RawMessage], nil)
	}
}

func checkJSON[V any](t *testing.T, v V, refusal error) {
	t.Helper()
	codec(t, FieldInfo{Kind: KindJSON}, v, v, PutJSON[V], getJSON[V], refusal)
	if _, list := any(v).([]string); list {
		codec(t, FieldInfo{Kind: KindJSON, Fold: true}, v, v, PutJSON[V], getJSON[V], refusal)
	}
}

func getJSON[V any](r *Reader) (v V) {
	r.JSON(&v)
	return v
}

// What queries and unique values compare is the folded value; what is read
// back is the value itself.
func TestFoldedValues(t *testing.T) {
	info := newEntityInfo(&Entity[*thing, string]{Name: "things", Fields: []FieldInfo{
		{Name: "name", Kind: KindString, Fold: true}, {Name: "tags", Kind: KindJSON, Fold: true}, {Name: "plain", Kind: KindString},
	}})
	for _, test := range []struct{ name, folded string }{{"ann", ""}, {"Ann", "ann"}, {"STRASSE", "strasse"}, {"\xffA", "\xffa"}} {
		row := newRow(info)
		row.String(test.name)
		row.JSON(&[]string{"B", "b<"})
		row.String(test.name)
		var w rowWrite
		w.whole(info, row, opSave, false)
		got := map[string]string{}
		for i := 0; i < len(w.sets); i += 2 {
			got[w.sets[i]] = w.sets[i+1]
		}
		if got["name"] != test.name || got["~name"] != test.folded || got["plain"] != test.name {
			t.Errorf("%q is stored as %q", test.name, got)
		}
		var folded []string
		if err := json.Unmarshal([]byte(got["~tags"]), &folded); err != nil || !reflect.DeepEqual(folded, []string{"b", "b<"}) || got["tags"] != `["B","b<"]` {
			t.Errorf("tags are stored as %q and %q, %v", got["tags"], got["~tags"], err)
		}
		if cleared := strings.Contains(strings.Join(w.clears, " "), "~name"); cleared != (test.folded == "") {
			t.Errorf("%q: cleared %q", test.name, w.clears)
		}
	}
}
