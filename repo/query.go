package repo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
)

// Sizes of pages.
const (
	defaultPage = 100
	maxPage     = 1000
	// spare is how many entries without a record a page call looks at beyond
	// its limit before it answers with what it has.
	spare = 200
)

// errLimit is what a bad limit leads to.
var errLimit = fmt.Errorf("limit must be from 1 to %d", maxPage)

// Query asks for records of one entity. Its methods return changed copies, so
// a query can be kept and used many times, by many goroutines.
//
// A query is answered by one index: by equality on all of its fields, or by a
// range of its order. What no index answers fails with [ErrNoIndex], which
// names the index that would.
type Query[T any] struct {
	source  *source[T]
	where   []Predicate[T]
	order   *Order[T]
	limit   int
	cursor  string
	problem error
}

// source is what a query needs of a repository.
type source[T any] struct {
	client *Client
	info   *entityInfo
	space  space
	read   []any
	decode func(values) (*T, error)
	unique func(ctx context.Context, p *plan) (*T, error)
}

// Page is a page of records and the cursor of the next.
type Page[T any] struct {
	Items []*T
	Next  string // cursor for [Query.After]; empty on the last page
}

// Where returns the query for records that meet all conditions; without any,
// for all records.
func (r *Repository[T, K]) Where(conditions ...Predicate[T]) Query[T] {
	return Query[T]{
		source: &source[T]{client: r.client, info: r.info, space: r.space, read: r.read, decode: r.decodeValues, unique: r.getPlanned},
		where:  conditions,
	}
}

// OrderBy gives the records an order; records without the field are left out,
// unless the index is one by equality, where they come first. Without OrderBy
// the order is that of the index: its order field, else the id.
func (q Query[T]) OrderBy(order Order[T]) Query[T] {
	q.order = &order
	return q
}

// Limit bounds how many records Page returns, 100 by default and 1000 at most,
// and how many All yields, without bound by default.
func (q Query[T]) Limit(n int) Query[T] {
	q.limit = n
	if n < 1 {
		q.problem = errLimit
	}
	return q
}

// After has Page and All begin behind an earlier page of the same query. An
// empty cursor is the beginning.
func (q Query[T]) After(cursor string) Query[T] {
	q.cursor = cursor
	return q
}

// Page returns the records of one page; one round trip. Records that are
// inserted, deleted or moved between two pages neither repeat nor hide those
// that stay in place.
func (q Query[T]) Page(ctx context.Context) (Page[T], error) {
	p, at, err := q.plan()
	if err == nil && q.limit > maxPage {
		err = errLimit
	}
	if err != nil {
		return Page[T]{}, q.fail("Page", err)
	}
	limit := q.limit
	if limit == 0 {
		limit = defaultPage
	}
	page, err := q.page(ctx, p, at, limit)
	return page, q.fail("Page", err)
}

// All yields the records one by one, in pages of 100, in constant memory. An
// error is yielded once, and is the last.
func (q Query[T]) All(ctx context.Context) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		p, at, err := q.plan()
		if err != nil {
			yield(nil, q.fail("All", err))
			return
		}
		left := q.limit
		for {
			limit := defaultPage
			if q.limit > 0 {
				limit = min(limit, left)
			}
			page, err := q.page(ctx, p, at, limit)
			for _, v := range page.Items {
				if !yield(v, nil) {
					return
				}
			}
			if err != nil {
				yield(nil, q.fail("All", err))
				return
			}
			left -= len(page.Items)
			if page.Next == "" || q.limit > 0 && left <= 0 {
				return
			}
			if at, err = parseCursor(page.Next, p); err != nil {
				yield(nil, q.fail("All", err))
				return
			}
		}
	}
}

// First returns the first record, or [ErrNotFound]. One round trip.
func (q Query[T]) First(ctx context.Context) (*T, error) {
	page, err := q.Limit(1).Page(ctx)
	if err != nil {
		return nil, err
	}
	if len(page.Items) == 0 {
		return nil, q.fail("First", ErrNotFound)
	}
	return page.Items[0], nil
}

// Count returns how many records meet the conditions, regardless of limit and
// cursor. One round trip, whatever the number; more if many records have
// expired since the last sweep.
func (q Query[T]) Count(ctx context.Context) (int64, error) {
	p, _, err := q.plan()
	if err != nil {
		return 0, q.fail("Count", err)
	}
	if p.index.Kind == IndexUnique {
		_, err := q.source.unique(ctx, p)
		if errors.Is(err, ErrNotFound) {
			return 0, nil
		}
		return 1, err
	}
	args := newArgs(5)
	args.add(string(q.source.space), p.by, p.low, p.high)
	if q.source.info.expires {
		args.addInt(sweepStep)
	} else {
		args.add("")
	}
	for {
		reply, err := q.source.client.do(ctx, &call{script: countScript, keys: []string{p.key}, args: args.args})
		if err != nil {
			return 0, q.fail("Count", err)
		}
		n, err := parseInt(reply)
		if err != nil || n >= 0 {
			return n, q.fail("Count", err)
		}
	}
}

// plan returns how the query is answered, and where it begins.
func (q Query[T]) plan() (*plan, position, error) {
	if q.problem != nil {
		return nil, position{}, q.problem
	}
	info := q.source.info
	conditions := make([]condition, len(q.where))
	for i, predicate := range q.where {
		var err error
		if conditions[i], err = predicate.condition(info); err != nil {
			return nil, position{}, err
		}
	}
	order, reverse := -1, false
	if q.order != nil {
		order, reverse = q.order.field, q.order.reverse
	}
	p, err := planQuery(info, q.source.space, conditions, order, reverse)
	if err != nil {
		return nil, position{}, err
	}
	at, err := parseCursor(q.cursor, p)
	return p, at, err
}

func (q Query[T]) fail(op string, err error) error {
	var record *RecordError
	if errors.As(err, &record) {
		return err
	}
	return q.source.info.recordError(op, "", err)
}

// page returns up to limit records behind a position.
func (q Query[T]) page(ctx context.Context, p *plan, at position, limit int) (Page[T], error) {
	if p.index.Kind == IndexUnique {
		return q.uniquePage(ctx, p)
	}
	page := Page[T]{Items: make([]*T, 0, limit)}
	for {
		more, err := q.fetch(ctx, p, &at, limit-len(page.Items), &page)
		if err != nil {
			return page, err
		}
		if !more {
			return page, nil
		}
		if len(page.Items) == limit {
			page.Next = at.cursor(p)
			return page, nil
		}
	}
}

func (q Query[T]) uniquePage(ctx context.Context, p *plan) (Page[T], error) {
	v, err := q.source.unique(ctx, p)
	if errors.Is(err, ErrNotFound) {
		return Page[T]{}, nil
	}
	if err != nil {
		return Page[T]{}, err
	}
	return Page[T]{Items: []*T{v}}, nil
}

// fetch adds the records of one script call to page and moves at behind them.
func (q Query[T]) fetch(ctx context.Context, p *plan, at *position, limit int, page *Page[T]) (more bool, err error) {
	reverse, expires := "", ""
	if p.reverse {
		reverse = "1"
	}
	if q.source.info.expires {
		expires = "1"
	}
	args := newArgs(11 + len(q.source.read))
	args.add(string(q.source.space), p.by, p.low, p.high, reverse, at.score, at.member)
	args.addInt(limit)
	args.addInt(limit + spare)
	args.add(expires)
	args.addInt(q.source.info.key + 1)
	reply, err := q.source.client.do(ctx, &call{
		script: pageScript, keys: []string{p.key}, args: append(args.args, q.source.read...),
	})
	if err != nil {
		return false, err
	}
	return q.parse(reply, at, page)
}

func (q Query[T]) parse(reply string, at *position, page *Page[T]) (more bool, err error) {
	v := values{reply}
	n, err := v.array()
	if err != nil || n < 4 {
		return false, errReply
	}
	var head [4]string
	for i := range head {
		if head[i], _, err = v.next(); err != nil {
			return false, err
		}
	}
	at.score, at.member = head[1], head[2]
	for range n - 4 {
		rest := v
		fields, err := v.array()
		if err != nil || fields != len(q.source.read) {
			return false, errReply
		}
		one, err := q.source.record(rest, &v, fields)
		if err != nil {
			return false, err
		}
		page.Items = append(page.Items, one)
	}
	return head[0] == "1", nil
}

// record decodes one of many records. Its strings share no memory with the
// others, so that keeping one does not keep all.
func (s *source[T]) record(from values, v *values, fields int) (*T, error) {
	if err := v.skip(fields); err != nil {
		return nil, err
	}
	own := values{strings.Clone(from.data[:len(from.data)-len(v.data)])}
	if _, err := own.array(); err != nil {
		return nil, err
	}
	return s.decode(own)
}
