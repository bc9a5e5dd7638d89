package repo

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

// The first and the last time that can be stored, in µs since 1970.
var (
	firstMicro = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	lastMicro  = time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC).UnixMicro()
)

// stampFunction is stamp, which takes a number.
const stampFunction = "function(us) return stamp(tonumber(us)) end"

func FuzzTime(f *testing.F) {
	stamp, micros := newLuaFunction(f, "stamp", stampFunction, 1), newLuaFunction(f, "micros", "micros", 1)
	for _, us := range []int64{0, -1, 1, firstMicro, lastMicro, exactScore, -exactScore, exactScore + 1, -62135596800000000, 951782400000000 - 1} {
		f.Add(us)
	}
	f.Fuzz(func(t *testing.T, us int64) {
		us = firstMicro + int64(uint64(us-firstMicro)%uint64(lastMicro-firstMicro+1))
		text := storedTime(us)
		if parsed, err := parseTime(text); err != nil || parsed.UnixMicro() != us || parsed.Location() != time.UTC {
			t.Errorf("%s reads as %v, %v, want %d µs", text, parsed, err, us)
		}
		if len(text) != 27 {
			t.Errorf("%s has %d bytes", text, len(text))
		}
		if us > exactScore || us < -exactScore {
			return // such a time has no score, and the repository does not make one up
		}
		if got, _ := stamp.call(t, strconv.FormatInt(us, 10)); got != text {
			t.Errorf("stamp(%d) is %s, want %s", us, got, text)
		}
		if got, _ := micros.call(t, text); got != strconv.FormatInt(us, 10) {
			t.Errorf("micros(%s) is %s, want %d", text, got, us)
		}
	})
}

// storedTime returns a time in µs since 1970 as Row.Time stores it.
func storedTime(us int64) string { return string(appendTime(nil, time.UnixMicro(us).UTC())) }

func TestTimesOnServers(t *testing.T) {
	r := random(t)
	var list []int64
	for _, at := range turningPoints() {
		list = append(list, at-1, at, at+1)
	}
	for range 5000 {
		list = append(list, r.Int64N(2*exactScore+1)-exactScore)
	}
	var numbers, texts [][]string
	var numberWant, textWant []string
	for _, us := range list {
		n, text := strconv.FormatInt(us, 10), storedTime(us)
		numbers, textWant = append(numbers, []string{n}), append(textWant, n)
		texts, numberWant = append(texts, []string{text}), append(numberWant, text)
	}
	newLuaFunction(t, "stamp", stampFunction, 1).agree(t, numbers, numberWant)
	newLuaFunction(t, "micros", "micros", 1).agree(t, texts, textWant)
}

// turningPoints are where a calendar may go wrong, in µs: the beginnings of
// months in years that are and are not leap years, of centuries, and of time.
func turningPoints() []int64 {
	var list []int64
	for _, year := range []int{1685, 1699, 1700, 1800, 1899, 1900, 1904, 1969, 1970, 1972, 1999, 2000, 2001, 2024, 2026, 2100, 2200, 2254} {
		for month := time.January; month <= time.December; month++ {
			list = append(list, time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).UnixMicro())
		}
		list = append(list, time.Date(year, 2, 29, 12, 59, 59, 999_999_000, time.UTC).UnixMicro())
	}
	return append(list, 0)
}

// The order of stored times as text is that of time.
func TestTimeOrder(t *testing.T) {
	r := random(t)
	pick := func() int64 { return firstMicro + r.Int64N(lastMicro-firstMicro+1)>>r.IntN(56) }
	for range 20_000 {
		a, b := pick(), pick()
		if (storedTime(a) < storedTime(b)) != (a < b) {
			t.Fatalf("%s and %s are not in the order of %d and %d", storedTime(a), storedTime(b), a, b)
		}
	}
}

// Text that is no time as Row.Time stores it has the score of an absent field.
func TestMicrosOfOtherText(t *testing.T) {
	texts := []string{
		"", "now", "2026-01-02", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123Z", "2026-01-02T03:04:05.123456+00:00",
		"12026-01-02T03:04:05.123456Z", "-026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05.123456Z\n", "2026-01-02 03:04:05.123456Z",
	}
	var inputs [][]string
	var want []string
	for _, text := range texts {
		inputs, want = append(inputs, []string{text}), append(want, "-inf")
	}
	newLuaFunction(t, "micros", "micros", 1).agree(t, inputs, want)
}

// An expiry is a number of milliseconds, and as such exact in all years.
func TestStampOfExpiry(t *testing.T) {
	r := random(t)
	var inputs [][]string
	var want []string
	add := func(ms int64) {
		inputs, want = append(inputs, []string{strconv.FormatInt(ms, 10)}), append(want, storedTime(ms*1000))
	}
	for _, year := range []int{1970, 2026, 2255, 2256, 4253, 9999} {
		add(time.Date(year, 12, 31, 23, 59, 59, 999_000_000, time.UTC).UnixMilli())
	}
	for range 2000 {
		add(randomMilli(r))
	}
	newLuaFunction(t, "stamp", "function(ms) return stamp(tonumber(ms) * 1000) end", 1).agree(t, inputs, want)
}

// randomMilli returns a time from 1970 to 9999.
func randomMilli(r *rand.Rand) int64 { return r.Int64N(lastMicro / 1000) }

func TestParseTime(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"2026-01-02T03:04:05.000006Z", "2026-01-02 03:04:05.000006 +0000 UTC"},
		{"2026-01-02T03:04:05Z", "2026-01-02 03:04:05 +0000 UTC"},                          // written by hand
		{"2026-01-02T03:04:05.123456789+02:00", "2026-01-02 01:04:05.123456789 +0000 UTC"}, // written by go-redis
		{"", ""}, {"2026-01-02", ""}, {"2026-13-02T03:04:05Z", ""}, {"secret", ""},
	} {
		got, err := parseTime(test.text)
		if test.want == "" {
			if err != errTime {
				t.Errorf("parseTime(%q) = %v, %v, want an error without the value", test.text, got, err)
			}
			continue
		}
		if err != nil || fmt.Sprint(got) != test.want {
			t.Errorf("parseTime(%q) = %v, %v, want %s", test.text, got, err, test.want)
		}
	}
}
