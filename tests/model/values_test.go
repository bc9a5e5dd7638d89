package model

import (
	"fmt"
	"math"
	"time"
)

// The values are few, so that records collide, and those that are hard to store: without bytes, with the bytes that
// keys, entries and footprints are put together with, different by case alone, not UTF-8, or at the end of a range.

var ids = []string{"1", "2", "3:x", "{a}", "}{", "a\x00b", "\x00", "\xff\xfe", "ä", "Ä", "r:1", "*", "12:"}

var names = []string{"", "ann", "ANN", "Ann", "ß", "ẞ", "\u212a", "k", "ſ", "s", "a\x00", "a\x00b", "\x01", "a\x01b", "\xffa", "\xffA", "a:b", "{}", "İ", "i", "ı"}

var words = []string{"", "a", "A", "aa", "ab", "Ab\x00", "ab\x01", "b", "É", "é", "\xff", "\xff\xff", "a\xffz", "1:a", "zz"}

var textWords = []string{"", "a", "A", "ǅ", "ǆ", "<&>", "\x00", "\"\\", "é", "É", "a:b", "\u2028", "😀", "\ufffd"}

const exact = 1 << 53

var ages = []int{0, 1, 2, 17, 18, exact, exact - 1, 1_000_000_000}

var balances = []float64{0, math.Copysign(0, -1), 1.5, -1.5, 0.1, 1e300, -1e300, 5e-324, math.MaxFloat64, -math.MaxFloat64, 1e21, 9007199254740993}

var numbers = []int64{0, 1, -1, 9, 10, -10, 999_999_999, 1_000_000_000, -1_000_000_000, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, exact + 1, -exact - 1}

var amounts = []int64{0, 1, -1, 7, -7, 999_999_999, -1_000_000_001, math.MaxInt64, math.MinInt64, 1 << 40}

// times are those a sorted field can hold, and the zero time, which is none.
var times = []time.Time{
	{},
	time.Unix(0, 0).UTC(),
	time.Unix(0, -1000).UTC(),
	time.Date(2020, 2, 29, 23, 59, 59, 999_999_999, time.UTC),
	time.Date(2020, 2, 29, 23, 59, 59, 999_999_001, time.FixedZone("east", 3600)),
	time.UnixMicro(exact).UTC(),
	time.UnixMicro(-exact).UTC(),
	time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC),
	time.Date(2000, 2, 29, 12, 0, 0, 1000, time.UTC),
}

// present are the times that a query can ask for.
var present = times[1:]

// beyond are times that no sorted field can hold.
var beyond = []time.Time{
	time.UnixMicro(exact + 1).UTC(), time.UnixMicro(-exact - 1).UTC(), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC),
}

// stored returns a time as reading it gives.
func stored(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// roundTime is stored for a pointer, which becomes nil for no time.
func roundTime(p **time.Time) {
	if *p == nil || (*p).IsZero() {
		*p = nil
		return
	}
	*p = new(stored(**p))
}

// sortable tells whether a sorted field can hold a time.
func sortable(t time.Time) bool {
	us := t.UTC().UnixMicro()
	y := t.UTC().Year()
	return t.IsZero() || y >= 0 && y <= 9999 && us <= exact && us >= -exact
}

func compareTimes(a, b time.Time) int { return stored(a).Compare(stored(b)) }

// pointer returns a copy of what p points to.
func pointer[V any](p *V) *V {
	if p == nil {
		return nil
	}
	return new(*p)
}

// maybe is nil or a pointer to one of values.
func maybe[V any](w *world, values ...V) *V {
	if w.chance(3) {
		return nil
	}
	return new(pick(w, values...))
}

func quote(v any) string {
	if t, ok := v.(time.Time); ok {
		return t.Format(time.RFC3339Nano)
	}
	return fmt.Sprintf("%#v", v)
}
