package repo

import (
	"context"
	"slices"
	"strconv"
)

// everyone returns the query for all records that it finds, from the beginning.
func (q *query) everyone() *query {
	return q.with(func(q *query) { q.cursor, q.backward, q.limit, q.limited = "", false, 0, false })
}

func (q *query) count(ctx context.Context) (_ int64, failed error) {
	ctx, o := q.core.observe(ctx, "Count")
	defer o.end(&failed)
	w, err := q.everyone().begin(ctx, findCount, nil)
	if err != nil {
		return 0, q.fail("Count", err)
	}
	if sources := w.plan.countable(); sources != nil {
		for group := range w.plan.groups {
			w.noteIndex(ctx, group, 1)
		}
		n, err := q.core.countSources(ctx, w.shards, sources)
		return n, q.fail("Count", err)
	}
	var n int64
	err = w.tally(ctx, func(f *found) error {
		text, _, err := f.values.next()
		if err != nil {
			return err
		}
		more, err := strconv.ParseInt(text, 10, 64)
		n += more
		return err
	})
	return n, q.fail("Count", err)
}

// countable returns the sources whose entries are just the records that meet
// the conditions, each once; nil if there are none such.
func (p *plan) countable() []source {
	var sources []source
	for _, group := range p.groups {
		a := group[0]
		if len(group) > 1 || len(a.rest) > 0 || !a.disjoint || a.order.by == "value" || a.sort.by != "" {
			return nil
		}
		sources = append(sources, a.sources...)
	}
	return sources
}

// mostCounted is how many parts of indexes one call counts at most.
const mostCounted = 500

// countSources counts the entries of indexes in some shards. Of an entity that
// expires, what is due is released first.
func (c *core) countSources(ctx context.Context, shards []int, sources []source) (n int64, err error) {
	var calls []*call
	for _, shard := range shards {
		for some := range slices.Chunk(sources, mostCounted) {
			calls = append(calls, c.countCall(c.spaces[shard], some))
		}
	}
	for len(calls) > 0 {
		replies, errs := c.client.sendAll(ctx, calls)
		c.client.stats.add(0, 0, 0)
		var again []*call
		for i, err := range errs {
			var more int64
			if err == nil {
				more, err = parseInt(replies[i])
			}
			switch {
			case err != nil:
				return 0, err
			case more < 0: // much has expired
				again = append(again, calls[i])
			default:
				n += more
			}
		}
		calls = again
	}
	return n, nil
}

func (c *core) countCall(at space, sources []source) *call {
	if len(sources) == 1 && !c.info.expires {
		return c.countOne(at, sources[0])
	}
	home := string(at) + "a"
	args := newArgs(2+4*len(sources), home)
	args.add(string(at), "")
	if c.info.expires {
		args.strs[1] = strconv.Itoa(sweepStep)
	}
	for _, s := range sources {
		args.add(s.key, s.by, s.low, s.high)
	}
	return &call{place: c.placing, script: countScript, keys: []string{home}, args: args.args}
}

// countOne returns the call that counts the entries of a part of an index of an
// entity that does not expire.
func (c *core) countOne(at space, s source) *call {
	args := []any{"zcount", string(at) + s.key, s.low, s.high}
	if s == everything(s.key, s.by) {
		args = []any{"zcard", args[1]}
	} else if s.by == "lex" {
		args[0] = "zlexcount"
	}
	return &call{place: c.placing, args: args}
}

// tally goes through everything that a walk finds and hands each reply to take.
func (w *walk) tally(ctx context.Context, take func(*found) error) error {
	if w.fans() {
		return w.each(ctx, take)
	}
	for !w.ended() {
		f, err := w.call(ctx, mostExamined)
		if err != nil {
			return err
		}
		if err := take(f); err != nil {
			return err
		}
		if !f.more {
			w.turn()
		}
	}
	return nil
}

// countBy returns how many records a query finds for each value of a field, or
// element of a slice.
func countBy[V any](ctx context.Context, q *query, field int, get func(*Reader) V) ([]Group[V], error) {
	var groups []Group[V]
	err := q.groups(ctx, field, func(value string, n int64) error {
		r := Reader{info: q.core.info, values: values{bulkReply(value)}, at: field}
		groups = append(groups, Group[V]{get(&r), n})
		return r.err
	})
	return groups, err
}

// bulkReply returns a value as Redis replies with it.
func bulkReply(value string) string {
	return "$" + strconv.Itoa(len(value)) + "\r\n" + value + "\r\n"
}

// groups hands each value of a field and the number of records that have it to
// each.
func (q *query) groups(ctx context.Context, field int, each func(string, int64) error) (failed error) {
	ctx, o := q.core.observe(ctx, "CountBy")
	defer o.end(&failed)
	w, err := q.everyone().begin(ctx, findGroup, nil)
	if err != nil {
		return q.fail("CountBy", err)
	}
	w.groupBy(field)
	counts := map[string]int64{}
	var order []string
	err = w.tally(ctx, func(f *found) error {
		for range f.parts / 2 {
			value, _, err := f.values.next()
			if err != nil {
				return err
			}
			n, err := f.values.someInts(1)
			if err != nil {
				return err
			}
			if counts[value] == 0 {
				order = append(order, value)
			}
			counts[value] += n[0]
		}
		return nil
	})
	for _, value := range order {
		if err == nil {
			err = each(value, counts[value])
		}
	}
	return q.fail("CountBy", err)
}

// groupBy has a walk count by a field.
func (w *walk) groupBy(field int) {
	info := w.core.info
	kind := ""
	if _, ok := info.indexOf(field, func(ix Index) bool { return ix.Each }); ok {
		kind = "each"
	}
	names := filter{info: info, names: make([]string, len(w.plan.names))}
	seen, plain := names.field(field)
	for _, name := range names.names[len(w.plan.names):] {
		w.plan.names = append(w.plan.names, name)
	}
	w.tail = []any{kind, seen, plain}
}

// extreme returns the value of a field in the first record of a query in an
// order by that field.
func extreme[V any](ctx context.Context, q *query, op string, o order, get func(*Reader) V) (V, error) {
	value, err := q.firstValue(ctx, op, o)
	var none V
	if err != nil {
		return none, err
	}
	r := Reader{info: q.core.info, values: values{bulkReply(value)}, at: o.field}
	v := get(&r)
	if r.err != nil {
		return none, q.fail(op, r.err)
	}
	return v, nil
}

// firstValue returns the stored value of the field that gives the order in the
// first record.
func (q *query) firstValue(ctx context.Context, op string, by order) (value string, err error) {
	ctx, o := q.core.observe(ctx, op)
	defer o.end(&err)
	w, err := q.everyone().with(func(q *query) { q.order = by }).begin(ctx, findRows, nil)
	if err != nil {
		return "", q.fail(op, err)
	}
	if w.fans() {
		value, err = w.gatherValue(ctx, by.field)
		return value, q.fail(op, err)
	}
	info, ok := q.core.info, false
	w.tail = []any{"1", info.fields[info.key].Name, info.fields[by.field].Name}
	_, _, err = w.page(ctx, 1, func(v *values) error {
		if n, err := v.array(); err != nil || n != 2 {
			return errReply
		}
		if err := v.skip(1); err != nil {
			return err
		}
		value, ok, err = v.next()
		return err
	})
	if err == nil && !ok {
		err = ErrNotFound
	}
	return value, q.fail(op, err)
}
