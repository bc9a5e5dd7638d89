package repo

import (
	"context"
	"errors"
	"fmt"
)

// mutateAttempts bounds how often Mutate starts again.
const mutateAttempts = 100

// mutate changes a record as Repository.Mutate says.
func (c *core) mutate(ctx context.Context, id string, err error, change func(any) error, opts []WriteOption) (_ any, failed error) {
	ctx, o := c.observe(ctx, "Mutate")
	defer o.end(&failed)
	if err != nil {
		return nil, c.keyError("Mutate", err)
	}
	c = c.fresh()
	options := collect(opts)
	for attempt := 0; ; attempt++ {
		v, err := c.mutateOnce(ctx, id, change, options)
		if err == nil {
			return v, nil
		}
		var record *RecordError
		if !errors.As(err, &record) {
			err = c.info.recordError("Mutate", id, err)
		}
		if !errors.Is(err, ErrConflict) {
			return nil, err
		}
		if c.client.noteConflict(ctx); attempt+1 == mutateAttempts {
			return nil, err
		}
		if c.client.pause(ctx, min(attempt, 3)) != nil {
			return nil, err
		}
	}
}

func (c *core) mutateOnce(ctx context.Context, id string, change func(any) error, options writeOptions) (any, error) {
	reply, err := c.client.do(ctx, c.readCall(id))
	if err != nil {
		return nil, err
	}
	v, err := c.decodeReply(reply)
	if err != nil {
		return nil, err
	}
	expected, err := identity(c.info, reply)
	if err != nil {
		return nil, err
	}
	if err := change(v); err != nil {
		c.client.noteAborted(ctx)
		return nil, err
	}
	if changed, err := c.id(v); err != nil || changed != id {
		return nil, fmt.Errorf("the change changed the key")
	}
	p, err := c.prepare("Mutate", opUpdate, v, options)
	if err != nil {
		return nil, err
	}
	p.expected = expected
	return v, c.send(ctx, opUpdate, p)
}

// identity returns what the script compares to tell whether a record has
// changed: its version and creation, or a digest of its fields.
func identity(info *entityInfo, reply string) (string, error) {
	if info.version < 0 {
		return digest(reply)
	}
	version, ok, err := stored(reply, info.version)
	if err != nil {
		return "", err
	}
	if !ok {
		version = "0"
	}
	if info.created >= 0 {
		created, _, err := stored(reply, info.created)
		return version + "@" + created, err
	}
	return version, nil
}
