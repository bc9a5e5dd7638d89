package repo

import (
	"context"
	"errors"
	"fmt"
)

// Sizes of pages.
const (
	defaultPage = 100
	maxPage     = 1000
)

// What bad limits lead to.
var (
	errLimit     = errors.New("limit must be 1 or more")
	errPageLimit = fmt.Errorf("limit of a page must be from 1 to %d", maxPage)
)

// errBackward is what Before leads to where only Page makes sense.
var errBackward = errors.New("Before is for Page; order the other way round to go backward")

// query is a Query whatever its records' Go type.
type query struct {
	core     *core
	where    []predicate
	order    order
	limit    int
	limited  bool // a limit was given
	cursor   string
	backward bool // towards the beginning
	selected []bool
	indexed  bool // all records are never walked
	progress func(Progress)
}

// with returns a changed copy. It is not inlined, for the reason that fields.go
// gives.
//
//go:noinline
func (q query) with(change func(*query)) *query {
	change(&q)
	return &q
}

// begin returns the plan of the query and a walk from where it begins.
func (q *query) begin(ctx context.Context, what string, moved []int) (*walk, error) {
	if q.limited && q.limit < 1 {
		return nil, errLimit
	}
	where, err := q.core.info.condition(predicate{op: all, parts: q.where})
	if err != nil {
		return nil, err
	}
	pl := planner{info: q.core.info, mark: q.core.mark, order: q.order, moved: moved, merged: len(q.core.spaces) > 1}
	p, err := pl.plan(where)
	if err != nil {
		return nil, err
	}
	if p.walks && (q.indexed || q.core.client.indexed) {
		return nil, pl.noIndex(where.conjuncts())
	}
	shards := q.core.asked(where)
	at, err := parseCursor(q.cursor, p, len(shards))
	if err != nil {
		return nil, err
	}
	if q.backward && q.cursor == "" {
		at = position{shard: len(shards) - 1, group: len(p.groups)} // behind the last
	}
	if shards, err = q.core.resolve(ctx, p, shards); err != nil {
		return nil, err
	}
	w := q.core.newWalk(p, what, at, q.backward, shards)
	if what == findRows {
		w.tail = q.core.rowsOf(q.selected)
	}
	return w, nil
}

// fail wraps the error of an operation, unless it is wrapped already.
func (q *query) fail(op string, err error) error {
	var record *RecordError
	if errors.As(err, &record) {
		return err
	}
	return q.core.info.recordError(op, "", err)
}

// page hands the records of one page to take and returns the cursors of its
// neighbours.
func (q *query) page(ctx context.Context, take func([]any)) (next, prev string, err error) {
	ctx, o := q.core.observe(ctx, "Page")
	defer o.end(&err)
	w, err := q.begin(ctx, findRows, nil)
	limit := defaultPage
	if q.limited {
		limit = q.limit
	}
	if err == nil && limit > maxPage {
		err = errPageLimit
	}
	if err != nil {
		return "", "", q.fail("Page", err)
	}
	first, more, list, err := q.list(ctx, w, limit)
	if err != nil {
		return "", "", q.fail("Page", err)
	}
	near := q.cursor // where the page begins
	if len(list) > 0 && q.cursor != "" {
		near = first.cursor(w.plan)
	}
	far := ""
	if more {
		far = w.at.cursor(w.plan)
	}
	if q.backward {
		reverse(list)
		near, far = far, near
	}
	take(list)
	return far, near, nil
}

// list returns up to limit records.
func (q *query) list(ctx context.Context, w *walk, limit int) (first position, more bool, list []any, err error) {
	defer func() { q.core.client.noteReturned(ctx, len(list)) }()
	if w.fans() {
		return w.gather(ctx, limit, q.selected)
	}
	if w.core.client.trip.short(limit) {
		first, more, list, err = w.apart(ctx, limit, q.selected)
		if !errors.Is(err, errGone) && !errors.Is(err, errTies) {
			return first, more, list, err
		}
	}
	list = make([]any, 0, min(limit, defaultPage))
	first, more, err = w.page(ctx, limit, func(v *values) error {
		record, err := q.core.decodeRow(v, q.selected)
		list = append(list, record)
		return err
	})
	return first, more, list, err
}

func reverse(list []any) {
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
}

// forward returns a walk for what goes through all records.
func (q *query) forward(ctx context.Context, what string, moved []int) (*walk, error) {
	if q.backward {
		return nil, errBackward
	}
	return q.begin(ctx, what, moved)
}

// all hands the records to yield, until it returns false.
func (q *query) all(ctx context.Context, yield func(any) bool) error {
	var w *walk
	for left := q.limit; ; {
		limit := defaultPage
		if q.limited {
			limit = min(limit, left)
		}
		more, list, err := q.nextRows(ctx, &w, limit)
		if err != nil {
			return err
		}
		for _, v := range list {
			if !yield(v) {
				return nil
			}
		}
		if left -= len(list); !more || left == 0 {
			return nil
		}
	}
}

// nextRows reads up to limit records for all, an operation of its own; the first of them
// makes the walk.
func (q *query) nextRows(ctx context.Context, w **walk, limit int) (more bool, list []any, err error) {
	ctx, o := q.core.observe(ctx, "All")
	defer o.end(&err)
	if *w == nil {
		*w, err = q.forward(ctx, findRows, nil)
	}
	if err == nil {
		_, more, list, err = q.list(ctx, *w, limit)
	}
	return more, list, q.fail("All", err)
}

// ids hands the ids of the records to each, until it returns false.
func (q *query) ids(ctx context.Context, each func(string) (bool, error)) error {
	var w *walk
	for left := q.limit; ; {
		limit := mostExamined
		if q.limited {
			limit = min(limit, left)
		}
		ids, more, err := q.nextIDs(ctx, &w, limit)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if ok, err := each(id); !ok {
				return q.fail("IDs", err)
			}
		}
		if left -= len(ids); !more || left == 0 {
			return nil
		}
	}
}

// nextIDs reads up to limit ids for ids, as nextRows reads records.
func (q *query) nextIDs(ctx context.Context, w **walk, limit int) (ids []string, more bool, err error) {
	ctx, o := q.core.observe(ctx, "IDs")
	defer o.end(&err)
	if *w == nil {
		*w, err = q.forward(ctx, findIDs, nil)
	}
	if err == nil {
		ids, more, err = (*w).ids(ctx, limit)
	}
	return ids, more, q.fail("IDs", err)
}

// ids returns the ids of one page.
func (w *walk) ids(ctx context.Context, limit int) (ids []string, more bool, err error) {
	defer func() { w.core.client.noteReturned(ctx, len(ids)) }()
	if w.fans() {
		marks, more, err := w.fanned().take(ctx, limit)
		for _, m := range marks {
			ids = append(ids, m.id)
		}
		return ids, more, err
	}
	_, more, err = w.page(ctx, limit, func(v *values) error {
		id, _, err := v.next()
		ids = append(ids, id)
		if err == nil && w.what == findPlan {
			err = v.skip(2) // where it stands
		}
		return err
	})
	return ids, more, err
}

func (q *query) first(ctx context.Context) (_ any, failed error) {
	ctx, o := q.core.observe(ctx, "First")
	defer o.end(&failed)
	list, err := q.some(ctx, "First", 1)
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

func (q *query) one(ctx context.Context) (_ any, failed error) {
	ctx, o := q.core.observe(ctx, "One")
	defer o.end(&failed)
	list, err := q.some(ctx, "One", 2)
	if err == nil && len(list) > 1 {
		err = q.fail("One", ErrMultiple)
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// some returns the first records, at least one.
func (q *query) some(ctx context.Context, op string, n int) ([]any, error) {
	w, err := q.forward(ctx, findRows, nil)
	var list []any
	if err == nil {
		_, _, list, err = q.list(ctx, w, n)
	}
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, q.fail(op, err)
	}
	return list, nil
}

func (q *query) exists(ctx context.Context) (_ bool, failed error) {
	ctx, o := q.core.observe(ctx, "Query.Exists")
	defer o.end(&failed)
	w, err := q.forward(ctx, findIDs, nil)
	var ids []string
	if err == nil {
		ids, _, err = w.ids(ctx, 1)
	}
	if err != nil {
		return false, q.fail("Exists", err)
	}
	return len(ids) > 0, nil
}
