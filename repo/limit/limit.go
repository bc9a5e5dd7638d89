package limit

import (
	"errors"
	"fmt"
	"math/bits"
	"time"
)

// Limit is how often something is admitted. Make one by [PerSecond], [Every], [Window] and
// their like.
type Limit struct {
	n      int
	period time.Duration
	burst  int // of GCRA
	window bool
}

// PerSecond admits n in a second, evenly; up to n of them at once.
func PerSecond(n int) Limit { return Rate(n, time.Second) }

// PerMinute admits n in a minute, evenly; up to n of them at once.
func PerMinute(n int) Limit { return Rate(n, time.Minute) }

// PerHour admits n in an hour, evenly; up to n of them at once.
func PerHour(n int) Limit { return Rate(n, time.Hour) }

// PerDay admits n in 24 hours, evenly; up to n of them at once.
func PerDay(n int) Limit { return Rate(n, 24*time.Hour) }

// Every admits one, and the next after d.
func Every(d time.Duration) Limit { return Rate(1, d) }

// Rate admits n in a period, evenly; up to n of them at once. The interval between two is
// period/n, exactly: three in a second are one every 333333 1/3 µs.
func Rate(n int, period time.Duration) Limit { return Limit{n: n, period: period, burst: n} }

// Window admits n in a period by a sliding window counter. Windows begin at multiples of
// the period since 1970.
func Window(n int, period time.Duration) Limit { return Limit{n: n, period: period, window: true} }

// Burst returns the limit with another number that it admits at once, after it has not been
// asked for a while. A Window has none.
func (l Limit) Burst(n int) Limit {
	l.burst = n
	return l
}

// N returns how many are admitted at once at most: the burst, or the n of a Window.
func (l Limit) N() int {
	if l.window {
		return l.n
	}
	return l.burst
}

// Period returns how long it takes until N can be admitted once more: the burst times the
// interval between two, rounded up to a microsecond, or the period of a Window.
func (l Limit) Period() time.Duration {
	if l.window {
		return l.period
	}
	return newBucket(l).most.ceil()
}

// String returns the limit for people: "10 per 1s, burst 20".
func (l Limit) String() string {
	if l.window {
		return fmt.Sprintf("%d per %v, sliding", l.n, l.period)
	}
	return fmt.Sprintf("%d per %v, burst %d", l.n, l.period, l.burst)
}

// Errors of limits and requests.
var (
	// ErrInvalid: a limit, or the number that is asked for, makes no sense. Nothing was
	// sent.
	ErrInvalid = errors.New("invalid")
	// ErrTooMany: more is asked for than the limit ever admits at once. Nothing was sent.
	ErrTooMany = errors.New("can never be admitted")
)

const (
	// exact is up to where all integers are numbers of Lua.
	exact = 1 << 53
	// longest is how long it may take until a burst can be admitted once more. Twice that,
	// and until the year 2155 that and the time, are less than exact.
	longest = 100 * 365 * 24 * time.Hour
	// mostN is the largest n; twice that is exact.
	mostN = exact / 2
)

// check returns what is wrong with a limit.
func (l Limit) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: limit %d per %v: %s", ErrInvalid, l.n, l.period, fmt.Sprintf(format, args...))
	}
	switch {
	case l.n < 1 || l.n > mostN:
		return bad("the number must be from 1 to 2^52")
	case l.period <= 0 || l.period > longest:
		return bad("the period must be more than 0 and at most %v", longest)
	case l.window && l.burst != 0:
		return bad("a sliding window has no burst")
	case l.window && l.period%time.Millisecond != 0:
		return bad("the period of a sliding window must be whole milliseconds")
	case l.window && uint64(l.n) > exact/uint64(l.period.Milliseconds()):
		return bad("the number times the period in milliseconds must be at most 2^53; use a shorter period")
	case l.window:
		return nil
	case l.period%time.Microsecond != 0:
		return bad("the period must be whole microseconds")
	case l.burst < 1 || l.burst > mostN:
		return bad("the burst is %d; it must be from 1 to 2^52", l.burst)
	}
	hi, lo := bits.Mul64(uint64(l.burst), uint64(l.period.Microseconds()))
	n := uint64(l.n)
	if hi >= n {
		return bad("the burst of %d takes more than %v to come back", l.burst, longest)
	}
	if whole, _ := bits.Div64(hi, lo, n); whole >= uint64(longest.Microseconds()) {
		return bad("the burst of %d takes more than %v to come back", l.burst, longest)
	}
	return nil
}
