package repo

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// plan is how a query is answered: in each group by one of several ways, of
// which the script takes the cheapest. The records of a group come before those
// of the next.
type plan struct {
	groups  [][]alternative
	names   []any // what the conditions read of a record
	reverse bool
	walks   bool   // nothing narrows the conditions down to a part of the entity
	ordered bool   // the order was asked for, and is the same whichever way is taken
	mark    string // of the keyspace
	shape   string // what cursors are told by; identify makes it
}

// alternative is one way to answer a query.
type alternative struct {
	path
	sort  ordering // of sources that have another order: what to sort by; by is "" if they have it
	whole bool     // the sources list all records

	// As the script takes it: how, and what the conditions are.
	how, conditions []string
	checks          []check
}

// check is a condition that an index answers for each id: to be in it, with a
// score between two bounds, or not to be.
type check struct {
	source
	absent bool
}

// arguments returns the alternative as the script takes it.
func (a *alternative) arguments(args *argList) {
	args.add(a.how...)
	args.addInt(len(a.sources))
	for _, s := range a.sources {
		args.add(s.key, s.by, s.low, s.high)
	}
	args.addInt(len(a.checks))
	for _, c := range a.checks {
		absent := ""
		if c.absent {
			absent = "1"
		}
		args.add(c.key, c.low, c.high, absent)
	}
	args.addInt(len(a.conditions))
	args.add(a.conditions...)
}

// planner makes the plan of a query.
type planner struct {
	info   *entityInfo
	mark   string
	order  order
	moved  []int // fields that are changed while the query runs: no order to go by
	filter *filter
	merged bool // the query may have to merge what several shards find
}

// errMoved is what an order by a field leads to that is patched.
var errMoved = errors.New("a patch cannot be ordered by a field that it changes")

func (pl *planner) plan(c condition) (*plan, error) {
	if pl.order.err != nil {
		return nil, pl.info.fieldError(pl.order.field, pl.order.err)
	}
	p := &plan{reverse: pl.order.reverse, ordered: pl.order.given}
	groups := [][]condition{c.conjuncts()}
	if c.isNever() {
		groups = nil
	}
	if pl.order.given && slices.Contains(pl.moved, pl.order.field) {
		return nil, errMoved
	}
	pl.filter = newFilter(pl.info)
	for len(groups) > 0 {
		conjuncts := groups[0]
		groups = groups[1:]
		list, err := pl.alternatives(conjuncts)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			if split := pl.split(conjuncts); split != nil {
				groups = append(split, groups...)
				continue
			}
			list = []alternative{pl.listing(conjuncts)}
		}
		p.groups = append(p.groups, list)
	}
	pl.finish(p)
	return p, nil
}

// finish writes the plan as the script takes it.
func (pl *planner) finish(p *plan) {
	for _, group := range p.groups {
		for i := range group {
			pl.write(&group[i])
			p.walks = p.walks || group[i].whole && len(group[i].rest) > 0
		}
	}
	for _, name := range pl.filter.names {
		p.names = append(p.names, name)
	}
	p.mark = pl.mark
}

// alternatives returns the ways to the records that meet all conditions, none if
// no index helps.
func (pl *planner) alternatives(conjuncts []condition) ([]alternative, error) {
	var native, other []alternative
	for _, p := range findPaths(pl.info, conjuncts, pl.order.given) {
		switch {
		case slices.Contains(pl.moved, p.order.field) && p.order.by != "value":
		case pl.order.near != nil && p.order == ordering{"geo", pl.order.field} && pl.nearest(conjuncts).most < halfway:
			// the search by distance does better
		case pl.inOrder(p):
			if pl.order.given {
				for i := range p.sources {
					p.sources[i] = p.sources[i].present()
				}
			}
			native = append(native, alternative{path: p})
		default:
			other = append(other, alternative{path: p, sort: pl.sortBy(p)})
		}
	}
	// The best there is: a few records, or nothing but what is returned is looked at.
	if len(other) == 1 && other[0].order.by == "value" {
		return other, nil
	}
	if i := slices.IndexFunc(native, func(a alternative) bool { return len(a.rest) == 0 }); i >= 0 {
		return native[i : i+1], nil
	}
	if !pl.order.given {
		return most(append(native, other...)), nil
	}
	if pl.order.near != nil {
		return append([]alternative{pl.around(conjuncts)}, most(other)...), nil
	}
	index, ok := pl.info.orderIndex(pl.order.field)
	if pl.merged && ok {
		native, other = pl.alike(native, other, index.by)
	}
	switch {
	case len(native) > 0 && !ok:
		return most(native), nil
	case !ok:
		return nil, pl.noIndex(conjuncts)
	case len(native) == 0:
		whole := path{index: []string{index.key}, sources: []source{index}, order: ordering{index.by, pl.order.field}, rest: conjuncts, disjoint: true}
		native = []alternative{{path: whole, whole: true}}
	}
	return most(append(native, other...)), nil
}

// alike returns the ways with all in the form of the order that its own index has, by score or
// lex, so that what shards find by different ways can be merged. Entries that have the order in
// the other form, of an index over several fields, are sorted.
func (pl *planner) alike(native, other []alternative, by string) (in, out []alternative) {
	for _, a := range native {
		if a.order.by == by {
			in = append(in, a)
		} else {
			other = append(other, alternative{path: a.path, sort: pl.sortBy(a.path)})
		}
	}
	return in, other
}

// most returns the ways that answer most conditions, if there are too many for
// the script to choose from.
func most(list []alternative) []alternative {
	slices.SortStableFunc(list, func(a, b alternative) int { return cmp.Compare(len(a.rest), len(b.rest)) })
	return list[:min(len(list), 8)]
}

// inOrder tells whether the sources of a path have the order of the query.
func (pl *planner) inOrder(p path) bool {
	switch {
	case p.order.by == "value" || p.order.by == "mixed":
		return false
	case !pl.order.given:
		return true
	}
	return p.order.field == pl.order.field && p.order.by != "geo"
}

// sortBy returns what the entries of a path are sorted by.
func (pl *planner) sortBy(p path) ordering {
	index, _ := pl.info.orderIndex(pl.order.field)
	switch {
	case !pl.order.given:
		return ordering{"id", byID}
	case pl.order.near != nil:
		return ordering{"distance", pl.order.field}
	case index.by == "score":
		return ordering{"score", pl.order.field}
	case pl.info.isInteger(pl.order.field):
		return ordering{"integer", pl.order.field}
	}
	return ordering{"bytes", pl.order.field}
}

// orderIndex returns all entries of the index that keeps the order of a field.
func (info *entityInfo) orderIndex(field int) (source, bool) {
	ix, ok := info.indexOf(field, func(ix Index) bool { return ix.Kind == IndexScore || ix.Kind == IndexLex })
	if !ok {
		return source{}, false
	}
	return everything(space("").index(ix, nil), ix.ordering().by), true
}

// listing walks all records.
func (pl *planner) listing(conjuncts []condition) alternative {
	p := path{index: []string{"a"}, sources: []source{everything("a", "score")}, order: ordering{"score", byListing}, rest: conjuncts, disjoint: true}
	if pl.info.listing >= 0 {
		key := space("").index(pl.info.indexes[pl.info.listing], nil)
		p.index, p.sources = []string{key}, []source{everything(key, "score")}
	}
	return alternative{path: p, whole: true}
}

// split makes groups of a condition of which each part has an index, though the
// orders of these differ: a record belongs to the first part that it meets. It
// returns nil if there is no such condition.
func (pl *planner) split(conjuncts []condition) [][]condition {
	if pl.order.given || pl.moved != nil {
		return nil
	}
	for i, c := range conjuncts {
		parts := c.parts
		if c.op != either {
			parts = pl.chunks(c)
		}
		if len(parts) < 2 || slices.ContainsFunc(parts, func(part condition) bool {
			return len(findPaths(pl.info, part.conjuncts(), false)) == 0 && pl.chunks(part) == nil
		}) {
			continue
		}
		var groups [][]condition
		for j, part := range parts {
			group := slices.Concat(part.conjuncts(), conjuncts[:i], conjuncts[i+1:])
			if c.op != equals { // of which no record meets two
				for _, earlier := range parts[:j] {
					group = append(group, negate(earlier))
				}
			}
			groups = append(groups, group)
		}
		return groups
	}
	return nil
}

// chunks divides a condition that names more values than one call merges.
func (pl *planner) chunks(c condition) []condition {
	if c.op != equals && c.op != contains || len(c.values) <= mostSources || len(findPaths(pl.info, []condition{{op: c.op, field: c.field, values: c.values[:1]}}, false)) == 0 {
		return nil
	}
	var parts []condition
	for values := range slices.Chunk(c.values, mostSources) {
		part := c
		part.values = values
		parts = append(parts, part)
	}
	return parts
}

// write writes what the script is told of an alternative.
func (pl *planner) write(a *alternative) {
	each := 0 // what it costs to look at an entry
	if len(a.rest) > 0 {
		each = 1
		pl.writeConditions(a)
	}
	switch a.how = []string{"sort", "2", a.sort.by}; a.sort.by {
	case "":
		a.how = []string{"walk", strconv.Itoa(each)}
		if a.order.by == "distance" {
			seen, plain := pl.filter.field(a.order.field)
			a.how = append([]string{"nearest", strconv.Itoa(each), seen, plain}, pl.nearest(a.rest).arguments()...)
		}
	case "id":
	case "score":
		index, _ := pl.info.orderIndex(a.sort.field)
		a.how = append(a.how, index.key)
	default:
		seen, plain := pl.filter.field(a.sort.field)
		a.how = append(a.how, seen, plain)
		if a.sort.by == "distance" {
			a.how = append(a.how, pl.nearest(a.rest).arguments()...)
		}
	}
}

// writeConditions divides the conditions that are left into checks and others.
func (pl *planner) writeConditions(a *alternative) {
	var others []condition
	for _, c := range a.rest {
		if checks := pl.info.checks(c); checks != nil {
			a.checks = append(a.checks, checks...)
		} else {
			others = append(others, c)
		}
	}
	if others != nil {
		a.conditions = pl.filter.arguments(join(all, others))
	}
}

// shape returns what tells an alternative from others.
func (a *alternative) shape() []string {
	shape := slices.Concat(a.how, a.conditions)
	for _, s := range a.sources {
		shape = append(shape, s.key, s.by, s.low, s.high)
	}
	for _, c := range a.checks {
		shape = append(shape, c.key, c.low, c.high, strconv.FormatBool(c.absent))
	}
	return shape
}

// noIndex says what index a query would need.
func (pl *planner) noIndex(conjuncts []condition) error {
	text := describe(pl.info, condition{op: all, parts: conjuncts})
	if pl.order.given {
		text = strings.TrimSpace(text + " ordered by " + pl.info.fields[pl.order.field].Name)
	}
	return fmt.Errorf("%w: %s; declare one with redisgen:index on %s", ErrNoIndex, text, pl.info.goName)
}
