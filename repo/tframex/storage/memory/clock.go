package memory

import (
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// clock is the time of a server. It moves in steps, when something is sent: with each of them
// the server looks at all keys, for those that have expired.
type clock struct {
	mini *miniredis.Miniredis
	mu   sync.Mutex
	next time.Time // when the next step is due
}

// Steps are as long as to have a twentieth of the time go into them, within these bounds. What
// expires is gone that much later.
const (
	shortStep = time.Millisecond
	longStep  = time.Second
)

// newClock has what is stored in a server expire.
func newClock(mini *miniredis.Miniredis) *clock {
	mini.SetTime(time.Now().UTC())
	mini.ClockTTL(true)
	return &clock{mini: mini}
}

// move makes a step, if one is due and nobody else makes it.
func (c *clock) move() {
	if !c.mu.TryLock() {
		return
	}
	defer c.mu.Unlock()
	now := time.Now()
	if now.Before(c.next) {
		return
	}
	c.mini.SetTime(now.UTC())
	c.mini.Exists("") // has it look
	c.next = now.Add(min(max(20*time.Since(now), shortStep), longStep))
}
