package migrate

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// retry calls f until it succeeds, at most retries times again while connections are lost. f
// that got further than before says so, and is then as if called for the first time.
func retry(ctx context.Context, retries int, f func() (further bool, err error)) error {
	for failures := 0; ; {
		further, err := f()
		if err == nil || !lost(err) || ctx.Err() != nil {
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

// lost tells whether err is of a connection that may come back.
func lost(err error) bool {
	return errors.Is(err, storage.ErrConnection) && !errors.Is(err, storage.ErrClosed)
}

// records returns the records of a table behind a position. A lost connection is taken up
// again where it was lost. A record that cannot be read is a [storage.RecordError], after which
// more come; any other error is the last.
func records(ctx context.Context, s storage.Storage, table, from string, retries int) iter.Seq2[storage.Record, error] {
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
			err := retry(ctx, retries, pass)
			if stopped || err == nil {
				return
			}
			unreadable, ok := errors.AsType[*storage.RecordError](err)
			if !yield(storage.Record{}, err) || !ok || unreadable.Position == from {
				return
			}
			from = unreadable.Position
		}
	}
}
