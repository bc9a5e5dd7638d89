package model

import (
	"fmt"
	"time"

	"github.com/redisgen/redisgen/repo"
)

// tick is what the clock advances by. Spans that records live for are never near a multiple of it, so that it does not
// matter how much time passes by itself while the test runs.
const tick = 7 * time.Minute

var spans = []time.Duration{3 * time.Minute, 10 * time.Minute, 25 * time.Minute, time.Hour, 90*time.Minute + time.Nanosecond}

// farFuture is a time after any that the clock reaches.
var farFuture = time.Date(2199, 12, 31, 23, 59, 59, 999_999_000, time.UTC)

// expiry is the option about expiry that a write is given.
type expiry struct {
	kind expiryKind
	in   time.Duration
	at   time.Time
}

type expiryKind int

const (
	expiryUnsaid expiryKind = iota
	expireIn
	expireAt
	expireNever
	expiryKept
)

func (o expiry) given() bool { return o.kind != expiryUnsaid }

func (o expiry) options() []repo.WriteOption {
	switch o.kind {
	case expireIn:
		return []repo.WriteOption{repo.TTL(o.in)}
	case expireAt:
		return []repo.WriteOption{repo.ExpireAt(o.at)}
	case expireNever:
		return []repo.WriteOption{repo.NoTTL()}
	case expiryKept:
		return []repo.WriteOption{repo.KeepTTL()}
	}
	return nil
}

func (o expiry) String() string {
	switch o.kind {
	case expireIn:
		return fmt.Sprintf("TTL(%v)", o.in)
	case expireAt:
		return fmt.Sprintf("ExpireAt(%v)", o.at)
	case expireNever:
		return "NoTTL"
	case expiryKept:
		return "KeepTTL"
	}
	return ""
}

// someExpiry returns mostly none; often if the entity expires at all.
func (w *world) someExpiry(expires bool) expiry {
	if !expires && !w.chance(50) || expires && w.chance(2) {
		return expiry{}
	}
	switch w.rng.IntN(8) {
	case 0:
		return expiry{kind: expireNever}
	case 1, 2:
		return expiry{kind: expiryKept}
	case 3, 4:
		return expiry{kind: expireAt, at: w.someDeadline()}
	}
	return expiry{kind: expireIn, in: pick(w, spans...)}
}

// someDeadline returns a time from the past to the far future.
func (w *world) someDeadline() time.Time {
	switch w.rng.IntN(10) {
	case 0:
		return pick(w, w.now.Add(-3*time.Minute), time.UnixMilli(-1), time.Unix(0, 0)).UTC()
	case 1:
		return farFuture
	}
	return w.now.Add(pick(w, spans...)).UTC()
}

// deadline returns when a written record is to expire, and whether that changes what it was. field is what the record
// itself says, the zero time if nothing.
func (m *model[T, K]) deadline(o expiry, field time.Time, exists bool) (due window, change bool) {
	in := func(d time.Duration) window {
		d = (d + time.Millisecond - 1).Truncate(time.Millisecond)
		at := time.UnixMilli(m.w.now.UnixMilli()).UTC().Add(d)
		return window{at, at.Add(unknown)}
	}
	at := func(t time.Time) window {
		t = time.UnixMilli(max(1, t.UnixMilli())).UTC()
		return window{t, t}
	}
	switch {
	case !m.expires || o.kind == expiryKept && exists:
		return window{}, false
	case o.kind == expireIn:
		return in(o.in), true
	case o.kind == expireAt:
		return at(o.at), true
	case o.kind == expireNever:
		return window{}, true
	case exists && m.sliding:
		return in(m.ttl), true
	case !field.IsZero():
		return at(field), true
	case !exists && m.ttl > 0:
		return in(m.ttl), true
	}
	return window{}, false
}

// unknown marks a window whose end is known only when the call has returned.
const unknown = time.Nanosecond
