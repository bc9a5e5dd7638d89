package repo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"
)

// DeadLetter is an event that a group has given up. T and K are those of [Repository].
type DeadLetter[T any, K comparable] struct {
	// Event is the event. Of one that is none of this entity it has only the position.
	Event Event[T, K]
	// Position is that of the dead letter, by which it is put back or dropped; that of the
	// event is Event.Position.
	Position Position
	// Attempts is how often the event was delivered.
	Attempts int
	// Error is the text of the last error, of which a thousand bytes are kept.
	Error string
	// At is when the event was given up, by the server's clock.
	At time.Time
}

// deadPage is how many dead letters are read in a round trip.
const deadPage = 100

// DeadLetters returns the events that a group has given up, the oldest of each shard
// first. One round trip for a hundred. They stay until [Repository.Revive] or
// [Repository.Discard].
func (r *Repository[T, K]) DeadLetters(ctx context.Context, group string) iter.Seq2[DeadLetter[T, K], error] {
	return func(yield func(DeadLetter[T, K], error) bool) {
		fail := func(err error) { yield(DeadLetter[T, K]{}, r.core.info.recordError("DeadLetters", "", err)) }
		if err := r.core.checkGroup(group); err != nil {
			fail(err)
			return
		}
		for shard := range r.core.spaces {
			for letter, err := range r.core.deadLetters(ctx, shard, group) {
				if err != nil {
					fail(err)
					return
				}
				out := DeadLetter[T, K]{Position: letter.at, Attempts: letter.attempts, Error: letter.err, At: letter.failed}
				if out.Event, err = r.event(letter.event); err != nil {
					out.Event = Event[T, K]{Position: letter.event.position}
				}
				if !yield(out, nil) {
					return
				}
			}
		}
	}
}

// deadLetter is a dead letter whatever the Go type of its event.
type deadLetter struct {
	at       Position
	event    eventData
	attempts int
	err      string
	failed   time.Time
}

func (s space) deadLetters(group string) string { return s.events() + ":dead:" + group }

// deadLetters reads the dead letters of a shard.
func (c *core) deadLetters(ctx context.Context, shard int, group string) iter.Seq2[deadLetter, error] {
	return func(yield func(deadLetter, error) bool) {
		from := "-"
		for {
			args := []any{"xrange", c.spaces[shard].deadLetters(group), from, "+", "count", strconv.Itoa(deadPage)}
			reply, err := c.fresh().client.do(ctx, &call{place: c.placing, args: args})
			if err != nil {
				yield(deadLetter{}, err)
				return
			}
			list, err := (&values{reply}).entries()
			if err != nil {
				yield(deadLetter{}, err)
				return
			}
			for _, one := range list {
				letter, err := c.parseDeadLetter(shard, one)
				if !yield(letter, err) || err != nil {
					return
				}
			}
			if len(list) < deadPage {
				return
			}
			if from, err = following(list[len(list)-1].id); err != nil {
				yield(deadLetter{}, err)
				return
			}
		}
	}
}

// parseDeadLetter reads a dead letter as consume.lua writes it.
func (c *core) parseDeadLetter(shard int, e streamEntry) (l deadLetter, err error) {
	list := e.values
	if len(list) < 8 || list[0] != "entry" || list[2] != "attempts" || list[4] != "error" || list[6] != "failed" {
		return l, errEvent
	}
	l.at, l.err = newPosition(shard, e.id), list[5]
	failed, err := strconv.ParseInt(list[7], 10, 64)
	if err != nil {
		return l, errEvent
	}
	l.failed = time.UnixMicro(failed).UTC()
	if l.attempts, err = strconv.Atoi(list[3]); err != nil {
		return l, errEvent
	}
	if l.event, err = c.parseEvent(list[8:]); err != nil {
		l.event = eventData{} // what it is in place of an event, the error says
	}
	l.event.position = newPosition(shard, list[1])
	return l, nil
}

// reviveIdle is for how long an event looks idle that is put back, so that it is taken
// over, whatever ClaimAfter is.
const reviveIdle = 365 * 24 * time.Hour

// Revive has a group handle the events of dead letters again, with new attempts, and
// removes the dead letters. Consumers take them over as what others have left, within
// half of their ClaimAfter. [ErrNotFound] of what is no dead letter of the group, and of
// one whose event was trimmed from its stream: what it has is in the dead letter alone.
// One round trip for each.
func (r *Repository[T, K]) Revive(ctx context.Context, group string, letters ...Position) error {
	return r.core.revive(ctx, group, letters)
}

func (c *core) revive(ctx context.Context, group string, letters []Position) error {
	err := c.eachLetter(group, letters, func(at space, id string) error {
		reply, err := c.client.do(ctx, c.groupCall(at, "revive", group, "revived", id, ms(reviveIdle)))
		if err != nil {
			return err
		}
		state, err := (&values{reply}).list()
		switch {
		case err != nil || len(state) != 1:
			return errReply
		case state[0] == "TRIMMED":
			return fmt.Errorf("%w: the event was trimmed from its stream", ErrNotFound)
		case state[0] != "OK":
			return ErrNotFound
		}
		return nil
	})
	return c.info.recordError("Revive", "", err)
}

// Discard removes dead letters of a group; those that are not there are no error. One round
// trip for each.
func (r *Repository[T, K]) Discard(ctx context.Context, group string, letters ...Position) error {
	c := r.core
	err := c.eachLetter(group, letters, func(at space, id string) error {
		_, err := c.client.do(ctx, &call{place: c.placing, args: []any{"xdel", at.deadLetters(group), id}})
		return err
	})
	return c.info.recordError("Discard", "", err)
}

// eachLetter calls f for dead letters, and returns the errors with their positions.
func (c *core) eachLetter(group string, letters []Position, f func(at space, id string) error) error {
	if err := c.checkGroup(group); err != nil {
		return err
	}
	var errs []error
	for _, p := range slices.Compact(letters) {
		at, id, err := c.place(p)
		if err == nil {
			err = f(at, id)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", shorten(string(p)), err))
		}
	}
	return errors.Join(errs...)
}

// place returns the shard of a position, and the ID in it.
func (c *core) place(p Position) (space, string, error) {
	shard, id, err := p.parse()
	if err != nil || shard >= len(c.spaces) {
		return "", "", ErrNotFound
	}
	return c.spaces[shard], id, nil
}
