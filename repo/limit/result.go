package limit

import (
	"errors"
	"strconv"
	"time"
)

// State is how it is with one limit of a key, after what was asked for has been counted if it
// was admitted.
type State struct {
	Limit Limit
	// Remaining is how many more would be admitted at once, by this limit.
	Remaining int
	// RetryAfter is when as many as were refused would be admitted if nothing else is,
	// by this limit; rounded up to a microsecond. 0 if it has not refused them.
	RetryAfter time.Duration
	// ResetAfter is when the limit will be as if nothing had ever been asked for, if nothing
	// else is.
	ResetAfter time.Duration
}

// Result is what became of a request.
type Result struct {
	// Allowed tells whether the request is admitted, by all limits.
	Allowed bool
	// State is that of the limit that matters: the one with the longest RetryAfter of a
	// request that was refused, else the one with the least remaining.
	State
	// States are those of all limits, in the order of New.
	States []State
	// At is when it was decided, by the server's clock.
	At time.Time
}

// errReply is what a reply of the script leads to that is none.
var errReply = errors.New("unexpected reply")

// reply is what the script has sent back and was not read yet.
type reply struct {
	numbers []string
	now     uint64
	err     error
}

func newReply(numbers []string) *reply {
	r := &reply{numbers: numbers}
	r.now = r.next()
	return r
}

// next reads a number.
func (r *reply) next() uint64 {
	if len(r.numbers) == 0 {
		r.err = errReply
		return 0
	}
	n, err := strconv.ParseUint(r.numbers[0], 10, 64)
	if err != nil {
		r.err = errReply
	}
	r.numbers = r.numbers[1:]
	return n
}

// result reads what became of a request for k; 0 if the request only looks.
func (r *reply) result(l *Limiter, k int) Result {
	res := Result{At: time.UnixMicro(int64(r.now)).UTC(), States: make([]State, len(l.limits))}
	res.Allowed = r.next() == 1
	looks := k == 0
	if looks {
		k = 1
	}
	for i, rule := range l.rules {
		a, b := r.next(), r.next()
		if r.err != nil {
			return Result{}
		}
		if res.Allowed && !looks {
			res.States[i] = rule.state(a, b, r.now, 0)
		} else {
			res.States[i] = rule.state(a, b, r.now, k)
		}
		res.States[i].Limit = l.limits[i]
	}
	res.State = res.States[0]
	for _, s := range res.States {
		if looks && s.RetryAfter > 0 {
			res.Allowed = false
		}
		if s.RetryAfter > res.RetryAfter || res.RetryAfter == 0 && s.Remaining < res.Remaining {
			res.State = s
		}
	}
	return res
}
