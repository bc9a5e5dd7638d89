package repo

import (
	"context"
	"sync"
)

// writeStep is how many records one script call writes at most; more gain
// nothing.
const writeStep = 100

func (c *core) writeMany(ctx context.Context, name string, op operation, n int, at func(int) any, opts []WriteOption) error {
	o := collect(opts)
	return c.many(ctx, op, n, o, func(i int) (*prepared, error) { return c.prepare(name, op, at(i), o) })
}

func (c *core) deleteMany(ctx context.Context, n int, id func(int) (string, error), opts []WriteOption) error {
	return c.many(ctx, opDelete, n, collect(opts), func(i int) (*prepared, error) {
		id, err := id(i)
		return c.prepareKey("DeleteMany", id, err)
	})
}

// many writes n records, and prepares those of the next call while one is under
// way. Records of one id are written in their order.
func (c *core) many(ctx context.Context, op operation, n int, o writeOptions, prepare func(int) (*prepared, error)) error {
	errs := make([]error, n)
	workers := make(chan struct{}, max(1, o.parallel))
	var running sync.WaitGroup
	ids := make(map[string]bool, n) // under way
	for from := 0; from < n; {
		var chunk []*prepared
		var at []int
		for ; from < n && len(chunk) < writeStep; from++ {
			p, err := prepare(from)
			if err != nil {
				errs[from] = err
				continue
			}
			if ids[p.id] {
				break // it waits until the one before is written
			}
			ids[p.id] = true
			chunk, at = append(chunk, p), append(at, from)
		}
		again := from < n && len(chunk) < writeStep
		if len(chunk) > 0 {
			call := c.manyCall(op, chunk)
			workers <- struct{}{}
			running.Go(func() {
				defer func() { <-workers }()
				for i, err := range c.sendMany(ctx, call, chunk) {
					errs[at[i]] = err
				}
			})
		}
		if again {
			running.Wait()
			clear(ids)
		}
	}
	running.Wait()
	return manyError(errs)
}

// manyCall returns the call that writes records with different ids.
func (c *core) manyCall(op operation, list []*prepared) *call {
	rows := make([]*rowWrite, len(list))
	for i, p := range list {
		rows[i] = &p.rowWrite
	}
	return c.writeCall(op, rows)
}

// sendMany sends the call of several writes and stamps their values.
func (c *core) sendMany(ctx context.Context, call *call, list []*prepared) []error {
	errs := make([]error, len(list))
	var results []written
	reply, err := c.client.do(ctx, call)
	if err == nil {
		results, err = parseWritten(c.info, reply, len(list), func(i int) *Row { return list[i].row })
	}
	for i, p := range list {
		if err != nil {
			errs[i] = c.info.recordError(p.name, p.id, err)
		} else {
			errs[i] = c.settle(p, results[i])
		}
	}
	return errs
}
