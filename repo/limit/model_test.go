package limit

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"
)

// model is a limit in rational numbers. It says of a request for k at a time in µs whether it is to
// be admitted, and how it is then with the limit; and counts it if count says so.
type model interface {
	admits(now int64, k int) bool
	count(now int64, k int)
	state(now int64, k int) State
}

func newModel(l Limit) model {
	if l.window {
		return &windowModel{n: int64(l.n), ms: l.period.Milliseconds(), counts: map[int64]int64{}}
	}
	return &bucketModel{l.burst, big.NewRat(l.period.Microseconds(), int64(l.n)), new(big.Rat)}
}

// bucketModel is GCRA as it is written: a theoretical arrival time, and an interval.
type bucketModel struct {
	burst    int
	interval *big.Rat
	arrival  *big.Rat
}

func (m *bucketModel) times(k int) *big.Rat {
	return new(big.Rat).Mul(m.interval, new(big.Rat).SetInt64(int64(k)))
}

func (m *bucketModel) taken(now int64) *big.Rat {
	d := new(big.Rat).Sub(m.arrival, new(big.Rat).SetInt64(now))
	if d.Sign() < 0 {
		return new(big.Rat)
	}
	return d
}

func (m *bucketModel) lacks(now int64, k int) *big.Rat {
	d := m.taken(now)
	return d.Add(d, m.times(k)).Sub(d, m.times(m.burst))
}

func (m *bucketModel) admits(now int64, k int) bool { return m.lacks(now, k).Sign() <= 0 }

func (m *bucketModel) count(now int64, k int) {
	m.arrival = new(big.Rat).Add(new(big.Rat).SetInt64(now), m.taken(now))
	m.arrival.Add(m.arrival, m.times(k))
}

func (m *bucketModel) state(now int64, k int) State {
	free := new(big.Rat).Sub(m.times(m.burst), m.taken(now))
	free.Quo(free, m.interval)
	s := State{Remaining: int(new(big.Int).Div(free.Num(), free.Denom()).Int64()), ResetAfter: ceil(m.taken(now))}
	if lacks := m.lacks(now, k); k > 0 && lacks.Sign() > 0 {
		s.RetryAfter = ceil(lacks)
	}
	return s
}

// ceil rounds µs up.
func ceil(r *big.Rat) time.Duration {
	n := new(big.Int).Add(r.Num(), r.Denom())
	n.Sub(n, big.NewInt(1)).Div(n, r.Denom())
	return time.Duration(n.Int64()) * time.Microsecond
}

// windowModel keeps the counts of all windows.
type windowModel struct {
	n, ms  int64
	counts map[int64]int64
}

// used returns the weighted count at a time in ms.
func (m *windowModel) used(ms int64) *big.Rat {
	i := ms / m.ms
	share := big.NewRat(m.ms-ms%m.ms, m.ms)
	share.Mul(share, new(big.Rat).SetInt64(m.counts[i-1]))
	return share.Add(share, new(big.Rat).SetInt64(m.counts[i]))
}

func (m *windowModel) admitsAt(ms int64, k int) bool {
	used := m.used(ms)
	return used.Add(used, new(big.Rat).SetInt64(int64(k))).Cmp(new(big.Rat).SetInt64(m.n)) <= 0
}

func (m *windowModel) admits(now int64, k int) bool { return m.admitsAt(now/1000, k) }
func (m *windowModel) count(now int64, k int)       { m.counts[now/1000/m.ms] += int64(k) }

func (m *windowModel) state(now int64, k int) State {
	free := m.used(now / 1000)
	free.Sub(new(big.Rat).SetInt64(m.n), free)
	s := State{Remaining: int(new(big.Int).Div(free.Num(), free.Denom()).Int64())}
	i := now / 1000 / m.ms
	after := func(windows int64) time.Duration { return time.Duration((i+windows)*m.ms*1000-now) * time.Microsecond }
	if m.counts[i] > 0 {
		s.ResetAfter = after(2)
	} else if m.counts[i-1] > 0 {
		s.ResetAfter = after(1)
	}
	if k > 0 && !m.admits(now, k) {
		low, high := now/1000, now/1000+2*m.ms // what is used only falls
		for low+1 < high {
			if mid := low + (high-low)/2; m.admitsAt(mid, k) {
				high = mid
			} else {
				low = mid
			}
		}
		s.RetryAfter = time.Duration(high*1000-now) * time.Microsecond
	}
	return s
}

// upTo returns a number from 1 to most, of any order of magnitude.
func upTo(r *rand.Rand, most uint64) uint64 {
	for bits := r.IntN(53); ; bits = r.IntN(bits + 1) {
		if n := 1 + r.Uint64N(uint64(1)<<bits); n <= most {
			return n
		}
	}
}

// randomLimit returns a limit that is valid.
func randomLimit(r *rand.Rand) Limit {
	for {
		l := Limit{n: int(upTo(r, mostN)), period: time.Duration(upTo(r, uint64(longest.Microseconds()))) * time.Microsecond}
		if r.IntN(2) == 0 {
			l.n = 1 + r.IntN(100)
		}
		if l.window = r.IntN(3) == 0; l.window {
			l.period = max(l.period.Truncate(time.Millisecond), time.Millisecond)
		} else {
			l.burst = int(upTo(r, mostN))
		}
		if l.check() == nil {
			return l
		}
	}
}

// pair are one limit, or two that are asked together, and their models.
type pair struct {
	limiter *Limiter
	models  []model
}

func randomPair(t *testing.T, r *rand.Rand, s store, name string) pair {
	t.Helper()
	for {
		limits := []Limit{randomLimit(r)}
		if r.IntN(2) == 0 {
			limits = append(limits, randomLimit(r))
		}
		limiter, err := New(s.client, name, limits...)
		if err != nil {
			continue // two of one period
		}
		p := pair{limiter: limiter}
		for _, l := range limits {
			p.models = append(p.models, newModel(l))
		}
		return p
	}
}

// ask sends a request, and compares what becomes of it with the models. It returns when
// to ask again.
func (p pair) ask(t *testing.T, r *rand.Rand) time.Duration {
	t.Helper()
	least := p.limiter.limits[0].N()
	for _, l := range p.limiter.limits {
		least = min(least, l.N())
	}
	k := int(upTo(r, uint64(least)))
	if r.IntN(3) == 0 {
		k = 1
	}
	result, err := p.limiter.AllowN(t.Context(), "key", k)
	must(t, err)
	now, all, most := result.At.UnixMicro(), true, time.Duration(0)
	for _, m := range p.models {
		all = all && m.admits(now, k)
	}
	if result.Allowed != all {
		t.Fatalf("%v: %d at %d: allowed %v, want %v: %+v", p.limiter.limits, k, now, result.Allowed, all, result)
	}
	for i, m := range p.models {
		asked := k
		if all {
			m.count(now, k)
			asked = 0
		}
		want := m.state(now, asked)
		want.Limit = p.limiter.limits[i]
		if result.States[i] != want {
			t.Fatalf("%v: %d at %d, allowed %v: %+v, want %+v", p.limiter.limits, k, now, all, result.States[i], want)
		}
		most = max(most, want.RetryAfter)
	}
	if result.RetryAfter != most {
		t.Fatalf("RetryAfter is %v, want %v", result.RetryAfter, most)
	}
	if !all {
		return most
	}
	return result.ResetAfter
}

// Limits are what they are in rational numbers, for all numbers that they may have: to the microsecond.
func TestModel(t *testing.T) {
	eachClock(t, func(t *testing.T, s store) {
		r := random(t)
		rounds, steps := 30, 40
		if *long {
			rounds, steps = 3000, 100
		}
		for round := range rounds {
			p := randomPair(t, r, s, fmt.Sprint(round))
			for range steps {
				again := p.ask(t, r)
				switch r.IntN(4) {
				case 0:
				case 1:
					s.advance(min(again, longest/1000))
				case 2:
					s.advance(max(min(again, longest/1000)-time.Microsecond, 0))
				default:
					s.advance(time.Duration(upTo(r, 1+uint64(again.Microseconds()/500))) * time.Microsecond)
				}
			}
		}
	})
}

// Intervals of less than a microsecond are exact too.
func TestFractions(t *testing.T) {
	s, r := embedded(t), random(t)
	for i, l := range []Limit{Rate(7, 3*time.Microsecond).Burst(5), Rate(1000, 7*time.Microsecond), Rate(3, 2*time.Microsecond).Burst(10), Rate(97, 10*time.Microsecond).Burst(96)} {
		p := pair{newLimiter(t, s.client, fmt.Sprint(i), l), []model{newModel(l)}}
		for range 100 {
			p.ask(t, r)
			s.advance(time.Duration(r.IntN(3)) * time.Microsecond)
		}
	}

	// When the rate changes, a fraction is rounded up: 3/7 µs to 1 µs of 3.
	want(t, newLimiter(t, s.client, "changed", Rate(7, 3*time.Microsecond)), "key", true, 6)
	if r, err := newLimiter(t, s.client, "changed", Rate(1000, 3*time.Microsecond)).Peek(t.Context(), "key"); err != nil || r.Remaining != 666 {
		t.Errorf("at a new rate: %+v, %v", r, err)
	}
}
