package repo

import (
	"context"
	"errors"
	"slices"
	"strconv"
)

// Progress is how far a [Query.Delete] or [Query.Patch] has come.
type Progress struct {
	Done    int64 // records deleted or changed
	Skipped int64 // records that had ceased to meet the conditions when their turn came
	Failed  int64 // records that could not be changed
	// Cursor is where [Query.After] goes on: empty if nothing is left or, with an
	// error, nothing is done. After [ErrUncertain] it is before the batch of which
	// nobody knows whether it is written.
	Cursor string
}

// bulk deletes or patches what a query finds, a batch at a time.
func (q *query) bulk(ctx context.Context, name string, op operation, changes []change) (_ Progress, failed error) {
	ctx, o := q.core.observe(ctx, "Query."+name)
	defer o.end(&failed)
	q = q.fresh()
	progress := Progress{Cursor: q.cursor}
	if op == opPatch && len(changes) == 0 {
		return progress, q.fail(name, errNoChange)
	}
	var moved []int
	if op == opPatch {
		moved = q.core.info.moved(changes)
	}
	w, err := q.forward(ctx, findIDs, moved)
	if err != nil {
		return progress, q.fail(name, err)
	}
	guard, err := q.guard()
	if err != nil {
		return progress, q.fail(name, err)
	}
	for left := q.limit; ; {
		limit := q.core.info.bulkStep()
		if q.limited {
			limit = min(limit, left)
		}
		ids, more, err := w.ids(ctx, limit)
		if err != nil {
			return progress, q.fail(name, err)
		}
		if err := q.core.bulkStep(ctx, name, op, ids, changes, guard, &progress); err != nil {
			var many *ManyError
			if errors.As(err, &many) {
				progress.Cursor = w.at.cursor(w.plan)
			}
			return progress, q.fail(name, err)
		}
		left -= len(ids)
		progress.Cursor = w.at.cursor(w.plan)
		if !more {
			progress.Cursor = ""
		}
		if q.progress != nil {
			q.progress(progress)
		}
		if !more || left == 0 {
			return progress, nil
		}
	}
}

// moved returns the fields that a patch may change: its own, and those that every
// write sets.
func (info *entityInfo) moved(changes []change) []int {
	fields := []int{info.version, info.updated, info.expiry}
	for _, c := range changes {
		fields = append(fields, c.field)
	}
	return slices.DeleteFunc(fields, func(field int) bool { return field < 0 })
}

// bulkStep returns how many records are deleted or patched at a time: the more
// indexes there are, the fewer, so that no call holds the server for long.
func (info *entityInfo) bulkStep() int { return max(10, min(writeStep, 400/(2+len(info.indexes)))) }

// guard returns the conditions of the query as the write script takes them.
func (q *query) guard() ([]string, error) {
	c, err := q.core.info.condition(predicate{op: all, parts: q.where})
	if err != nil {
		return nil, err
	}
	f := newFilter(q.core.info)
	args := f.arguments(c)
	guard := append([]string{strconv.Itoa(len(f.names))}, f.names...)
	guard = append(guard, args...)
	return append(guard, strconv.Itoa(len(guard))), nil
}

// bulkStep writes one batch and adds it to the progress. Records that are
// refused are a ManyError.
func (c *core) bulkStep(ctx context.Context, name string, op operation, ids []string, changes []change, guard []string, progress *Progress) error {
	if len(ids) == 0 {
		return nil
	}
	list := make([]*prepared, len(ids))
	for i, id := range ids {
		p := &prepared{name: name, rowWrite: rowWrite{id: id}}
		if op == opPatch {
			if err := p.changes(c.info, changes); err != nil {
				return err
			}
		}
		list[i] = p
	}
	errs := make([]error, len(list))
	var lost error
	for i, w := range c.writeRows(ctx, writeGuarded, op, list, guard) {
		switch {
		case w.lost != nil:
			lost = w.lost
		case w.err == nil:
			progress.Done++
		case errors.Is(w.err, ErrNotFound):
			progress.Skipped++
		case errors.Is(w.err, ErrNotDurable):
			progress.Done++
			errs[i] = c.settle(list[i], w.written)
		default:
			progress.Failed++
			errs[i] = c.settle(list[i], w.written)
		}
	}
	if lost != nil {
		return lost
	}
	return manyError(errs)
}
