package event

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"
)

// History returns the events of a record, in order, from the one on that made a version;
// 1 for all. Events that are appended meanwhile are among them, or not. An error is the
// last that it yields. One round trip for each 500 events.
func (l *Log[S, E]) History(ctx context.Context, id string, from int64) iter.Seq2[Entry[E], error] {
	return func(yield func(Entry[E], error) bool) {
		r := reader[S, E]{log: l, at: l.place(id), version: max(from-1, 0)}
		for {
			e, more, err := r.next(ctx)
			if err != nil {
				yield(Entry[E]{}, l.failed("History", id, err))
				return
			}
			if !more || !yield(e, nil) {
				return
			}
		}
	}
}

// reader reads the events of a record after a version, page by page.
type reader[S, E any] struct {
	log     *Log[S, E]
	at      place
	version int64    // of the last event that was read, or of the snapshot
	by      string   // token of the append of that event
	page    []string // of four values each: ID, event, time, token
	end     bool     // nothing follows the page
}

// snapshot begins with the snapshot of the record, if there is one that counts, and
// returns its state.
func (r *reader[S, E]) snapshot(ctx context.Context) (state S, err error) {
	from, data, err := r.read(ctx, r.log.opts.Revision)
	if err != nil || from == 0 {
		return state, err
	}
	if state, err = r.log.opts.State.Decode([]byte(data)); err == nil {
		r.version = from
		return state, nil
	}
	r.log.opts.Logger.WarnContext(ctx, "redisgen: snapshot cannot be read", "log", r.log.name, "version", from, "error", err)
	r.page, r.end = nil, false // from the beginning
	var none S
	return none, nil
}

// next returns the next event, and whether there is one.
func (r *reader[S, E]) next(ctx context.Context) (e Entry[E], more bool, err error) {
	if len(r.page) == 0 && !r.end {
		if _, _, err := r.read(ctx); err != nil {
			return e, false, err
		}
	}
	if len(r.page) == 0 {
		return e, false, nil
	}
	id, data, at, by := r.page[0], r.page[1], r.page[2], r.page[3]
	r.page = r.page[4:]
	number, _ := strings.CutSuffix(id, "-0")
	if number != strconv.FormatInt(r.version+1, 10) {
		return e, false, fmt.Errorf("%w: %s where version %d should be", ErrBroken, id, r.version+1)
	}
	r.version++
	r.by = by
	us, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return e, false, fmt.Errorf("%w: version %d has no time", ErrBroken, r.version)
	}
	e.Version, e.At = r.version, time.UnixMicro(us).UTC()
	if e.Event, err = r.log.opts.Codec.Decode([]byte(data)); err != nil {
		return e, false, fmt.Errorf("version %d: %w", r.version, err)
	}
	return e, true, nil
}

// read reads the next page; with a revision, what follows the snapshot of it, whose
// version and state it returns.
func (r *reader[S, E]) read(ctx context.Context, revision ...string) (from int64, state string, err error) {
	args := append([]string{strconv.FormatInt(r.version, 10), strconv.Itoa(pageSize)}, revision...)
	reply, err := r.log.run(ctx, loadScript, r.at, args...)
	if err != nil {
		return 0, "", err
	}
	if len(reply) < 2 || len(reply)%4 != 2 {
		return 0, "", errReply
	}
	if from, err = strconv.ParseInt(reply[0], 10, 64); err != nil {
		return 0, "", errReply
	}
	r.page = reply[2:]
	r.end = len(r.page) < 4*pageSize
	return from, reply[1], nil
}
