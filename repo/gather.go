package repo

import (
	"context"
	"slices"
)

// gather reads a page of records from several shards.
func (w *walk) gather(ctx context.Context, limit int, selected []bool) (first position, more bool, list []any, err error) {
	f := w.fanned()
	f.quick = w.plain()
	for more = true; more && len(list) < limit; {
		var marks []mark
		marks, more, err = f.take(ctx, limit-len(list))
		if err != nil || len(marks) == 0 {
			return first, false, list, err
		}
		if list == nil {
			first = marks[0].at
			first.behind = w.backward
		}
		var records []any
		if records, more, err = f.readRows(ctx, marks, selected); err != nil {
			return first, false, nil, err
		}
		w.core.client.stats.calls.Add(1)
		list = slices.Concat(list, records)
	}
	return first, more, list, nil
}

// gatherValue returns the stored value of a field in the first record.
func (w *walk) gatherValue(ctx context.Context, field int) (string, error) {
	for {
		marks, _, err := w.fanned().take(ctx, 1)
		if err != nil {
			return "", err
		}
		if len(marks) == 0 {
			return "", ErrNotFound
		}
		id := marks[0].id
		reply, err := w.core.client.do(ctx, &call{place: w.core.placing, args: []any{"hget", w.core.at(id).record(id), w.core.info.fields[field].Name}})
		if err != nil {
			return "", err
		}
		v := values{reply}
		if value, ok, err := v.next(); ok || err != nil { // else the record is gone
			return value, err
		}
	}
}

// readRows reads records, leaves out those that are gone, and tells whether there is
// one more.
func (f *fan) readRows(ctx context.Context, marks []mark, selected []bool) (list []any, more bool, err error) {
	c := f.core
	ids := make([]string, len(marks))
	for i, m := range marks {
		ids[i] = m.id
	}
	calls := c.readCalls(ids, c.rowsOf(selected)[1:])
	peek, err := f.next(ctx, 1)
	if err != nil {
		return nil, false, err
	}
	if peek >= 0 {
		calls = append(calls, c.existsCall(f.heads[peek][0].id))
	}
	replies, errs := c.client.doAll(ctx, calls)
	list = make([]any, 0, len(ids))
	for i, err := range errs {
		var v any
		switch {
		case err != nil:
		case i == len(ids):
			var n int64
			n, err = parseInt(replies[i])
			more = n == 1
		default:
			v, err = c.decodeListed(replies[i], selected)
		}
		switch {
		case err == nil && v != nil:
			list = append(list, v)
		case err != nil && err != ErrNotFound:
			return nil, false, err
		}
	}
	if peek >= 0 && !more { // it is gone: is there another?
		f.heads[peek] = f.heads[peek][1:]
		more, err = f.there(ctx)
	}
	return list, more, err
}

// there tells whether a record is left, and passes by marks without one.
func (f *fan) there(ctx context.Context) (bool, error) {
	for {
		shard, err := f.next(ctx, mostExamined)
		if err != nil || shard < 0 {
			return false, err
		}
		reply, err := f.core.client.do(ctx, f.core.existsCall(f.heads[shard][0].id))
		if err != nil {
			return false, err
		}
		if n, err := parseInt(reply); n == 1 || err != nil {
			return n == 1, err
		}
		f.heads[shard] = f.heads[shard][1:]
	}
}
