package repo

import (
	"context"
	"crypto/rand"
	"strconv"
	"sync"
	"time"
)

var (
	leaseScript   = newScript(scriptBase, part("clock"), part("lease"))
	unleaseScript = newScript(scriptBase, part("clock"), part("unlease")).which(frees)
)

const (
	leaseThere = "there" // nobody needs to load
	leaseNone  = "-"     // there is no record to be loaded
	// leasePoll is the longest pause between two looks at what another process loads.
	leasePoll = 64 * time.Millisecond
)

// vacancy is the key that tells who loads a record, or that there is none.
func (s space) vacancy(id string) string { return string(s) + "n:" + id }

// acquire waits until it has the lease of a record, and returns its token; errAgain if
// the record is there, ErrNotFound if there is none to be loaded.
func (l *loader) acquire(ctx context.Context) (string, error) {
	for attempt := 0; ; attempt++ {
		token, err := l.ask(ctx, false)
		if err != nil || token != "" {
			return token, err
		}
		if err := pauseFor(ctx, time.Millisecond, leasePoll, attempt); err != nil {
			return "", err
		}
	}
}

// ask asks for the lease, and returns its token; "" if another has it.
func (l *loader) ask(ctx context.Context, again bool) (string, error) {
	at, token, also := l.at(l.id), "+"+rand.Text()[:tokenSize], ""
	if again {
		also = "1"
	}
	keys := []string{at.vacancy(l.id), at.record(l.id)}
	args := newArgs(4, keys...)
	args.add(string(at), token, strconv.FormatInt(l.Lease.Milliseconds(), 10), also)
	reply, err := l.client.do(ctx, &call{place: l.placing, script: leaseScript, keys: keys, args: args.args})
	if err != nil {
		return "", err
	}
	switch holder, _, err := (&values{reply}).next(); {
	case err != nil:
		return "", err
	case holder == token:
		return token, nil
	case holder == leaseThere:
		return "", errAgain
	case holder == leaseNone && !again:
		return "", ErrNotFound
	}
	return "", nil
}

// release ends the lease, and has it remembered for some time that there is no record.
// Should it fail, the lease ends by itself.
func (l *loader) release(ctx context.Context, token string, none time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	at := l.at(l.id)
	keys := []string{at.vacancy(l.id)}
	args := newArgs(3, keys...)
	args.add(string(at), token, strconv.FormatInt(max(none, 0).Milliseconds(), 10))
	_, _ = l.client.do(ctx, &call{place: l.placing, script: unleaseScript, keys: keys, args: args.args})
}

// turns let one goroutine at a time do something for a name.
type turns struct {
	mu   sync.Mutex
	held map[string]*turn
}

// turn is that of one goroutine.
type turn struct {
	done chan struct{} // closed when it is over
	err  error         // for those who waited
}

// enter returns the turn that there is for a name, and whether the caller has it.
func (t *turns) enter(name string) (*turn, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if held := t.held[name]; held != nil {
		return held, false
	}
	if t.held == nil {
		t.held = map[string]*turn{}
	}
	own := &turn{done: make(chan struct{}), err: errAgain}
	t.held[name] = own
	return own, true
}

// leave ends a turn.
func (t *turns) leave(name string, own *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.held, name)
	close(own.done)
}

// ends sets the error of those who wait; that of a context is not theirs.
func (t *turn) ends(ctx context.Context, err error) {
	if t.err = err; hasEnded(ctx) {
		t.err = errAgain
	}
}

// wait waits until a turn of somebody else is over.
func (t *turn) wait(ctx context.Context) error {
	select {
	case <-t.done:
		return t.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
