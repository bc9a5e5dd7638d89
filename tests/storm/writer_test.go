package storm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
)

// outcome is what became of a write, as far as its caller knows.
type outcome int

const (
	good      outcome = iota
	refused           // nothing is written
	uncertain         // nobody knows
	short             // written, and not confirmed to be durable
	outcomes
)

// outcomeOf returns what an error says, false if nothing that happens here explains
// it.
func outcomeOf(err error) (outcome, bool) {
	switch {
	case err == nil:
		return good, true
	case errors.Is(err, repo.ErrUncertain):
		return uncertain, true
	case errors.Is(err, repo.ErrNotDurable):
		return short, true
	}
	return refused, errors.Is(err, repo.ErrNoReplicas) || passing(err)
}

// passing tells whether an error is one of servers that are replaced or cut off.
func passing(err error) bool {
	var failed net.Error
	if errors.As(err, &failed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, redis.ErrPoolTimeout) {
		return true
	}
	return slices.ContainsFunc([]string{"READONLY ", "CLUSTERDOWN ", "MASTERDOWN ", "LOADING ", "TRYAGAIN ", "NOREPLICAS ", "MOVED ", "ASK ", "all sentinels"}, func(text string) bool {
		return strings.Contains(err.Error(), text)
	})
}

// work is what one writer writes, and its journal: what it asked for and what came
// back.
type work interface {
	// write writes once and returns the error, nil also if the answer is a refusal
	// that the journal explains.
	write(ctx context.Context) error
	// check compares the journal with what is stored, and goes on from that. It
	// returns how many acknowledged writes are lost, and what else is wrong.
	check(ctx context.Context) (lost int, problems []string)
}

// writer writes on and on.
type writer struct {
	name    string
	durable bool
	work

	writes [outcomes]atomic.Int64

	mu   sync.Mutex
	last time.Time     // when it last succeeded
	gap  time.Duration // the longest without success
}

// once writes once, and returns what should not happen.
func (w *writer) once() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := w.work.write(ctx)
	what, known := outcomeOf(err)
	w.writes[what].Add(1)
	if what == good {
		w.mu.Lock()
		defer w.mu.Unlock()
		now := time.Now()
		w.gap, w.last = max(w.gap, now.Sub(w.last)), now
	}
	if !known || ctx.Err() != nil {
		return fmt.Errorf("%s: %w", w.name, err)
	}
	return nil
}

// begin forgets gaps.
func (w *writer) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gap, w.last = 0, time.Now()
}

func (w *writer) longest() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gap
}
