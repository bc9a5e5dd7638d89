package repo

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// What finds the queue full is a gap, in its place; gaps that nobody has taken are one.
func TestEventQueue(t *testing.T) {
	q := newEventQueue(3)
	gap := eventData{op: OpGap, at: time.Unix(1, 0)}
	offer := func(from, to int) {
		for n := from; n < to; n++ {
			q.offer(eventData{op: OpCreated, id: fmt.Sprint(n)}, gap)
		}
	}
	take := func(n int, want ...string) {
		t.Helper()
		var got []string
		for range min(n, len(q.events)) {
			e := <-q.events
			got = append(got, e.id)
			if (e.op == OpGap) != (e.id == "") || e.op == OpGap && !e.at.Equal(gap.at) {
				t.Errorf("%+v", e)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	offer(0, 50)
	q.skip(gap)
	take(1, "0")
	offer(50, 60) // the gap and two others wait
	take(1, "1")
	offer(60, 70)
	take(9, "2", "", "60", "")
	take(9)
	offer(70, 72)
	q.skip(gap)
	q.skip(gap)
	take(9, "70", "71", "")
	q.skip(gap)
	take(9, "")
	q.skip(gap)
	take(9, "")
}
