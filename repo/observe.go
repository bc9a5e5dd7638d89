package repo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Observer is told of the operations of a client, from which it makes traces, metrics
// or logs. [Config.Observers] has those of a client and of all clients derived from it.
// Its methods are called by many goroutines at once, within the operation: they return
// soon, and do not call the client.
//
// An Operation has neither ids nor keys nor values, so that all of it can be a label.
type Observer interface {
	// Start is called when an operation starts, with what is known of it then: Entity,
	// Name, At, Size and Background. It returns the context that the operation goes on
	// with, which is ctx or one derived from it.
	Start(ctx context.Context, op Operation) context.Context
	// End is called once when it has ended, with a context derived from the one that
	// Start has returned.
	End(ctx context.Context, op Operation)
}

// Operation is what a method of a repository, of a query or of a client does for one
// call. All and IDs are an operation for each page that they read, for what happens
// between the pages is the caller's. An operation that is refused before anything is
// sent is one too.
type Operation struct {
	// Entity is the name of the entity: "users". It is empty of transactions, of batches
	// for several entities, and of what is for none.
	Entity string
	// Name is that of the method: "Get", "Page", "Batch", "Tx". Methods that queries and
	// repositories both have are those of queries behind "Query.": "Query.Delete". What
	// finds a record by a unique value is "GetBy", and scripts of other packages, for
	// locks and limits, are "Script".
	Name string
	// Background is true of what the client does by itself: nobody waits for it.
	Background bool
	// Size is how many records or operations were asked for, 0 if there can be but one.
	Size int
	// At is when it started.
	At time.Time

	// The rest is known at its end.

	// Took is how long it took.
	Took time.Duration
	// Outcome is the kind of its error.
	Outcome Outcome
	// Index is by which index a query has found records, as its keys begin, as
	// [Step.Indexes] has it: "i:status/created_at"; several are sorted and joined by
	// " and ". Empty if no query got that far.
	Index string
	// Walks is true of a query that no index narrowed down.
	Walks bool
	// Examined is how many index entries a query has looked at, and Returned how many
	// records or ids it, or GetMany, has found.
	Examined, Returned int64
	// Repaired is how many index entries were removed because their record was gone.
	Repaired int64
	// Released is how many expired records and claims of unique values a sweep has
	// released the index entries of.
	Released int64
	// RoundTrips is how often it has waited for a server, and Retries how often because
	// what it had sent was not carried out or its reply was lost.
	RoundTrips, Retries int64
	// Conflicts is how often a record turned out to have changed since it was read.
	Conflicts int64
}

// observation is an operation on its way.
type observation struct {
	observers []Observer
	ctx       context.Context

	mu    sync.Mutex // an operation may send several pipelines at once
	op    Operation
	ended bool
}

type observationKey struct{}

// observe begins an operation. Without observers it costs nothing, and returns nil. Who
// calls it defers end.
func (c *Client) observe(ctx context.Context, op Operation) (context.Context, *observation) {
	if len(c.observers) == 0 {
		return ctx, nil
	}
	return startObserving(ctx, c.observers, op)
}

// observe begins an operation on records of the entity.
func (c *core) observe(ctx context.Context, name string) (context.Context, *observation) {
	if len(c.client.observers) == 0 {
		return ctx, nil
	}
	return startObserving(ctx, c.client.observers, Operation{Entity: c.info.name, Name: name})
}

// observeMany begins an operation on n records of the entity.
func (c *core) observeMany(ctx context.Context, name string, n int) (context.Context, *observation) {
	if len(c.client.observers) == 0 {
		return ctx, nil
	}
	return startObserving(ctx, c.client.observers, Operation{Entity: c.info.name, Name: name, Size: n})
}

// entityOf returns the entity that calls are for, "" if they are for several.
func entityOf(calls []*call) (name string) {
	for i, one := range calls {
		if i > 0 && one.entity() != name {
			return ""
		}
		name = one.entity()
	}
	return name
}

// instrument adds to a connection what Config.Instrument says, and closes it if that fails.
func (c Config) instrument(rdb redis.UniversalClient) (stop func(), err error) {
	if c.Instrument != nil {
		if stop, err = c.Instrument(rdb); err != nil {
			_ = rdb.Close()
			return nil, fmt.Errorf("redisgen: Config.Instrument: %w", err)
		}
	}
	if stop == nil {
		stop = func() {}
	}
	return stop, nil
}

func startObserving(ctx context.Context, observers []Observer, op Operation) (context.Context, *observation) {
	op.At = time.Now()
	for _, one := range observers {
		ctx = one.Start(ctx, op)
	}
	o := &observation{observers: observers, op: op}
	o.ctx = context.WithValue(ctx, observationKey{}, o)
	return o.ctx, o
}

// end ends the operation with an error, which it takes by its address so that it can be
// deferred.
func (o *observation) end(err *error) {
	if o != nil {
		o.finish(*err)
	}
}

func (o *observation) finish(err error) {
	o.mu.Lock()
	o.ended = true
	op := o.op
	o.mu.Unlock()
	op.Took = time.Since(op.At)
	if op.Outcome == "" || err == nil {
		op.Outcome = outcomeOf(err)
	}
	op.Conflicts = max(op.Conflicts, conflicts(err))
	for _, one := range slices.Backward(o.observers) {
		one.End(o.ctx, op)
	}
}

// note adds to what is told of the operation that a context is of.
func (c *Client) note(ctx context.Context, add func(*Operation)) {
	if len(c.observers) > 0 {
		noteIn(ctx, add)
	}
}

func noteIn(ctx context.Context, add func(*Operation)) {
	if o, ok := ctx.Value(observationKey{}).(*observation); ok {
		o.mu.Lock()
		defer o.mu.Unlock()
		if !o.ended {
			add(&o.op)
		}
	}
}

// noteTrip notes that a server is waited for.
func (c *Client) noteTrip(ctx context.Context) {
	c.note(ctx, func(op *Operation) { op.RoundTrips++ })
}

// noteConflict notes that a record has changed since it was read.
func (c *Client) noteConflict(ctx context.Context) {
	c.note(ctx, func(op *Operation) { op.Conflicts++ })
}

// noteAborted notes that the caller's own function has ended the operation.
func (c *Client) noteAborted(ctx context.Context) {
	c.note(ctx, func(op *Operation) { op.Outcome = OutcomeAborted })
}

// noteReturned notes that so many records or ids are found.
func (c *Client) noteReturned(ctx context.Context, n int) {
	c.note(ctx, func(op *Operation) { op.Returned += int64(n) })
}

// noteReleased notes that a sweep has released so many records or claims.
func (c *Client) noteReleased(ctx context.Context, n int) {
	c.note(ctx, func(op *Operation) { op.Released += int64(n) })
}

// noteIndex notes by which index the entries of a group are found, by way of one of its
// alternatives, from 1.
func (w *walk) noteIndex(ctx context.Context, group, alternative int) {
	w.core.client.note(ctx, func(op *Operation) {
		op.Walks = op.Walks || w.plan.walks
		if group < len(w.plan.groups) && alternative > 0 && alternative <= len(w.plan.groups[group]) {
			op.addIndexes(w.plan.groups[group][alternative-1].index)
		}
	})
}

// noteExamined notes that a query has looked at so many entries.
func (w *walk) noteExamined(ctx context.Context, alternative int, examined, repaired int64) {
	w.noteIndex(ctx, w.at.group, alternative)
	w.core.client.note(ctx, func(op *Operation) {
		op.Examined += examined
		op.Repaired += repaired
	})
}

const and = " and "

// addIndexes adds indexes, each once, sorted.
func (op *Operation) addIndexes(names []string) {
	var list []string
	if op.Index != "" {
		list = strings.Split(op.Index, and)
	}
	for _, name := range names {
		if at, found := slices.BinarySearch(list, name); !found {
			list = slices.Insert(list, at, name)
		}
	}
	op.Index = strings.Join(list, and)
}
