package repo

import (
	"context"
	"errors"
	"slices"
)

// mostClaims is how often the values of a record are claimed before the write is
// given up, because they change all the time.
const mostClaims = 20

// errClaim is what becomes of a write that lacks claims.
var errClaim = errors.New("unique values have to be claimed first")

// errClaims is what a write ends with that cannot get what it lacks.
var errClaims = errors.New("its unique values are claimed and given up by others all the time")

// claimant is a record on its way to be written.
type claimant struct {
	at         int // in the list
	lacks, has []*claim
	attempts   int
	failed     error // why a new record cannot have what it lacks
}

// lack notes what a write has turned out to lack, and returns claims that are not
// needed any more.
func (one *claimant) lack(list []*claim) (void []*claim) {
	one.attempts++
	one.lacks = list
	one.has = slices.DeleteFunc(one.has, func(h *claim) bool {
		at := slices.IndexFunc(list, func(l *claim) bool { return l.index == h.index })
		if at < 0 {
			return false
		}
		if list[at].value == h.value {
			list[at].after = h.stamp
		}
		void = append(void, h)
		return true
	})
	return void
}

// writeRows writes records with different ids. What is unique across shards is
// claimed before: that of new records at once, that of others when it turns out that
// they change it.
func (c *core) writeRows(ctx context.Context, how writing, op operation, list []*prepared, guard []string) []result {
	if len(c.info.globals) == 0 {
		return c.writeAll(ctx, how, op, list, guard)
	}
	results := make([]result, len(list))
	todo := make([]*claimant, len(list))
	for i, p := range list {
		todo[i] = &claimant{at: i}
		if op == opCreate {
			todo[i].lacks = c.lacking(p)
		}
	}
	for len(todo) > 0 {
		slices.SortFunc(todo, func(a, b *claimant) int { return a.at - b.at })
		now, later := apart(todo)
		now, waiting, void := c.acquireAll(ctx, now, later, list, results)
		some := make([]*prepared, len(now))
		for i, one := range now {
			some[i] = list[one.at]
		}
		todo = append(waiting, later...)
		for i, r := range c.writeAll(ctx, how, op, some, guard) {
			one := now[i]
			results[one.at] = r
			switch {
			case r.lost != nil:
				if isRejected(r.lost) {
					void = append(void, one.has...)
				}
			case r.err == errClaim && one.failed != nil:
				results[one.at].err = one.failed
			case r.err == errClaim && one.attempts < mostClaims:
				void = append(void, one.lack(c.claims(some[i].id, r.lacks))...)
				todo = append(todo, one)
			case r.err == errClaim:
				results[one.at].err = errClaims
				void = append(void, one.has...)
			case r.err != nil && !errors.Is(r.err, ErrNotDurable):
				void = append(void, one.has...)
			}
		}
		c.abandon(ctx, void)
	}
	return results
}

// isRejected tells whether the error of a write is the answer of a server that can be
// asked for something else: the script failed, and wrote nothing.
func isRejected(err error) bool {
	return isReply(err) && !isRefused(err) && !errors.Is(err, ErrNoReplicas) && !errors.Is(err, ErrUncertain) && !errors.Is(err, ErrNotDurable)
}

// apart divides records into those that can be written now and those that wait,
// because one before them is to have the same value.
func apart(todo []*claimant) (now, later []*claimant) {
	type key struct {
		index int
		value string
	}
	wanted := map[key]bool{}
	for _, one := range todo {
		waits := false
		for _, l := range slices.Concat(one.has, one.lacks) {
			k := key{l.index, l.value}
			waits = waits || wanted[k]
			wanted[k] = true
		}
		if waits {
			later = append(later, one)
		} else {
			now = append(now, one)
		}
	}
	return now, later
}

// lacking returns what a new record has to claim.
func (c *core) lacking(p *prepared) (list []*claim) {
	for _, index := range c.info.globals {
		if value, ok := p.row.joined(c.info.indexes[index]); ok {
			list = append(list, &claim{index: index, value: value, id: p.id})
		}
	}
	return list
}

// claims returns what the script says that a record lacks: index, value, ….
func (c *core) claims(id string, lacks []string) (list []*claim) {
	for i := 0; i+1 < len(lacks); i += 2 {
		for _, index := range c.info.globals {
			if c.info.indexes[index].Name == lacks[i] {
				list = append(list, &claim{index: index, value: lacks[i+1], id: id})
			}
		}
	}
	return list
}

// acquireAll claims what records lack. It returns those that can be written, those
// that wait for what an earlier one of the list may give up, which is not written
// yet, and claims that are not needed; the results of the others say why they cannot
// be written.
func (c *core) acquireAll(ctx context.Context, now, later []*claimant, list []*prepared, results []result) (can, waiting []*claimant, void []*claim) {
	var all []*claim
	for _, one := range now {
		all = append(all, one.lacks...)
	}
	c.acquire(ctx, all)
	pending := map[string]int{} // where in the list, by id
	for _, one := range slices.Concat(now, later) {
		pending[list[one.at].id] = one.at
	}
	for _, one := range now {
		p := list[one.at]
		if one.waits(pending) {
			waiting = append(waiting, one)
			continue
		}
		var failed error
		for _, l := range one.lacks {
			if failed == nil {
				failed = c.uniqueError(l, p.row)
			}
		}
		one.has, one.lacks = append(one.has, one.lacks...), nil
		if failed != nil {
			delete(pending, p.id)
			void = append(void, one.has...)
			results[one.at].written = written{err: failed}
			if one.has, one.failed = nil, failed; one.attempts == 0 && errors.Is(failed, ErrUnique) {
				can = append(can, one) // the write finds out whether the record exists, which comes first
			}
			continue
		}
		p.reliances = make([]reliance, len(c.info.globals))
		for _, l := range one.has {
			p.reliances[slices.Index(c.info.globals, l.index)] = reliance{l.value, l.stamp}
		}
		can = append(can, one)
	}
	return can, waiting, void
}

// waits tells whether what a record lacks first is a value of an earlier one that is
// not written yet, and may give it up. It keeps the claims that it has got.
func (one *claimant) waits(pending map[string]int) bool {
	owned := func(err error) bool {
		var unique *UniqueError
		if !errors.As(err, &unique) {
			return false
		}
		at, ok := pending[unique.Owner]
		return ok && at < one.at
	}
	var lacks, has []*claim
	for _, l := range one.lacks {
		if l.err == nil {
			has = append(has, l)
			continue
		}
		if lacks == nil && !owned(l.err) {
			return false
		}
		lacks = append(lacks, &claim{index: l.index, value: l.value, id: l.id})
	}
	if lacks == nil {
		return false
	}
	one.has, one.lacks = append(one.has, has...), lacks
	return true
}
