package repo

import (
	"context"
	"iter"
)

// Query asks for records of one entity; T is a pointer to its struct and K the
// type of its key. Its methods that return a Query return a changed copy, so a
// query can be kept and used many times, by many goroutines.
//
// Indexes find records that may meet the conditions, of several the one with
// the fewest, and the rest is checked on the server, some hundreds of records a
// call, so that no call holds the server for long. A query that no index narrows
// walks all records: [Query.Explain] says so and [Query.RequireIndex] forbids it.
type Query[T any, K comparable] struct {
	q      *query
	entity *Entity[T, K]
}

// QueryOf is a [Query] for records of type T, whatever their key.
type QueryOf[T any] interface{ plain(T) *query }

func (q *Query[T, K]) plain(T) *query { return q.q }

// queryOf returns what core takes of a query.
func queryOf[T any](q QueryOf[T]) *query {
	var none T
	return q.plain(none)
}

// Page is a page of records and the cursors of its neighbours.
type Page[T any] struct {
	Items []T
	Next  string // cursor for [Query.After]; empty on the last page
	Prev  string // cursor for [Query.Before]; empty if the page begins where the query does
}

// OrderBy gives the records an order; records without the field are left out.
// Without OrderBy the order is that of the index that answers the query.
func (q *Query[T, K]) OrderBy(order Order[T]) *Query[T, K] {
	return &Query[T, K]{q.q.with(func(q *query) { q.order = orZero(order.o) }), q.entity}
}

// Limit bounds how many records Page returns, 100 by default and 1000 at most,
// and how many All, IDs, Delete and Patch go through, without bound by default.
func (q *Query[T, K]) Limit(n int) *Query[T, K] {
	return &Query[T, K]{q.q.with(func(q *query) { q.limit, q.limited = n, true }), q.entity}
}

// After has the query begin behind an earlier page. An empty cursor is the
// beginning. A cursor belongs to its query: one with other conditions or another
// order fails with [ErrCursor]; the limit may change.
func (q *Query[T, K]) After(cursor string) *Query[T, K] {
	return &Query[T, K]{q.q.with(func(q *query) { q.cursor, q.backward = cursor, false }), q.entity}
}

// Before has Page return the records that come before a page. An empty cursor is
// the end: the page is the last one.
func (q *Query[T, K]) Before(cursor string) *Query[T, K] {
	return &Query[T, K]{q.q.with(func(q *query) { q.cursor, q.backward = cursor, true }), q.entity}
}

// Select has only some fields read; the others, but for the key, are left zero.
// Such a record is for reading: to save it would remove what was not read.
//
//go:noinline
func (q *Query[T, K]) Select(fields ...FieldOf[T]) *Query[T, K] {
	var none T
	return &Query[T, K]{q.q.with(func(q *query) {
		q.selected = make([]bool, len(q.core.info.fields))
		for _, f := range fields {
			q.selected[f.column(none)] = true
		}
	}), q.entity}
}

// RequireIndex has the query fail with [ErrNoIndex], before anything is sent,
// if no index narrows its conditions, or none that has the order asked for.
// [Config.RequireIndex] says so for all queries.
func (q *Query[T, K]) RequireIndex() *Query[T, K] {
	return &Query[T, K]{q.q.with(func(q *query) { q.indexed = true }), q.entity}
}

// OnProgress has Delete and Patch call f after each batch.
func (q *Query[T, K]) OnProgress(f func(Progress)) *Query[T, K] {
	return &Query[T, K]{q.q.with(func(q *query) { q.progress = f }), q.entity}
}

// Page returns the records of one page; one round trip for up to 250 records if
// few have to be looked at for each that is returned, else one for each 400 or so
// looked at. Where round trips are short it is two, and a record that changes
// between them is returned as it is then: see [Config.RoundTrip].
//
// Records that are inserted, deleted or moved between two pages neither repeat
// nor hide those that stay in place.
//
//go:noinline
func (q *Query[T, K]) Page(ctx context.Context) (Page[T], error) {
	var page Page[T]
	var err error
	page.Next, page.Prev, err = q.q.page(ctx, func(list []any) { page.Items = typedList[T](list) })
	return page, err
}

// typedList returns records with their type. Not inlined, for the reason that
// fields.go gives.
//
//go:noinline
func typedList[T any](list []any) []T {
	items := make([]T, len(list))
	for i, v := range list {
		items[i] = v.(T)
	}
	return items
}

// All yields the records one by one, in pages of 100, in constant memory. Each
// page is read as Page reads it. An error is yielded once, and is the last.
//
//go:noinline
func (q *Query[T, K]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err := q.q.all(ctx, func(v any) bool { return yield(v.(T), nil) }); err != nil {
			var none T
			yield(none, err)
		}
	}
}

// IDs yields the keys of the records as All yields the records, up to 500 a
// round trip; no record is read unless a condition needs it.
//
//go:noinline
func (q *Query[T, K]) IDs(ctx context.Context) iter.Seq2[K, error] {
	return func(yield func(K, error) bool) {
		var none K
		err := q.q.ids(ctx, func(id string) (bool, error) {
			key, err := q.entity.Parse(id)
			return err == nil && yield(key, nil), err
		})
		if err != nil {
			yield(none, err)
		}
	}
}

// First returns the first record, or [ErrNotFound].
func (q *Query[T, K]) First(ctx context.Context) (T, error) { return typed[T](q.q.first(ctx)) }

// One returns the only record: [ErrNotFound] if there is none, [ErrMultiple] if
// there are several.
func (q *Query[T, K]) One(ctx context.Context) (T, error) { return typed[T](q.q.one(ctx)) }

// Exists tells whether any record meets the conditions.
func (q *Query[T, K]) Exists(ctx context.Context) (bool, error) { return q.q.exists(ctx) }

// Count returns how many records meet the conditions, regardless of limit and
// cursor. If indexes answer all conditions it is one round trip, whatever the
// number; more if many records have expired since the last sweep. Else every
// record that an index finds is looked at, up to 500 a round trip.
func (q *Query[T, K]) Count(ctx context.Context) (int64, error) { return q.q.count(ctx) }

// Explain runs the query's first page and returns how it was answered.
//
//go:noinline
func (q *Query[T, K]) Explain(ctx context.Context) (Explanation, error) { return q.q.explain(ctx) }

// Delete removes the records that meet the conditions, in batches of 100, or of
// fewer the more indexes the entity has, two round trips each. A record that has
// ceased to meet them when its turn comes stays. With Limit and OrderBy it removes
// only the first.
//
// If it fails, Progress has the cursor from which After goes on.
//
//go:noinline
func (q *Query[T, K]) Delete(ctx context.Context) (Progress, error) {
	return q.q.bulk(ctx, "Delete", opDelete, nil)
}

// Patch changes the records that meet the conditions, as [Repository.Patch] does
// each, in batches as those of Delete. A record that has ceased to meet them when
// its turn comes stays as it is, and none is changed twice. An order by a field
// that is changed is refused, and indexes in the order of such a field are not
// used.
//
// If it fails, Progress has the cursor from which After goes on, which is with the
// batch that failed: after [ErrUncertain] an Add may take effect twice. With the
// retry option of the entity, a batch whose reply is lost is sent again and
// recognised, so that there is rarely such an error. Records that cannot be
// changed, because of a unique value for one, fail the batch they are in with a
// [*ManyError], whose other records are changed; going on skips them.
//
//go:noinline
func (q *Query[T, K]) Patch(ctx context.Context, changes ...Change[T]) (Progress, error) {
	return q.q.bulk(ctx, "Patch", opPatch, plainChanges(changes))
}
