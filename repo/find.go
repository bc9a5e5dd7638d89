package repo

import (
	"context"
	"errors"
	"fmt"
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

// query is a Query whatever its records' Go type.
type query struct {
	core    *core
	where   []predicate
	order   order
	limit   int
	cursor  string
	problem error
}

// orderBy, limitTo and after return a changed copy. They are not inlined, for
// the reason that fields.go gives.
//
//go:noinline
func (q query) orderBy(o order) *query {
	q.order = o
	return &q
}

//go:noinline
func (q query) limitTo(n int) *query {
	q.limit = n
	if n < 1 {
		q.problem = errLimit
	}
	return &q
}

//go:noinline
func (q query) after(cursor string) *query {
	q.cursor = cursor
	return &q
}

// pageSize returns how many records a page has at most.
func (q *query) pageSize() int {
	if q.limit < 1 || q.limit > maxPage {
		return defaultPage
	}
	return q.limit
}

// onePage hands the records of one page to each and returns the cursor of the
// next.
func (q *query) onePage(ctx context.Context, each func(any)) (next string, err error) {
	p, at, err := q.plan()
	if err == nil && q.limit > maxPage {
		err = errLimit
	}
	if err == nil {
		next, err = q.page(ctx, p, at, q.pageSize(), each)
	}
	return next, q.fail("Page", err)
}

// all hands the records to yield, until it returns false.
func (q *query) all(ctx context.Context, yield func(any) bool) error {
	p, at, err := q.plan()
	if err != nil {
		return q.fail("All", err)
	}
	left := q.limit
	var page []any
	for {
		limit := defaultPage
		if q.limit > 0 {
			limit = min(limit, left)
		}
		page = page[:0]
		next, err := q.page(ctx, p, at, limit, func(v any) { page = append(page, v) })
		for _, v := range page {
			if !yield(v) {
				return nil
			}
		}
		if err != nil {
			return q.fail("All", err)
		}
		left -= len(page)
		if next == "" || q.limit > 0 && left <= 0 {
			return nil
		}
		if at, err = parseCursor(next, p); err != nil {
			return q.fail("All", err)
		}
	}
}

func (q *query) first(ctx context.Context) (any, error) {
	var first any
	_, err := q.limitTo(1).onePage(ctx, func(v any) { first = v })
	if err == nil && first == nil {
		err = q.fail("First", ErrNotFound)
	}
	return first, err
}

func (q *query) count(ctx context.Context) (int64, error) {
	p, _, err := q.plan()
	if err != nil {
		return 0, q.fail("Count", err)
	}
	if p.index.Kind == IndexUnique {
		_, err := q.core.getPlanned(ctx, p)
		if errors.Is(err, ErrNotFound) {
			return 0, nil
		}
		return 1, err
	}
	args := newArgs(5, p.key)
	args.add(string(q.core.space), p.by, p.low, p.high)
	if q.core.info.expires {
		args.addInt(sweepStep)
	} else {
		args.add("")
	}
	for {
		reply, err := q.core.client.do(ctx, &call{script: countScript, keys: []string{p.key}, args: args.args})
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
func (q *query) plan() (*plan, position, error) {
	if q.problem != nil {
		return nil, position{}, q.problem
	}
	info := q.core.info
	conditions := make([]condition, len(q.where))
	for i, predicate := range q.where {
		var err error
		if conditions[i], err = predicate.condition(info); err != nil {
			return nil, position{}, err
		}
	}
	order, reverse := -1, false
	if q.order.given {
		order, reverse = q.order.field, q.order.reverse
	}
	p, err := planQuery(info, q.core.space, conditions, order, reverse)
	if err != nil {
		return nil, position{}, err
	}
	at, err := parseCursor(q.cursor, p)
	return p, at, err
}

func (q *query) fail(op string, err error) error {
	var record *RecordError
	if errors.As(err, &record) {
		return err
	}
	return q.core.info.recordError(op, "", err)
}

// page hands up to limit records behind a position to each and returns the
// cursor of those that follow.
func (q *query) page(ctx context.Context, p *plan, at position, limit int, each func(any)) (next string, err error) {
	if p.index.Kind == IndexUnique {
		v, err := q.core.getPlanned(ctx, p)
		if errors.Is(err, ErrNotFound) {
			return "", nil
		}
		if err == nil {
			each(v)
		}
		return "", err
	}
	for {
		n, more, err := q.fetch(ctx, p, &at, limit, each)
		if err != nil || !more {
			return "", err
		}
		if limit -= n; limit == 0 {
			return at.cursor(p), nil
		}
	}
}

// fetch hands the records of one script call to each, moves at behind them,
// and returns their number.
func (q *query) fetch(ctx context.Context, p *plan, at *position, limit int, each func(any)) (n int, more bool, err error) {
	reverse, expires := "", ""
	if p.reverse {
		reverse = "1"
	}
	if q.core.info.expires {
		expires = "1"
	}
	args := newArgs(11+len(q.core.read), p.key)
	args.add(string(q.core.space), p.by, p.low, p.high, reverse, at.score, at.member)
	args.addInt(limit)
	args.addInt(limit + spare)
	args.add(expires)
	args.addInt(q.core.info.key + 1)
	reply, err := q.core.client.do(ctx, &call{
		script: pageScript, keys: []string{p.key}, args: append(args.args, q.core.read...),
	})
	if err != nil {
		return 0, false, err
	}
	return q.core.decodePage(reply, at, each)
}

// decodePage decodes the reply of the page script.
func (c *core) decodePage(reply string, at *position, each func(any)) (n int, more bool, err error) {
	v := values{reply}
	parts, err := v.array()
	if err != nil || parts < 4 {
		return 0, false, errReply
	}
	var head [4]string
	for i := range head {
		if head[i], _, err = v.next(); err != nil {
			return 0, false, err
		}
	}
	at.score, at.member = head[1], head[2]
	for ; n < parts-4; n++ {
		rest := v
		fields, err := v.array()
		if err != nil || fields != len(c.read) {
			return n, false, errReply
		}
		one, err := c.decodeOwn(rest, &v, fields)
		if err != nil {
			return n, false, err
		}
		each(one)
	}
	return n, head[0] == "1", nil
}

// decodeOwn decodes one of many records. Its strings share no memory with the
// others, so that keeping one does not keep all.
func (c *core) decodeOwn(from values, v *values, fields int) (any, error) {
	if err := v.skip(fields); err != nil {
		return nil, err
	}
	own := values{strings.Clone(from.data[:len(from.data)-len(v.data)])}
	if _, err := own.array(); err != nil {
		return nil, err
	}
	return c.decodeValues(own)
}
