// Package retry does again what a lost connection has ended, and reads tables in which single
// records cannot be read.
package retry

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Default is how often something is tried again, in about 16 seconds.
const Default = 8

// Do calls f until it succeeds, at most retries times again while connections are lost. f
// that got further than before says so, and is then as if called for the first time.
func Do(ctx context.Context, retries int, f func() (further bool, err error)) error {
	for failures := 0; ; {
		further, err := f()
		if err == nil || !Lost(err) || ctx.Err() != nil {
			return err
		}
		if further {
			failures = 0
		}
		if failures++; failures > retries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(min(100*time.Millisecond<<min(failures-1, 10), 5*time.Second)):
		}
	}
}

// Lost tells whether err is of a connection that may come back.
func Lost(err error) bool {
	return errors.Is(err, storage.ErrConnection) && !errors.Is(err, storage.ErrClosed)
}

// Records returns the records of a table behind a position. A lost connection is taken up
// again where it was lost. A record that cannot be read is an error of which Unreadable tells,
// after which more come; any other error is the last.
func Records(ctx context.Context, s storage.Storage, table, from string, retries int) iter.Seq2[storage.Record, error] {
	return func(yield func(storage.Record, error) bool) {
		stopped := false
		pass := func() (further bool, err error) {
			for r, err := range s.Export(ctx, table, from) {
				if err != nil {
					return further, err
				}
				further, from = true, r.Position
				if !yield(r, nil) {
					stopped = true
					return false, nil
				}
			}
			return further, nil
		}
		for {
			err := Do(ctx, retries, pass)
			if stopped || err == nil {
				return
			}
			one := Unreadable(err)
			if one != nil && one.Position == from {
				one, err = nil, fmt.Errorf("%w: the export of %q stays where it is: %v", storage.ErrQuery, table, err)
			}
			if !yield(storage.Record{}, err) || one == nil {
				return
			}
			from = one.Position
		}
	}
}

// Unreadable returns the error of a single record that cannot be read, behind which the others
// can be; nil if err is none.
func Unreadable(err error) *storage.RecordError {
	if one, ok := errors.AsType[*storage.RecordError](err); ok && one.Position != "" {
		return one
	}
	return nil
}
