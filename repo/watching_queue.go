package repo

import (
	"context"
	"sync"
)

// eventQueue holds the events that wait for a loop. It has room for one more than it is
// for: the gap that stands for those that found it full.
type eventQueue struct {
	events chan eventData

	mu  sync.Mutex
	gap bool // the last that was put in is a gap
}

func newEventQueue(n int) *eventQueue { return &eventQueue{events: make(chan eventData, n+1)} }

// put waits for room, and tells whether there was some before ctx ended.
func (q *eventQueue) put(ctx context.Context, e eventData) bool {
	select {
	case q.events <- e:
		return true
	case <-ctx.Done():
		return false
	}
}

// offer puts an event in, or, if the queue is full, a gap in place of this and those that
// follow.
func (q *eventQueue) offer(e, gap eventData) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.events) >= cap(q.events)-1 {
		q.miss(gap)
		return
	}
	q.events <- e
	q.gap = false
}

// skip puts a gap in.
func (q *eventQueue) skip(gap eventData) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.miss(gap)
}

// miss puts a gap in, unless one that nobody has taken yet is the last: it stands for this
// one too. There is room, for the last place is taken by gaps alone.
func (q *eventQueue) miss(gap eventData) {
	if q.gap && len(q.events) > 0 {
		return
	}
	q.events <- gap
	q.gap = true
}

// drain yields what is left, and tells whether yield wanted all of it. Nobody puts
// anything in any more.
func (q *eventQueue) drain(yield func(eventData) bool) bool {
	for len(q.events) > 0 {
		if !yield(<-q.events) {
			return false
		}
	}
	return true
}
