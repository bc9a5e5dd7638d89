package repo

import (
	"context"
	"sync"
)

// writeStep is how many records one script call writes at most; more gain
// nothing.
const writeStep = 100

// mostStep is how many records one pipeline writes at most, to several shards.
const mostStep = 1600

func (c *core) writeMany(ctx context.Context, name string, op operation, n int, at func(int) any, opts []WriteOption) (failed error) {
	ctx, watched := c.observeMany(ctx, name, n)
	defer watched.end(&failed)
	o := collect(opts)
	return c.many(ctx, op, n, o, func(i int) (*prepared, error) { return c.prepare(name, op, at(i), o) })
}

func (c *core) deleteMany(ctx context.Context, n int, id func(int) (string, error), opts []WriteOption) (failed error) {
	ctx, o := c.observeMany(ctx, "DeleteMany", n)
	defer o.end(&failed)
	return c.many(ctx, opDelete, n, collect(opts), func(i int) (*prepared, error) {
		id, err := id(i)
		return c.prepareKey("DeleteMany", id, err)
	})
}

// many writes n records, and prepares those of the next pipeline while one is
// under way. Records of one id are written in their order.
func (c *core) many(ctx context.Context, op operation, n int, o writeOptions, prepare func(int) (*prepared, error)) error {
	errs := make([]error, n)
	workers := make(chan struct{}, max(1, o.parallel))
	var running sync.WaitGroup
	ids := make(map[string]bool, n) // under way
	step := min(writeStep*len(c.spaces), mostStep)
	for from := 0; from < n; {
		var chunk []*prepared
		var at []int
		for ; from < n && len(chunk) < step; from++ {
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
		again := from < n && len(chunk) < step
		if len(chunk) > 0 {
			workers <- struct{}{}
			running.Go(func() {
				defer func() { <-workers }()
				for i, err := range c.sendMany(ctx, op, chunk) {
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

// sendMany writes records with different ids, in one pipeline, and stamps their
// values.
func (c *core) sendMany(ctx context.Context, op operation, list []*prepared) []error {
	errs := make([]error, len(list))
	for i, w := range c.writeRows(ctx, writeMany, op, list, nil) {
		p := list[i]
		if w.lost != nil {
			errs[i] = c.info.recordError(p.name, p.id, w.lost)
		} else {
			errs[i] = c.settle(p, w.written)
		}
	}
	return errs
}

// result is what became of one of several records: lost is the error of the call
// that was to write it.
type result struct {
	written
	lost error
}

// writeAll writes records with different ids, and deletes what goes with them.
func (c *core) writeAll(ctx context.Context, how writing, op operation, list []*prepared, guard []string) []result {
	if how == writeMany && c.info.cascades(op) {
		how = writeFamily
	}
	results := c.writeOnce(ctx, how, op, list, guard)
	if c.info.cascades(op) {
		c.deleteRest(ctx, how, op, list, guard, results)
		c.client.cache.felled(c)
	}
	return results
}

// writeOnce writes records with different ids, those of a shard by one script call
// or a few, in one pipeline.
func (c *core) writeOnce(ctx context.Context, how writing, op operation, list []*prepared, guard []string) []result {
	var calls []*call
	var parts [][]int // positions in list
	for _, group := range c.byShard(len(list), func(i int) string { return list[i].id }) {
		for len(group) > 0 {
			part := group[:min(len(group), writeStep)]
			group = group[len(part):]
			rows := make([]*rowWrite, len(part))
			for i, at := range part {
				rows[i] = &list[at].rowWrite
			}
			calls, parts = append(calls, c.writeCallOf(how.of(len(rows)), op, rows, guard)), append(parts, part)
		}
	}
	results := make([]result, len(list))
	replies, errs := c.client.sendAll(ctx, calls)
	for i, part := range parts {
		done, err := readWritten(c.info, replies[i], errs[i], len(part), func(j int) *Row { return list[part[j]].row })
		for j, at := range part {
			if results[at].lost = err; err == nil {
				results[at].written = done[j]
			}
		}
	}
	return results
}
