package repo

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// A timeout of the connection is that of the context if its deadline has passed.
func TestLate(t *testing.T) {
	timeout := &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}
	past, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	future, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Hour))
	defer cancel()
	for _, test := range []struct {
		ctx  context.Context
		err  error
		late bool
	}{
		{past, timeout, true},
		{future, timeout, false},
		{t.Context(), timeout, false},
		{past, replyError("ERR no"), false},
		{past, nil, false},
		{past, context.DeadlineExceeded, true},
	} {
		err := late(test.ctx, test.err)
		if errors.Is(err, context.DeadlineExceeded) != test.late || !errors.Is(err, test.err) {
			t.Errorf("late(%v) = %v", test.err, err)
		}
	}
	if err := late(past, outcome(timeout, true)); !errors.Is(err, ErrUncertain) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("of a write: %v", err)
	}
}
