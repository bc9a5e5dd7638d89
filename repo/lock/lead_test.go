package lock_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/lock"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// terms are those of an election, as they were led.
type terms struct {
	mu      sync.Mutex
	leading int
	numbers []int64
	by      []int
	failed  error
}

func (ts *terms) begin(who int, l *lock.Lock) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.leading++; ts.leading > 1 {
		ts.failed = errors.New("two lead")
	}
	ts.numbers, ts.by = append(ts.numbers, l.Token()), append(ts.by, who)
}

func (ts *terms) end() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.leading--
}

func TestLead(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, s *store) {
		ctx, cancel := context.WithCancel(t.Context())
		var ts terms
		var running sync.WaitGroup
		for i := range 5 {
			running.Go(func() {
				err := lock.Lead(ctx, client, "boss", func(ctx context.Context, term *lock.Lock) error {
					ts.begin(i, term)
					defer ts.end()
					<-ctx.Done()
					return ctx.Err()
				}, lock.Options{TTL: 3 * time.Second, Logger: quiet})
				if !errors.Is(err, context.Canceled) {
					t.Errorf("Lead returned %v", err)
				}
			})
		}
		time.Sleep(time.Minute)
		ts.mu.Lock()
		if len(ts.numbers) != 1 {
			t.Errorf("%d terms in a minute without trouble", len(ts.numbers))
		}
		ts.mu.Unlock()
		for range 5 {
			s.leave()
			time.Sleep(5 * time.Second)
			s.comeBack()
			time.Sleep(5 * time.Second)
		}
		h, err := lock.New(client, "boss", lock.Options{}).Holder(ctx)
		must(t, err)
		ts.mu.Lock()
		if h.Token != ts.numbers[len(ts.numbers)-1] {
			t.Errorf("the holder is %+v, the last term %v", h, ts.numbers)
		}
		ts.mu.Unlock()
		cancel()
		running.Wait()
		must(t, ts.failed)
		if len(ts.numbers) != 6 || !slices.IsSorted(ts.numbers) || len(slices.Compact(slices.Clone(ts.numbers))) != len(ts.numbers) {
			t.Errorf("terms %v", ts.numbers)
		}
		if _, err := lock.New(client, "boss", lock.Options{}).Holder(t.Context()); !errors.Is(err, lock.ErrNotHeld) {
			t.Errorf("the last leader has not resigned: %v", err)
		}
	})
}

// A term that is over for any reason is followed by an election, whatever lead returns.
func TestLossOfLeadership(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, s *store) {
		led := 0
		must(t, lock.Lead(t.Context(), client, "boss", func(ctx context.Context, term *lock.Lock) error {
			switch led++; led {
			case 1: // taken away
				s.FlushAll()
				<-ctx.Done()
				return nil
			case 2: // over for the holder alone
				s.leave()
				<-ctx.Done()
				s.comeBack()
				return ctx.Err()
			case 3: // found out by a write
				return repo.ErrFenced
			}
			return ctx.Err()
		}, lock.Options{TTL: 3 * time.Second, Logger: quiet}))
		if led != 4 {
			t.Errorf("led %d times, want 4", led)
		}
	})
}

// Who returns resigns, and its result is that of Lead.
func TestResign(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, _ *store) {
		mine := errors.New("mine")
		for _, want := range []error{nil, mine} {
			start := time.Now()
			err := lock.Lead(t.Context(), client, "boss", func(context.Context, *lock.Lock) error { return want }, lock.Options{})
			if err != want && !errors.Is(err, want) {
				t.Errorf("Lead returned %v, want %v", err, want)
			}
			if took := time.Since(start); took > time.Millisecond {
				t.Errorf("an election without rivals took %v", took)
			}
		}
	})
}
