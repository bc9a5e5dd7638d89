package repo

import (
	"context"
	"iter"
)

// Query asks for records of one entity; T is a pointer to its struct. Its
// methods return changed copies, so a query can be kept and used many times,
// by many goroutines.
//
// A query is answered by one index: by equality on all of its fields, or by a
// range of its order. What no index answers fails with [ErrNoIndex], which
// names the index that would.
type Query[T any] struct{ q *query }

// Page is a page of records and the cursor of the next.
type Page[T any] struct {
	Items []T
	Next  string // cursor for [Query.After]; empty on the last page
}

// OrderBy gives the records an order; records without the field are left out,
// unless the index is one by equality, where they come first. Without OrderBy
// the order is that of the index: its order field, else the id.
func (q Query[T]) OrderBy(order Order[T]) Query[T] {
	return Query[T]{q.q.orderBy(order.o)}
}

// Limit bounds how many records Page returns, 100 by default and 1000 at most,
// and how many All yields, without bound by default.
func (q Query[T]) Limit(n int) Query[T] {
	return Query[T]{q.q.limitTo(n)}
}

// After has Page and All begin behind an earlier page of the same query. An
// empty cursor is the beginning.
func (q Query[T]) After(cursor string) Query[T] {
	return Query[T]{q.q.after(cursor)}
}

// Page returns the records of one page; one round trip. Records that are
// inserted, deleted or moved between two pages neither repeat nor hide those
// that stay in place.
func (q Query[T]) Page(ctx context.Context) (Page[T], error) {
	page := Page[T]{Items: make([]T, 0, q.q.pageSize())}
	var err error
	page.Next, err = q.q.onePage(ctx, func(v any) { page.Items = append(page.Items, v.(T)) })
	return page, err
}

// All yields the records one by one, in pages of 100, in constant memory. An
// error is yielded once, and is the last.
func (q Query[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err := q.q.all(ctx, func(v any) bool { return yield(v.(T), nil) }); err != nil {
			var none T
			yield(none, err)
		}
	}
}

// First returns the first record, or [ErrNotFound]. One round trip.
func (q Query[T]) First(ctx context.Context) (T, error) { return typed[T](q.q.first(ctx)) }

// Count returns how many records meet the conditions, regardless of limit and
// cursor. One round trip, whatever the number; more if many records have
// expired since the last sweep.
func (q Query[T]) Count(ctx context.Context) (int64, error) { return q.q.count(ctx) }
