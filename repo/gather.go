package repo

import (
	"context"
	"errors"
	"slices"
)

// gather reads a page of records from several shards. If a plain command has found an
// entry without a record, the script reads the page, which removes it.
func (w *walk) gather(ctx context.Context, limit int, selected []bool) (first position, more bool, list []any, err error) {
	start := w.at
	w.fanned().quick = w.plain()
	first, more, list, err = w.fan.readPage(ctx, limit, selected)
	if errors.Is(err, errGone) {
		w.at, w.fan = start, nil
		first, more, list, err = w.fanned().readPage(ctx, limit, selected)
	}
	return first, more, list, err
}

// readPage reads up to limit records, and tells whether there are more.
func (f *fan) readPage(ctx context.Context, limit int, selected []bool) (first position, more bool, list []any, err error) {
	f.seen = 0
	for {
		marks, _, err := f.take(ctx, limit-len(list))
		if err != nil || len(marks) == 0 {
			return first, false, list, err
		}
		if list == nil {
			first = marks[0].at
			first.behind = f.backward
		}
		var records []any
		if records, more, err = f.readRows(ctx, marks, selected); err != nil {
			return first, false, nil, err
		}
		f.core.client.stats.calls.Add(1)
		if list = slices.Concat(list, records); !more || len(list) == limit {
			f.core.client.stats.add(int64(f.seen), int64(min(f.seen, len(list))), 0)
			return first, more, list, nil
		}
	}
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
// one more. What plain commands have found and is gone is errGone.
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
		case f.quick && (err == ErrNotFound || i == len(ids) && err == nil && !more):
			return nil, false, errGone
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
