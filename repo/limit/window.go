package limit

import (
	"math/bits"
	"time"
)

// window is a sliding window counter, as the script and the replies need it.
type window struct{ n, ms uint64 }

func newWindow(l Limit) window { return window{uint64(l.n), uint64(l.period.Milliseconds())} }

// args returns what the script is told of a request for k.
func (w window) args(args []string, k int) []string {
	return append(args, "w", text(uint64(k)), text(w.n), text(w.ms))
}

// state returns how it is with the limit at a time in µs, when so many were admitted in this
// window and in the one before, for who has been refused k, or 0.
func (w window) state(this, before, now uint64, k int) State {
	elapsed := now / 1000 % w.ms
	s := State{}
	if used := this + (before*(w.ms-elapsed)+w.ms-1)/w.ms; used < w.n {
		s.Remaining = int(w.n - used)
	}
	past := now % (w.ms * 1000) // of this window, in µs
	if this > 0 {
		s.ResetAfter = micros(2*w.ms*1000 - past)
	} else if before > 0 {
		s.ResetAfter = micros(w.ms*1000 - past)
	}
	if at := w.admits(this, before, elapsed, uint64(k)); k > 0 && at > elapsed {
		s.RetryAfter = micros(at*1000 - past)
	}
	return s
}

// admits returns when k are admitted at the earliest if nothing else is, in ms since the beginning
// of this window.
func (w window) admits(this, before, elapsed, k uint64) uint64 {
	if this+k <= w.n {
		return max(elapsed, w.fades(before, w.n-this-k))
	}
	return w.ms + w.fades(this, w.n-k)
}

// fades returns how far into a window a count of the one before weighs no more than room.
func (w window) fades(count, room uint64) uint64 {
	if count <= room {
		return 0
	}
	hi, lo := bits.Mul64(room, w.ms)
	share, _ := bits.Div64(hi, lo, count)
	return w.ms - share
}

func micros(n uint64) time.Duration { return time.Duration(n) * time.Microsecond }
