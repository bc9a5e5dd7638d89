package repo

import (
	"errors"
	"math"
	"testing"
	"time"
)

// TestGet reads back what the function beside it has written.
func TestGet(t *testing.T) {
	type (
		name  string
		flag  bool
		level int8
		size  uint16
		ratio float32
		blob  []byte
	)
	moment := time.Date(2026, 2, 3, 4, 5, 6, 789000, time.UTC)
	for _, s := range []string{"", "a\x00\xffé"} {
		codec(t, FieldInfo{Kind: KindString}, name(s), name(s), PutString[name], GetString, nil)
		codec(t, FieldInfo{Kind: KindBytes}, blob(s), blob(s), PutBytes[blob], GetBytes, nil)
		codec(t, FieldInfo{Kind: KindText}, text(s), text(s), PutText[text], GetText, nil)
	}
	for _, b := range []flag{false, true} {
		codec(t, FieldInfo{Kind: KindBool}, b, b, PutBool[flag], GetBool, nil)
	}
	for _, n := range []level{math.MinInt8, 0, math.MaxInt8} {
		codec(t, FieldInfo{Kind: KindInt, Bits: 8}, n, n, PutInt[level], GetInt, nil)
	}
	for _, n := range []int64{math.MinInt64, 1<<53 + 1, math.MaxInt64} {
		codec(t, FieldInfo{Kind: KindInt, Bits: 64}, n, n, PutInt[int64], GetInt, nil)
	}
	for _, n := range []size{0, math.MaxUint16} {
		codec(t, FieldInfo{Kind: KindUint, Bits: 16}, n, n, PutUint[size], GetUint, nil)
	}
	for _, n := range []uint64{0, math.MaxUint64} {
		codec(t, FieldInfo{Kind: KindUint, Bits: 64}, n, n, PutUint[uint64], GetUint, nil)
	}
	for _, x := range []ratio{0, 0.1, math.MaxFloat32, math.SmallestNonzeroFloat32} {
		codec(t, FieldInfo{Kind: KindFloat, Bits: 32}, x, x, PutFloat[ratio], GetFloat, nil)
	}
	for _, x := range []float64{0, 0.1, math.MaxFloat64, math.Inf(-1)} {
		codec(t, FieldInfo{Kind: KindFloat, Bits: 64}, x, x, PutFloat[float64], GetFloat, nil)
	}
	codec(t, FieldInfo{Kind: KindTime}, moment, moment, PutTime, GetTime, nil)
	codec(t, FieldInfo{Kind: KindTime}, time.Time{}, time.Time{}, PutTime, GetTime, nil)
	codec(t, FieldInfo{Kind: KindInt, Bits: 64}, -time.Hour, -time.Hour, PutInt[time.Duration], GetInt, nil)
}

// TestGetRefuses reads what the type does not hold.
func TestGetRefuses(t *testing.T) {
	info := &entityInfo{goName: "Thing", fields: []FieldInfo{{Name: "field", Bits: 32}}}
	for _, test := range []struct {
		stored string
		get    func(*Reader)
		want   error // nil: any
	}{
		{"128", func(r *Reader) { GetInt[int8](r) }, ErrRange},
		{"-129", func(r *Reader) { GetInt[int8](r) }, ErrRange},
		{"2147483648", func(r *Reader) { GetInt[int32](r) }, ErrRange},
		{"256", func(r *Reader) { GetUint[uint8](r) }, ErrRange},
		{"4294967296", func(r *Reader) { GetUint[uint32](r) }, ErrRange},
		{"-1", func(r *Reader) { GetUint[uint64](r) }, nil},
		{"9223372036854775808", func(r *Reader) { GetInt[int64](r) }, nil},
		{"1e39", func(r *Reader) { GetFloat[float32](r) }, nil},
		{"x", func(r *Reader) { GetInt[int](r) }, nil},
		{"x", func(r *Reader) { GetBool[bool](r) }, nil},
		{"x", func(r *Reader) { GetTime(r) }, errTime},
		{"refuse", func(r *Reader) { GetText[text](r) }, errText},
	} {
		r := &Reader{info: info, values: values{respBulk(test.stored)}}
		test.get(r)
		var field *FieldError
		if err := r.Err(); !errors.As(err, &field) || field.Field != "field" || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%q: %v, want a FieldError with %v", test.stored, err, test.want)
		}
	}
}

// TestGetAbsent reads a field that is not stored.
func TestGetAbsent(t *testing.T) {
	info := &entityInfo{fields: make([]FieldInfo, 8)}
	r := &Reader{info: info, values: values{"$-1\r\n_\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n_\r\n"}}
	if GetString[string](r) != "" || GetBool[bool](r) || GetInt[int](r) != 0 || GetUint[uint](r) != 0 || GetFloat[float64](r) != 0 ||
		GetBytes[[]byte](r) != nil || !GetTime(r).IsZero() || GetText[text](r) != "" || r.Err() != nil {
		t.Errorf("an absent field is not the zero value, %v", r.Err())
	}
}
