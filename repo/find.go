package repo

import (
	"context"
	"slices"
	"strings"
)

// What one call of the query script does at most, so that it holds the server
// for no more than about a millisecond.
const (
	mostRows     = 250 // records returned
	mostExamined = 500 // entries looked at
)

// What the query script returns.
const (
	findRows  = "rows"
	findIDs   = "ids"
	findCount = "count"
	findGroup = "group"
	findMarks = "marks" // ids, and where they stand
	findPlan  = "plan"  // marks, and the estimate even if there is no choice
)

// walk goes through what a plan finds, a call at a time.
type walk struct {
	core     *core
	plan     *plan
	what     string
	tail     []any // what the script is told of what to return
	at       position
	backward bool
	trace    trace
	space    space // of the shard
	shards   []int // those that are asked
	fan      *fan  // and what reads them
}

// trace is what a walk has met.
type trace struct {
	groups                             []choice
	examined, returned, missing, calls int64
}

// choice is the way that was taken to the records of a group, and the estimate
// of its entries.
type choice struct {
	alternative int // from 1
	estimate    int64
}

// found is what one call of the script found.
type found struct {
	n           int    // records
	values      values // n replies, of group more
	parts       int
	first, last position // of the records, and of what was looked at
	examined    int64
	more        bool
}

// newWalk returns a walk through shards that begins at a position.
func (c *core) newWalk(p *plan, what string, at position, backward bool, shards []int) *walk {
	return &walk{core: c, plan: p, what: what, at: at.turned(backward), backward: backward, space: c.spaces[shards[0]], shards: shards}
}

// ended tells whether there is nothing left to go through.
func (w *walk) ended() bool {
	return w.at.group < 0 || w.at.group >= len(w.plan.groups)
}

// page hands up to limit records to each and returns where the first of them
// and the last entry looked at are, and whether there are more.
func (w *walk) page(ctx context.Context, limit int, each func(*values) error) (first position, more bool, err error) {
	got, most := false, mostExamined
	if w.what == findRows {
		most = mostRows
	}
	for left := limit; !w.ended(); {
		f, err := w.call(ctx, min(left, most))
		if err != nil {
			return first, false, err
		}
		if !got && f.n > 0 {
			first, got = f.first, true
		}
		for range f.n {
			if err := each(&f.values); err != nil {
				return first, false, err
			}
		}
		left -= f.n
		switch {
		case left == 0 && f.more:
			return first, true, nil
		case !f.more:
			w.turn()
		}
	}
	return first, false, nil
}

// turn goes on to the next group.
func (w *walk) turn() {
	w.at = position{shard: w.at.shard, group: w.at.group, behind: !w.backward}.turned(w.backward)
}

// call does one call of the script and moves the walk behind what it looked at.
func (w *walk) call(ctx context.Context, limit int) (*found, error) {
	reply, err := w.core.client.do(ctx, w.request(limit))
	return w.accept(ctx, reply, err)
}

// fans tells whether several shards are asked.
func (w *walk) fans() bool { return len(w.shards) > 1 }

// request returns the next call.
func (w *walk) request(limit int) *call {
	home := string(w.space) + "a"
	return &call{place: w.core.placing, script: findScript, keys: []string{home}, args: w.arguments(home, limit)}
}

// accept takes the reply to a call.
func (w *walk) accept(ctx context.Context, reply string, err error) (*found, error) {
	if err != nil {
		return nil, err
	}
	f, err := w.parse(ctx, reply)
	if err != nil {
		return nil, err
	}
	if f.examined > 0 {
		w.at = f.last
	}
	return f, nil
}

func (w *walk) arguments(home string, limit int) []any {
	group := w.plan.groups[w.at.group]
	n := 16 + len(w.plan.names)
	for i := range group {
		n += 2 + len(group[i].how) + len(group[i].conditions) + 4*len(group[i].sources)
	}
	args := newArgs(n, home)
	reverse, skip, expires := "", "", ""
	if w.plan.reverse != w.backward {
		reverse = "1"
	}
	if w.at.behind != w.backward {
		skip = "1"
	}
	if w.core.info.expires {
		expires = "1"
	}
	args.add(string(w.space), w.what, reverse, w.at.score, w.at.member, skip)
	args.addInt(limit)
	args.addInt(mostExamined)
	args.add(expires)
	args.addInt(w.at.alternative)
	args.addInt(len(w.plan.names))
	args.args = append(args.args, w.plan.names...)
	args.addInt(len(group))
	for i := range group {
		group[i].arguments(args)
	}
	return append(args.args, w.tail...)
}

// parse reads the reply of the script.
func (w *walk) parse(ctx context.Context, reply string) (*found, error) {
	f := &found{values: values{reply}}
	parts, err := f.values.array()
	if err != nil || parts < 9 {
		return nil, errReply
	}
	numbers, err := f.values.someInts(5)
	if err != nil {
		return nil, err
	}
	var text [4]string
	for i := range text {
		if text[i], _, err = f.values.next(); err != nil {
			return nil, err
		}
	}
	f.parts = parts - 9
	f.n = f.parts
	switch w.what {
	case findGroup, findCount:
		f.n = 0
	case findMarks, findPlan:
		f.n = f.parts / 3
	}
	f.more, f.examined = numbers[0] == 1, numbers[3]
	at := position{shard: w.at.shard, group: w.at.group}
	if !w.plan.ordered {
		at.alternative = int(numbers[1])
	}
	f.first, f.last = at, at
	f.first.behind, f.first.score, f.first.member = w.backward, text[0], text[1]
	f.last.behind, f.last.score, f.last.member = !w.backward, text[2], text[3]
	w.trace.add(w.at.group, numbers, f.n)
	w.core.client.stats.add(numbers[3], int64(f.n), numbers[4])
	w.noteExamined(ctx, int(numbers[1]), numbers[3], numbers[4])
	return f, nil
}

// add adds what a call did.
func (t *trace) add(group int, numbers []int64, n int) {
	for len(t.groups) <= group {
		t.groups = append(t.groups, choice{})
	}
	if t.groups[group].alternative == 0 {
		t.groups[group] = choice{int(numbers[1]), numbers[2]}
	}
	t.examined += numbers[3]
	t.missing += numbers[4]
	t.returned += int64(n)
	t.calls++
}

// rowsOf returns what has the script return records: all of their fields, or
// those that are selected.
func (c *core) rowsOf(selected []bool) []any {
	if selected == nil {
		return c.rows
	}
	tail := []any{"1"}
	for _, i := range c.picked(selected) {
		tail = append(tail, c.read[i])
	}
	return tail
}

// picked returns the fields that are read of a record: those of the key, whose first
// one tells whether there is a record, and those that are selected.
func (c *core) picked(selected []bool) []int {
	fields := slices.Clone(c.info.keys)
	for i, is := range selected {
		if is && !slices.Contains(c.info.keys, i) {
			fields = append(fields, i)
		}
	}
	return fields
}

// decodeRow decodes the next of many records. Its strings share no memory with
// the others, so that keeping one does not keep all.
func (c *core) decodeRow(v *values, selected []bool) (any, error) {
	fields, err := v.array()
	if err != nil {
		return nil, errReply
	}
	from := *v
	if err := v.skip(fields); err != nil {
		return nil, err
	}
	own := strings.Clone(from.data[:len(from.data)-len(v.data)])
	if selected != nil {
		if own, err = c.spread(own, selected); err != nil {
			return nil, err
		}
	} else if fields != len(c.read) {
		return nil, errReply
	}
	return c.decodeValues(values{own})
}

// spread puts the values of selected fields where a whole record has them.
func (c *core) spread(data string, selected []bool) (string, error) {
	parts := make([]string, len(c.read))
	for i := range parts {
		parts[i] = nothing
	}
	v := values{data}
	for _, i := range c.picked(selected) {
		before := v.data
		if err := v.skip(1); err != nil {
			return "", err
		}
		parts[i] = before[:len(before)-len(v.data)]
	}
	return strings.Join(parts, ""), nil
}
