package repo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// Watch returns the changes of records from now on, as they happen:
//
//	for event, err := range users.Watch(ctx) { … }
//
// It goes on until the loop is left, or yields one error and ends: the context's, [ErrClosed]
// when the client is closed, or what cannot be overcome, such as [ErrDenied]. Lost
// connections, failovers and slots that move are overcome: watching goes on by itself,
// after pauses as [Config.MaxRetryBackoff] bounds them, for as long as it takes; a warning
// is logged when it is interrupted, and when it goes on.
//
// With events=pubsub in the entity line, an event that nobody receives is gone. Where some may have been
// missed, there is an event with [OpGap] in place of them: after a connection was lost, or
// where the loop was so slow that more than [Buffer] events waited. What is known of the
// records is to be read anew then.
//
// With events=stream, events wait in the server until the loop takes them, and [From] has
// it begin with earlier ones. [OpGap] comes only where the stream was trimmed of entries
// that had not been read.
//
// Events of one shard come in the order of its changes, those of different shards in
// any. Each loop has connections of its own, which are not of the pool: one; in a cluster,
// one for each shard of the entity. A round trip a second shows that they are alive; events=stream takes
// two for each batch of events. What the iterator returns can be ranged over
// more than once, also at the same time.
func (r *Repository[T, K]) Watch(ctx context.Context, opts ...WatchOption) iter.Seq2[Event[T, K], error] {
	return func(yield func(Event[T, K], error) bool) {
		for e, err := range r.core.watchEvents(ctx, opts) {
			event := Event[T, K]{}
			if err == nil {
				event, err = r.event(e)
			}
			if !yield(event, err) || err != nil {
				return
			}
		}
	}
}

// WatchOption says what [Repository.Watch] returns. Of several options that choose
// events, an event has to meet all.
type WatchOption func(*watchOptions)

// watchOptions is what they say.
type watchOptions struct {
	passes []func(eventData) bool
	from   map[int]string // entry IDs by shard
	past   bool           // From was given
	buffer int
	ready  func([]Position)
	err    error // the first of an option
}

// defaultBuffer is how many events wait for a loop, unless Buffer says otherwise.
const defaultBuffer = 1000

// OnlyOps chooses events by what happened. [OpGap] is always among them.
func OnlyOps(ops ...EventOp) WatchOption {
	chosen := setOf(ops)
	return passing(func(e eventData) bool { return chosen[e.op] })
}

// OnlyKeys chooses events of the records with these keys, for [Repository.Watch] of the
// same repository. All events are received still, and chosen from in this program.
func (r *Repository[T, K]) OnlyKeys(keys ...K) WatchOption {
	ids := make([]string, len(keys))
	for i, key := range keys {
		var err error
		if ids[i], err = r.core.checkID(r.entity.ID(key)); err != nil {
			return failing(err)
		}
	}
	chosen := setOf(ids)
	return passing(func(e eventData) bool { return chosen[e.id] })
}

// OnlyFields chooses changes of any of these fields, for [Repository.Watch] of the same
// repository; and events of records that are gone, and with them their fields, unless
// [OnlyOps] leaves those out. Events do not name the fields that the repository sets with
// every write: version, created and updated; to choose by them is an error.
func (r *Repository[T, K]) OnlyFields(fields ...FieldOf[T]) WatchOption {
	var none T
	names := make([]string, len(fields))
	for i, f := range fields {
		at := f.column(none)
		names[i] = r.core.info.fields[at].Name
		switch at {
		case r.core.info.version, r.core.info.created, r.core.info.updated:
			return failing(fmt.Errorf("OnlyFields: %s is set with every write, and no event names it", names[i]))
		}
	}
	chosen := setOf(names)
	return passing(func(e eventData) bool {
		for _, name := range e.fields {
			if chosen[name] {
				return true
			}
		}
		return e.op == OpDeleted || e.op == OpExpired
	})
}

// From has events=stream begin behind these positions: of each shard one, the last if there
// are several. A shard of which there is none is read from the start of its stream, and so
// are all without any position. Where the entry of a position has been trimmed away, a gap
// comes before what follows.
func From(positions ...Position) WatchOption {
	return func(o *watchOptions) {
		o.past = true
		for _, p := range positions {
			shard, entry, err := p.parse()
			if err != nil && o.err == nil {
				o.err = err
			}
			if o.from == nil {
				o.from = map[int]string{}
			}
			o.from[shard] = entry
		}
	}
}

// Buffer is how many events may wait for the loop; 1000 by default, at least 1. Of
// events=pubsub, those that come when it is full are dropped, and a gap takes their place; so the program's
// memory stays bounded and the server need not keep what the program has not read. Of
// events=stream, the next are read when there is room, and at most as many again are
// on the way.
func Buffer(n int) WatchOption {
	return func(o *watchOptions) { o.buffer = max(n, 1) }
}

// Ready has f called, once for each loop and in its goroutine, when watching has begun and before the
// first event: what changes from then on is told. start has the position of each shard where it
// begins, for [From]; nil of messages. A program that keeps start, and after it the
// position of the last event of each shard, can go on later without missing any.
func Ready(f func(start []Position)) WatchOption {
	return func(o *watchOptions) { o.ready = f }
}

// passing returns the option that chooses events.
func passing(pass func(eventData) bool) WatchOption {
	return func(o *watchOptions) { o.passes = append(o.passes, pass) }
}

// failing returns the option that cannot be.
func failing(err error) WatchOption {
	return func(o *watchOptions) {
		if o.err == nil {
			o.err = err
		}
	}
}

// pass tells whether an event is chosen.
func (o *watchOptions) pass(e eventData) bool {
	for _, pass := range o.passes {
		if !pass(e) {
			return false
		}
	}
	return true
}

func setOf[E comparable](list []E) map[E]bool {
	set := make(map[E]bool, len(list))
	for _, e := range list {
		set[e] = true
	}
	return set
}

// newPosition returns the place of an entry of a shard.
func newPosition(shard int, entry string) Position {
	return Position(strconv.Itoa(shard) + "-" + entry)
}

// parse returns the shard and the ID of the entry.
func (p Position) parse() (shard int, entry string, err error) {
	first, entry, _ := strings.Cut(string(p), "-")
	ms, seq, ok := strings.Cut(entry, "-")
	shard, err = strconv.Atoi(first)
	_, err1 := strconv.ParseUint(ms, 10, 64)
	_, err2 := strconv.ParseUint(seq, 10, 64)
	if !ok || errors.Join(err, err1, err2) != nil || shard < 0 {
		return 0, "", fmt.Errorf("From: %q is no position of an event", shorten(string(p)))
	}
	return shard, entry, nil
}
