package event

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/redisgen/redisgen/repo"
)

//go:embed append.lua
var appendSource string

//go:embed load.lua
var loadSource string

//go:embed snapshot.lua
var snapshotSource string

//go:embed delete.lua
var deleteSource string

// That an append is repeated is seen from its token, here and not by package repo: so that
// it counts as a write, which [repo.Durability] is about.
var (
	appendScript   = repo.NewScript(appendSource)
	loadScript     = repo.NewScript(loadSource).Idempotent()
	snapshotScript = repo.NewScript(snapshotSource).Idempotent()
	deleteScript   = repo.NewScript(deleteSource).Idempotent()
)

// Log keeps records as the events that made them. A record has an id and a stream of its
// own; each event makes the next version of it, from 1, and the state of the record is
// what folding its events gives. A Log is safe for concurrent use.
type Log[S, E any] struct {
	client *repo.Client
	name   string
	fold   func(S, E) S
	opts   LogOptions[S, E]
}

// LogOptions says how a [Log] works. The zero value is good for records of up to some
// hundred events.
type LogOptions[S, E any] struct {
	// Codec turns events into what is stored. Default: [JSON]; for an interface type
	// use [Union].
	Codec Codec[E]
	// MaxSize is how many bytes an event has at most. Default 1 MiB; negative: no limit.
	MaxSize int
	// SnapshotEvery has a Load that folds as many events or more keep the state that it
	// comes to, from which the next one goes on. Default: no snapshots.
	SnapshotEvery int
	// State turns states into snapshots; it has to bring back all of a state. Default:
	// [JSON], which drops fields that are not exported.
	State Codec[S]
	// Revision is of the state's type and of fold: change it when they change, and
	// snapshots of another revision count no more.
	Revision string
	// Logger takes why a snapshot could not be kept or read. Default slog.Default().
	Logger *slog.Logger
}

// Entry is an event of a record as it is stored.
type Entry[E any] struct {
	Version int64     // of the record, which the event has made
	At      time.Time // when it was appended, by the server's clock, to the µs
	Event   E
}

const (
	mostAppended = 1000 // events in one append
	pageSize     = 500  // events in one reply
	tokenSize    = 16   // of 5 bits each
)

// ErrBroken: the stream of a record does not have the events of its log, one after the
// other. Another program has written to it, or trimmed it.
var ErrBroken = errors.New("the stream does not have all events, in order")

// NewLog returns the log of a name, among the logs of the client's prefix. fold returns
// the state after an event; the first is folded into the zero value. It must not fail,
// whatever the event: that has happened. Nothing is sent.
func NewLog[S, E any](client *repo.Client, name string, fold func(state S, event E) S, opts LogOptions[S, E]) *Log[S, E] {
	opts.Codec, opts.State = opts.Codec.orJSON(), opts.State.orJSON()
	opts.MaxSize = cmp.Or(opts.MaxSize, defaultMaxSize)
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	return &Log[S, E]{client, name, fold, opts}
}

// place is where a record is: the keyspace of the record, its stream and its snapshot.
// They are in one slot; records spread over the slots.
type place struct {
	space string
	keys  []string
}

func (l *Log[S, E]) place(id string) place {
	name := strconv.Itoa(len(l.name)) + ":" + l.name + id
	space := l.client.Space("log", name)
	return place{space, []string{space + "e:" + name, space + "s:" + name}}
}

// run calls one of the scripts.
func (l *Log[S, E]) run(ctx context.Context, script *repo.Script, at place, args ...string) ([]string, error) {
	return script.Run(ctx, l.client, at.keys, append([]string{at.space}, args...)...)
}

// failed wraps the error of an operation on a record.
func (l *Log[S, E]) failed(op, id string, err error) error {
	if err == nil {
		return nil
	}
	return &repo.RecordError{Op: op, Entity: l.name, ID: id, Err: err}
}

// Append appends events to a record, all or none, if it has the version that is expected:
// 0, if it has no events. It returns the version that the record then has. Without events
// it only makes sure of the version.
//
// If the version is another one, the error is [repo.ErrConflict]. An event of more than
// MaxSize bytes is [repo.ErrTooLarge], and so are more than 1,000 events. If the reply is
// lost, the append is sent again and takes effect once; [repo.ErrUncertain] is what is left
// when ctx ends meanwhile, or no server answers. With [repo.ErrNotDurable] the version is
// returned too: the events are there. One round trip.
func (l *Log[S, E]) Append(ctx context.Context, id string, expected int64, events ...E) (version int64, err error) {
	version, err = l.append(ctx, id, expected, events)
	return version, l.failed("Append", id, err)
}

func (l *Log[S, E]) append(ctx context.Context, id string, expected int64, events []E) (int64, error) {
	if expected < 0 {
		return 0, fmt.Errorf("the version that is expected is %d; a record without events has 0", expected)
	}
	if len(events) > mostAppended {
		return 0, fmt.Errorf("%w: %d events in one append, at most %d", repo.ErrTooLarge, len(events), mostAppended)
	}
	args := []string{strconv.FormatInt(expected, 10), rand.Text()[:tokenSize]}
	for _, e := range events {
		data, err := l.opts.Codec.Encode(e)
		if err == nil {
			err = checkSize(len(data), l.opts.MaxSize)
		}
		if err != nil {
			return 0, err
		}
		args = append(args, string(data))
	}
	reply, err := l.send(ctx, l.place(id), args)
	if errors.Is(err, repo.ErrNotDurable) {
		return expected + int64(len(events)), err
	}
	switch {
	case err != nil:
		return 0, err
	case len(reply) == 2 && reply[0] == "OK":
		return strconv.ParseInt(reply[1], 10, 64)
	case len(reply) == 2 && reply[0] == "CONFLICT":
		return 0, fmt.Errorf("%w: it has version %s, and not %d", repo.ErrConflict, reply[1], expected)
	}
	return 0, errReply
}

var errReply = errors.New("reply that cannot be understood")

// send sends an append, again if its reply was lost.
func (l *Log[S, E]) send(ctx context.Context, at place, args []string) ([]string, error) {
	lost := false
	for attempt := 0; ; attempt++ {
		reply, err := l.run(ctx, appendScript, at, args...)
		if errors.Is(err, repo.ErrUncertain) {
			lost = true
			if attempt < 10 && pause(ctx, attempt, maxPause) == nil {
				continue
			}
		} else if lost && err != nil && !errors.Is(err, repo.ErrNotDurable) {
			err = fmt.Errorf("%w: %w", repo.ErrUncertain, err)
		}
		return reply, err
	}
}

// Load returns the state of a record and its version; the zero value and 0 if it has no
// events. One round trip for each 500 events after the snapshot, and one to keep a
// snapshot, if one is due; if that fails, it is logged, and no error.
func (l *Log[S, E]) Load(ctx context.Context, id string) (state S, version int64, err error) {
	state, version, err = l.load(ctx, id)
	return state, version, l.failed("Load", id, err)
}

func (l *Log[S, E]) load(ctx context.Context, id string) (state S, version int64, err error) {
	r := reader[S, E]{log: l, at: l.place(id)}
	if l.opts.SnapshotEvery > 0 {
		state, err = r.snapshot(ctx)
	}
	from := r.version
	for err == nil {
		var e Entry[E]
		var more bool
		if e, more, err = r.next(ctx); err != nil || !more {
			break
		}
		state = l.fold(state, e.Event)
	}
	if err != nil {
		var none S
		return none, 0, err
	}
	if every := int64(l.opts.SnapshotEvery); every > 0 && r.version-from >= every {
		l.keep(ctx, &r, state)
	}
	return state, r.version, nil
}

// keep keeps a snapshot of what a reader has come to.
func (l *Log[S, E]) keep(ctx context.Context, r *reader[S, E], state S) {
	data, err := l.opts.State.Encode(state)
	if err == nil {
		_, err = l.run(ctx, snapshotScript, r.at, strconv.FormatInt(r.version, 10), r.by, l.opts.Revision, string(data))
	}
	if err != nil {
		l.opts.Logger.WarnContext(ctx, "redisgen: no snapshot kept", "log", l.name, "error", err)
	}
}

// mostAttempts is how often Update decides.
const mostAttempts = 100

// Update loads the state of a record, has decide return the events that are to happen, and
// appends them; none leave the record as it is. If other events were appended meanwhile,
// it begins again, after a pause: so decide must do nothing else that cannot be repeated,
// and not change the state that it is given. decide's error is returned as it is wrapped,
// and nothing is appended.
//
// It returns the state with the events, and its version. [repo.ErrConflict] after 100
// attempts, and other errors as those of Load and Append. A Load and an Append each time.
func (l *Log[S, E]) Update(ctx context.Context, id string, decide func(state S) ([]E, error)) (state S, version int64, err error) {
	for attempt := 0; ; attempt++ {
		state, version, err = l.update(ctx, id, decide)
		if !errors.Is(err, errOvertaken) || attempt+1 >= mostAttempts || pause(ctx, attempt, maxWait) != nil {
			return state, version, l.failed("Update", id, err)
		}
	}
}

// errOvertaken is a conflict of Update's own append, and not one that decide returns.
var errOvertaken = fmt.Errorf("%w: other events came first, again and again", repo.ErrConflict)

func (l *Log[S, E]) update(ctx context.Context, id string, decide func(S) ([]E, error)) (S, int64, error) {
	var none S
	state, version, err := l.load(ctx, id)
	if err != nil {
		return none, 0, err
	}
	events, err := decide(state)
	if err != nil {
		return none, 0, err
	}
	if len(events) == 0 {
		return state, version, nil
	}
	version, err = l.append(ctx, id, version, events)
	if errors.Is(err, repo.ErrConflict) {
		return none, 0, errOvertaken
	}
	if err != nil && !errors.Is(err, repo.ErrNotDurable) {
		return none, 0, err
	}
	for _, e := range events {
		state = l.fold(state, e)
	}
	return state, version, err
}

// Delete removes a record, all its events and its snapshot, and tells whether there were
// any. Then it has version 0. One round trip.
func (l *Log[S, E]) Delete(ctx context.Context, id string) (bool, error) {
	reply, err := l.run(ctx, deleteScript, l.place(id))
	if err != nil {
		return false, l.failed("Delete", id, err)
	}
	return len(reply) == 1 && reply[0] != "0", nil
}
