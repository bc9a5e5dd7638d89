package linear

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// How many goroutines work on how many groups at a time, and for how many operations.
const (
	workers     = 8
	atATime     = 8
	perGroup    = 100
	patience    = 400 * time.Millisecond // claims of writes whose replies are lost block their values for longer
	wholeSecond = 1_000_000              // µs
)

// recorder records what workers do and what comes of it.
type recorder struct {
	want  int
	start time.Time
	over  chan bool // closed when there are enough operations

	mu      sync.Mutex
	random  *rand.Rand
	issued  int
	history []porcupine.Operation
	lost    int // outcomes that nobody knows
	refused int // operations that were not carried out
}

// faults are what fails while a history is recorded. They come by the number of operations, so that there are no more of
// them if the machine is slow; the function returns when the history is over.
type faults func(t *testing.T, r *recorder, random *rand.Rand)

// record has workers do random operations, until so many have an outcome, while there are faults.
func record(t *testing.T, seed uint64, stores []store, want int, fail faults) []porcupine.Operation {
	t.Helper()
	r := &recorder{want: want, start: time.Now(), random: rand.New(rand.NewPCG(seed, 1)), over: make(chan bool)}
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() { r.work(t.Context(), i, stores[i%len(stores)]) })
	}
	go func() {
		all.Wait()
		close(r.over)
	}()
	fail(t, r, rand.New(rand.NewPCG(seed, 2)))
	<-r.over
	t.Logf("%d operations in %v, of which %d have an unknown outcome; %d were not carried out", len(r.history), time.Since(r.start).Round(time.Millisecond), r.lost, r.refused)
	if len(r.history) < want {
		t.Errorf("want %d operations", want)
	}
	return r.history
}

// after waits for so many operations, and tells whether the history goes on.
func (r *recorder) after(operations int) bool {
	until := r.count() + operations
	for r.count() < until {
		if !r.wait(time.Millisecond) {
			return false
		}
	}
	return true
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.history)
}

// wait waits for a time, and tells whether the history goes on.
func (r *recorder) wait(d time.Duration) bool {
	select {
	case <-r.over:
		return false
	case <-time.After(d):
		return true
	}
}

// work is the life of one worker.
func (r *recorder) work(ctx context.Context, client int, s store) {
	known := map[[2]int]row{} // what it has read of each group's records
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		in, more := r.next(known)
		if !more {
			return
		}
		limited, cancel := context.WithTimeout(ctx, patience)
		call := time.Since(r.start)
		out, err := s.do(limited, in)
		end := int64(time.Since(r.start))
		cancel()
		if out.result == done && (in.verb == get || in.verb == byEmail) {
			known[[2]int{in.group, out.row.id}] = out.row
		}
		unknown := out.result == uncertain
		if unknown {
			end = open
		}
		r.mu.Lock()
		switch {
		case err != nil:
			r.refused++
		default:
			r.history = append(r.history, porcupine.Operation{ClientId: client, Input: in, Call: int64(call), Output: out, Return: end})
		}
		if unknown {
			r.lost++
		}
		r.mu.Unlock()
	}
}

// next returns a random operation; false, if there are enough.
func (r *recorder) next(known map[[2]int]row) (input, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.history) >= r.want {
		return input{}, false
	}
	r.issued++
	random, at := r.random, r.issued/(atATime*perGroup)*atATime
	in := input{group: at + random.IntN(atATime), row: row{
		id: 1 + random.IntN(groupRecords), email: random.IntN(groupEmails + 1),
		text: fmt.Sprint("t", r.issued), created: wholeSecond + int64(r.issued),
	}}
	switch p := random.IntN(100); {
	case p < 18:
		in.verb = create
	case p < 28:
		in.verb = save
	case p < 46:
		in.verb = update
		if read := known[[2]int{in.group, in.row.id}]; read.id != 0 {
			in.row.version, in.row.created = read.version, read.created
		}
	case p < 58:
		in.verb = patch
	case p < 72:
		in.verb, in.row = remove, row{id: in.row.id}
	case p < 87:
		in.verb, in.row = get, row{id: in.row.id}
	default:
		in.verb, in.row = byEmail, row{email: 1 + random.IntN(groupEmails)}
	}
	return in, true
}
