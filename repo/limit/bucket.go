package limit

import (
	"math/bits"
	"strconv"
	"time"
)

// bucket is a limit of GCRA, as the script and the replies need it. A request takes the
// interval between two for each that it asks for; what is taken comes back with time.
type bucket struct {
	n, period uint64 // the interval between two is period/n µs; without a common divisor
	most      span   // what the burst takes
}

// span is a time in µs, and nths of one.
type span struct{ whole, part, n uint64 }

// newBucket returns the bucket of a limit that is valid.
func newBucket(l Limit) bucket {
	b := bucket{n: uint64(l.n), period: uint64(l.period.Microseconds())}
	g := gcd(b.n, b.period)
	b.n, b.period = b.n/g, b.period/g
	b.most = b.intervals(l.burst)
	return b
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// intervals returns what k requests take.
func (b bucket) intervals(k int) span {
	hi, lo := bits.Mul64(uint64(k), b.period)
	whole, part := bits.Div64(hi, lo, b.n)
	return span{whole, part, b.n}
}

// args returns what the script is told of a request for k.
func (b bucket) args(args []string, k int) []string {
	asked := b.intervals(k)
	return append(args, "g", text(asked.whole), text(asked.part), text(b.most.whole), text(b.most.part), text(b.n))
}

// state returns how it is with the limit when whole µs and part nths of one are taken, for
// who has been refused k, or 0.
func (b bucket) state(whole, part, _ uint64, k int) State {
	taken := span{whole, part, b.n}
	free, _ := b.most.minus(taken)
	hi, lo := bits.Mul64(free.whole, b.n)
	lo, carry := bits.Add64(lo, free.part, 0)
	remaining, _ := bits.Div64(hi+carry, lo, b.period)
	s := State{Remaining: int(remaining), ResetAfter: taken.ceil()}
	if lacks, ok := b.intervals(k).minus(free); ok {
		s.RetryAfter = lacks.ceil()
	}
	return s
}

// minus returns a - b; false and nothing if that is less.
func (a span) minus(b span) (span, bool) {
	if a.whole < b.whole || a.whole == b.whole && a.part < b.part {
		return span{n: a.n}, false
	}
	if a.part < b.part {
		a.whole, a.part = a.whole-1, a.part+a.n
	}
	return span{a.whole - b.whole, a.part - b.part, a.n}, true
}

// ceil returns the span, rounded up to a microsecond.
func (a span) ceil() time.Duration {
	if a.part > 0 {
		a.whole++
	}
	return time.Duration(a.whole) * time.Microsecond
}

func text(n uint64) string { return strconv.FormatUint(n, 10) }
