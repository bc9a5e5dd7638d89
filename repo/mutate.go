package repo

import (
	"context"
	"errors"
	"fmt"
)

// mutateAttempts bounds how often Mutate starts again.
const mutateAttempts = 100

// Mutate reads a record, has change change it, and stores it if nobody else
// has changed it meanwhile; if somebody has, it begins again, after a pause.
// It returns the record as stored.
//
// change may be called several times, each time with a fresh record; its error
// ends the operation and is returned. It must not change the key. Two round
// trips if nobody interferes; [ErrConflict] after 100 attempts.
func (r *Repository[T, K]) Mutate(ctx context.Context, key K, change func(*T) error) (*T, error) {
	id, err := r.id("Mutate", key)
	if err != nil {
		return nil, err
	}
	for attempt := 0; ; attempt++ {
		v, err := r.mutateOnce(ctx, key, id, change)
		if err == nil {
			return v, nil
		}
		var record *RecordError
		if !errors.As(err, &record) {
			err = r.info.recordError("Mutate", id, err)
		}
		if !errors.Is(err, ErrConflict) || attempt+1 == mutateAttempts {
			return nil, err
		}
		if r.client.pause(ctx, min(attempt, 3)) != nil {
			return nil, err
		}
	}
}

func (r *Repository[T, K]) mutateOnce(ctx context.Context, key K, id string, change func(*T) error) (*T, error) {
	reply, err := r.client.do(ctx, r.readCall(id))
	if err != nil {
		return nil, err
	}
	v, err := r.decode(reply)
	if err != nil {
		return nil, err
	}
	expected, err := r.identity(reply)
	if err != nil {
		return nil, err
	}
	if err := change(v); err != nil {
		return nil, err
	}
	if r.entity.Key(v) != key {
		return nil, fmt.Errorf("the change changed the key")
	}
	p, err := r.prepare("Mutate", opUpdate, v, writeOptions{})
	if err != nil {
		return nil, err
	}
	p.expected = expected
	return v, r.send(ctx, opUpdate, p)
}

// identity returns what the script compares to tell whether a record has
// changed: its version and creation, or a digest of its fields.
func (r *Repository[T, K]) identity(reply string) (string, error) {
	if r.info.version < 0 {
		return digest(reply)
	}
	version, ok, err := r.stored(reply, r.info.version)
	if err != nil {
		return "", err
	}
	if !ok {
		version = "0"
	}
	if r.info.created >= 0 {
		created, _, err := r.stored(reply, r.info.created)
		return version + "@" + created, err
	}
	return version, nil
}
