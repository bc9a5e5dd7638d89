package repo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestOutcomes(t *testing.T) {
	info := &entityInfo{name: "users"}
	lost := &net.OpError{Op: "read", Err: errors.New("connection reset")}
	for _, tt := range []struct {
		err  error
		want Outcome
	}{
		{nil, OutcomeOK},
		{info.recordError("Get", "1", ErrNotFound), OutcomeNotFound},
		{ErrExists, OutcomeExists},
		{ErrConflict, OutcomeConflict},
		{txError(ErrConflict), OutcomeConflict},
		{&UniqueError{Value: "ann"}, OutcomeUnique},
		{&ReferenceError{Err: ErrReference}, OutcomeReference},
		{ErrReferenced, OutcomeReference},
		{ErrFenced, OutcomeFenced},
		{fmt.Errorf("%w: other shards", ErrPlacement), OutcomePlacement},
		{&FieldError{Err: errors.New("odd")}, OutcomeInvalid},
		{&FieldError{Err: ErrEnum}, OutcomeInvalid},
		{ErrTooLarge, OutcomeInvalid},
		{errPageLimit, OutcomeInvalid},
		{ErrNoIndex, OutcomeInvalid},
		{fmt.Errorf("%w: %w", ErrUncertain, context.DeadlineExceeded), OutcomeUncertain},
		{fmt.Errorf("%w: 0 of 1", ErrNotDurable), OutcomeNotDurable},
		{fmt.Errorf("%w: 0 of 1", ErrNoReplicas), OutcomeNoReplicas},
		{context.Canceled, OutcomeCanceled},
		{context.DeadlineExceeded, OutcomeTimeout},
		{ErrClosed, OutcomeClosed},
		{redis.ErrClosed, OutcomeClosed},
		{replyError("READONLY You can't write against a read only replica."), OutcomeRefused},
		{replyError("OOM command not allowed when used memory > 'maxmemory'."), OutcomeRefused},
		{replyError("NOPERM this user has no permissions"), OutcomeDenied},
		{replyError("WRONGPASS invalid username-password pair"), OutcomeDenied},
		{replyError("ERR odd"), OutcomeError},
		{notConnected(errors.New("refused")), OutcomeNoServer},
		{lost, OutcomeNoServer},
		{io.EOF, OutcomeNoServer},
		{redis.ErrPoolTimeout, OutcomeNoServer},
		{errReply, OutcomeError},
		{&ManyError{Errs: []error{nil, ErrExists, ErrExists}}, OutcomeExists},
		{&ManyError{Errs: []error{ErrExists, nil, ErrUnique}}, OutcomeMixed},
		{&ManyError{Errs: []error{ErrExists, ErrUnique, ErrUncertain}}, OutcomeUncertain},
	} {
		if got := outcomeOf(tt.err); got != tt.want {
			t.Errorf("%v is %s, want %s", tt.err, got, tt.want)
		}
	}
}

// idle is an observer that does nothing.
type idle struct{}

func (idle) Start(ctx context.Context, _ Operation) context.Context { return ctx }
func (idle) End(context.Context, Operation)                         {}

// operate is what observing adds to an operation that queries.
func operate(ctx context.Context, c *Client, w *walk) (err error) {
	ctx, o := w.core.observe(ctx, "Page")
	defer o.end(&err)
	c.noteTrip(ctx)
	w.noteExamined(ctx, 1, 2, 3)
	c.noteReturned(ctx, 1)
	return nil
}

// Without an observer, nothing is allocated, and contexts stay as they are.
func TestNoObserverNoCost(t *testing.T) {
	c := &Client{}
	w := &walk{core: &core{client: c, info: &entityInfo{}}, plan: &plan{groups: [][]alternative{{{}}}}}
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() { _ = operate(ctx, c, w) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if got, o := c.observe(ctx, Operation{Name: "Get"}); got != ctx || o != nil {
		t.Error("the context is another one")
	}
	c.observers = []Observer{idle{}}
	if n := testing.AllocsPerRun(100, func() { _ = operate(ctx, c, w) }); n == 0 {
		t.Error("an observer allocates nothing: the test is at fault")
	}
}

// A note after the end, by what the caller's function does with the context, is dropped.
func TestNotesAfterTheEnd(t *testing.T) {
	c := &Client{settings: settings{observers: []Observer{idle{}}}}
	ctx, o := c.observe(t.Context(), Operation{Name: "Get"})
	var err error
	o.end(&err)
	c.noteTrip(ctx)
	if o.op.RoundTrips != 0 {
		t.Error("an operation has changed after its end")
	}
}

func BenchmarkObserve(b *testing.B) {
	for name, observers := range map[string][]Observer{"none": nil, "one": {idle{}}} {
		b.Run(name, func(b *testing.B) {
			c := &Client{settings: settings{observers: observers}}
			w := &walk{core: &core{client: c, info: &entityInfo{}}, plan: &plan{groups: [][]alternative{{{}}}}}
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				_ = operate(ctx, c, w)
			}
		})
	}
}
