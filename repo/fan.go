package repo

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
)

// A query of an entity with several shards asks those that its conditions leave,
// for ids and where they stand in the order: all in one pipeline. What they return
// is merged, and the records of the page are read by a second pipeline. Without an
// order one shard comes after the other, and a shard is asked when those before
// have no more.
//
// An order by score and member is the same in all shards, so that one position is
// a place in each of them, and a cursor is as long as that of one shard.

// mark is an id and where it stands.
type mark struct {
	id string
	at position
}

// fan reads the marks of several shards.
type fan struct {
	*walk
	walks  []*walk  // by shard
	heads  [][]mark // read and not yet taken, by shard
	quick  bool     // by plain commands, which do not see whether the records are there
	seen   int      // entries that plain commands have read
	ask    int      // how many shards are asked next, if there is no order
	rounds int      // pipelines sent
}

// newFan returns what reads the shards of a walk from where it is.
func newFan(w *walk) *fan {
	f := &fan{walk: w, ask: 1, heads: make([][]mark, len(w.shards))}
	for i, shard := range w.shards {
		one := &walk{core: w.core, plan: w.plan, what: findMarks, backward: w.backward, space: w.core.spaces[shard]}
		if w.what == findPlan {
			one.what = findPlan
		}
		switch {
		case w.plan.ordered, i == w.at.shard:
			one.at = w.at
		case (i < w.at.shard) != w.backward:
			one.at = position{group: -1} // it is done
		case w.backward:
			one.at = position{group: len(w.plan.groups)}.turned(true)
		}
		one.at.shard = i
		f.walks = append(f.walks, one)
	}
	return f
}

// take returns up to limit marks in the order of the query, and whether there are
// more.
func (f *fan) take(ctx context.Context, limit int) (list []mark, more bool, err error) {
	for len(list) < limit {
		shard, err := f.next(ctx, limit-len(list)+1)
		if err != nil || shard < 0 {
			return list, false, err
		}
		list = append(list, f.heads[shard][0])
		f.heads[shard] = f.heads[shard][1:]
		f.at = list[len(list)-1].at
		f.at.behind = !f.backward
	}
	shard, err := f.next(ctx, 1)
	return list, shard >= 0, err
}

// next returns the shard whose head comes next, -1 if there is none; left is how
// many marks are wanted in all.
func (f *fan) next(ctx context.Context, left int) (int, error) {
	for {
		var lacking []int
		shard := -1
		for i := range f.walks {
			if f.backward && !f.plan.ordered {
				i = len(f.walks) - 1 - i
			}
			switch {
			case len(f.heads[i]) == 0 && !f.walks[i].ended():
				lacking = append(lacking, i)
			case len(f.heads[i]) == 0:
			case shard < 0 && (f.plan.ordered || lacking == nil), shard >= 0 && f.plan.ordered && f.before(i, shard):
				shard = i
			}
		}
		switch {
		case shard >= 0 && (!f.plan.ordered || lacking == nil), lacking == nil:
			return shard, nil
		case f.plan.ordered: // as many as it has if the records are spread evenly, and some
			left = min(left, 2*left/len(f.walks)+8)
		default:
			lacking = lacking[:min(len(lacking), f.ask)]
			f.ask = min(2*f.ask, len(f.walks))
		}
		if err := f.fill(ctx, lacking, left); err != nil {
			return -1, err
		}
	}
}

// before tells whether the head of shard i comes before that of shard j.
func (f *fan) before(i, j int) bool {
	a, b := f.heads[i][0].at, f.heads[j][0].at
	x, _ := strconv.ParseFloat(a.score, 64)
	y, _ := strconv.ParseFloat(b.score, 64)
	order := cmp.Or(cmp.Compare(x, y), cmp.Compare(a.member, b.member))
	return order != 0 && (order < 0) != (f.plan.reverse != f.backward)
}

// fill reads up to n marks of each of some shards.
func (f *fan) fill(ctx context.Context, shards []int, n int) error {
	calls, rooms, quick := make([]*call, len(shards)), make([]int, len(shards)), f.quick
	for i, shard := range shards {
		if one := f.walks[shard]; quick {
			calls[i], rooms[i] = one.plainCall(n)
		} else {
			calls[i] = one.request(n)
		}
	}
	f.rounds++
	f.core.client.stats.calls.Add(int64(1 - len(shards))) // each reply counts one
	replies, errs := f.core.client.sendAll(ctx, calls)
	for i, shard := range shards {
		var list []mark
		one, err := f.walks[shard], errs[i]
		if err == nil && quick {
			list, err = one.plainMarks(replies[i], n, rooms[i])
			f.seen += len(list)
			f.noteExamined(ctx, 1, int64(len(list)), 0)
		} else if err == nil {
			list, err = one.marks(ctx, replies[i])
		}
		switch {
		case errors.Is(err, errTies):
			f.quick = false // the script steps over them
		case err != nil:
			return err
		}
		f.heads[shard] = append(f.heads[shard], list...)
	}
	return nil
}

// marks takes the reply of the script.
func (w *walk) marks(ctx context.Context, reply string) (list []mark, err error) {
	found, err := w.accept(ctx, reply, nil)
	if err != nil {
		return nil, err
	}
	for range found.n {
		m, err := w.readMark(found)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	if !found.more {
		w.turn()
	}
	return list, nil
}

// plainMarks takes the reply to a plain command for n entries.
func (w *walk) plainMarks(reply string, n, room int) (list []mark, err error) {
	entries, err := w.parsePlain(reply, n, room)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		list = append(list, mark{w.idOf(e), w.positionOf(e, w.backward)})
	}
	if len(list) < n {
		w.turn()
	} else {
		w.at = w.positionOf(entries[len(entries)-1], !w.backward)
	}
	return list, nil
}

// summary returns what all shards have met until n marks were taken. The way that was taken is that of the
// first shard that was asked.
func (f *fan) summary(n int) (t trace) {
	for _, one := range f.walks {
		for i, c := range one.trace.groups {
			if i == len(t.groups) {
				t.groups = append(t.groups, choice{alternative: c.alternative})
			}
			t.groups[i].estimate += max(0, c.estimate)
		}
		t.examined += one.trace.examined
		t.missing += one.trace.missing
	}
	t.returned, t.calls = int64(n), int64(f.rounds)
	return t
}

// readMark reads the next mark of what was found.
func (w *walk) readMark(f *found) (m mark, err error) {
	m.at = f.first
	m.at.shard = w.at.shard
	for _, to := range []*string{&m.id, &m.at.score, &m.at.member} {
		if *to, _, err = f.values.next(); err != nil {
			return m, err
		}
	}
	return m, nil
}

// fanned returns the fan of a walk through several shards.
func (w *walk) fanned() *fan {
	if w.fan == nil {
		w.fan = newFan(w)
	}
	return w.fan
}

// each goes through everything that the shards of a walk have, all at once, and
// hands each reply to take.
func (w *walk) each(ctx context.Context, take func(*found) error) error {
	walks := make([]*walk, len(w.shards))
	for i, shard := range w.shards {
		walks[i] = &walk{core: w.core, plan: w.plan, what: w.what, tail: w.tail, space: w.core.spaces[shard]}
	}
	for {
		walks = slices.DeleteFunc(walks, (*walk).ended)
		if len(walks) == 0 {
			return nil
		}
		calls := make([]*call, len(walks))
		for i, one := range walks {
			calls[i] = one.request(mostExamined)
		}
		w.core.client.stats.calls.Add(int64(1 - len(calls)))
		replies, errs := w.core.client.doAll(ctx, calls)
		for i, one := range walks {
			found, err := one.accept(ctx, replies[i], errs[i])
			if err != nil {
				return err
			}
			if err := take(found); err != nil {
				return err
			}
			if !found.more {
				one.turn()
			}
		}
	}
}
