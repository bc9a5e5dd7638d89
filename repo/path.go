package repo

import (
	"slices"
	"strings"
)

// mostSources is how many sources one call merges at most.
const mostSources = 64

// path is a way to records that may meet the conditions of a query: all those
// that do are among the entries of its sources.
type path struct {
	index    []string // for people
	sources  []source
	order    ordering
	used     uint64      // the conjuncts that the sources answer
	rest     []condition // those they do not
	disjoint bool        // no record is in two sources
}

// ordering is the order of entries: by the score or the lex index of a field,
// by id, or none.
type ordering struct {
	by    string // score, lex; value, mixed: none
	field int    // byID, byListing
}

// Orders of sorted sets that no field gives.
const (
	byID      = -1
	byListing = -2
)

// pathfinder finds the paths to the records that meet some conditions.
type pathfinder struct {
	info      *entityInfo
	conjuncts []condition
	sorted    bool // entries are sorted if they have another order
	paths     []path
}

// findPaths returns the paths by which indexes answer at least one of the
// conditions. If entries can be sorted, paths may have them in no order.
func findPaths(info *entityInfo, conjuncts []condition, sorted bool) []path {
	f := pathfinder{info: info, conjuncts: conjuncts, sorted: sorted}
	for _, ix := range info.indexes {
		switch ix.Kind {
		case IndexUnique, IndexEqual:
			f.byValue(ix)
		default:
			f.byRange(ix)
		}
	}
	for i, c := range conjuncts {
		if c.op == either && i < 64 {
			f.byUnion(i, c.parts)
		}
	}
	return f.withoutInferior()
}

// add adds a path by which indexes answer some of the conjuncts: those used.
func (f *pathfinder) add(p path, used ...int) {
	if len(p.sources) == 0 || len(p.sources) > mostSources {
		return
	}
	for _, i := range used {
		if i >= 64 {
			return
		}
		p.used |= 1 << i
	}
	for i, c := range f.conjuncts {
		if !slices.Contains(used, i) {
			p.rest = append(p.rest, c)
		}
	}
	f.paths = append(f.paths, p)
}

// byRange adds the paths by an index that keeps records in the order of a field.
func (f *pathfinder) byRange(ix Index) {
	for i, c := range f.conjuncts {
		if c.field != ix.Fields[0] || len(c.parts) > 0 {
			continue
		}
		key := space("").index(ix, nil)
		p := path{index: []string{key}, order: ix.ordering(), disjoint: true}
		switch ix.Kind {
		case IndexScore:
			p.sources = f.info.scoreSources(key, c)
		case IndexLex:
			p.sources = f.info.lexSources(key, c)
		case IndexGeo:
			p.sources = areaSources(key, c)
			f.addInexact(p, i)
			continue
		}
		f.add(p, i)
	}
}

// addInexact adds a path whose sources have more than what meets the condition.
func (f *pathfinder) addInexact(p path, used ...int) {
	n := len(f.paths)
	f.add(p, used...)
	if len(f.paths) > n {
		f.paths[n].rest = f.conjuncts
	}
}

// ordering returns the order in which an index has its entries.
func (ix Index) ordering() ordering {
	switch {
	case ix.Kind == IndexUnique:
		return ordering{by: "value"}
	case ix.Kind == IndexLex:
		return ordering{"lex", ix.Fields[0]}
	case ix.Kind == IndexGeo:
		return ordering{"geo", ix.Fields[0]}
	case ix.Kind == IndexScore:
		return ordering{"score", ix.Fields[0]}
	case ix.Order != nil:
		return ordering{"score", *ix.Order}
	}
	return ordering{"score", byID}
}

// byValue adds the paths by an index of values: there must be a condition that
// names values for each of its fields.
func (f *pathfinder) byValue(ix Index) {
	op := equals
	if ix.Each {
		op = contains
	}
	for i, c := range f.conjuncts {
		if c.op != op || c.field != ix.Fields[0] {
			continue
		}
		used, lists := []int{i}, [][]string{c.values}
		for _, field := range ix.Fields[1:] {
			j := slices.IndexFunc(f.conjuncts, func(c condition) bool { return c.op == op && c.field == field })
			if j < 0 {
				return
			}
			used, lists = append(used, j), append(lists, f.conjuncts[j].values)
		}
		f.addValues(ix, combinations(lists), used)
	}
}

// addValues adds the path to some values of an index, and narrows it by a range
// of the field that orders the index if there is one.
func (f *pathfinder) addValues(ix Index, values [][]string, used []int) {
	p := path{order: ix.ordering(), disjoint: !ix.Each || len(values) == 1}
	ranges := []source{everything("", "score")}
	if ix.Order != nil {
		for i, c := range f.conjuncts {
			if found := f.info.scoreSources("", c); c.field == *ix.Order && len(found) > 0 {
				ranges, used = found, append(used, i)
				for j := range ranges {
					ranges[j] = ranges[j].present()
				}
				break
			}
		}
	}
	if len(values)*len(ranges) > mostSources {
		return
	}
	p.index = []string{strings.TrimSuffix(space("").index(ix, []string{""}), ":")}
	for _, v := range values {
		key := space("").index(ix, v)
		if ix.Kind == IndexUnique {
			p.sources = append(p.sources, source{key: key, by: "value", low: joinValues(v)})
			continue
		}
		for _, r := range ranges {
			r.key = key
			p.sources = append(p.sources, r)
		}
	}
	if ix.Global { // the claim tells who may have the value
		f.addInexact(p, used...)
		return
	}
	f.add(p, used...)
}

// combinations returns every way to take one value of each list; nil if there
// are too many.
func combinations(lists [][]string) [][]string {
	all := [][]string{nil}
	for _, list := range lists {
		var longer [][]string
		for _, head := range all {
			for _, v := range list {
				longer = append(longer, append(slices.Clone(head), v))
			}
		}
		if all = longer; len(all) > mostSources {
			return nil
		}
	}
	return all
}

// byUnion adds the paths that join one to each part of an alternative, if these
// have their entries in one order.
func (f *pathfinder) byUnion(conjunct int, parts []condition) {
	options := make([][]path, len(parts))
	for i, part := range parts {
		if options[i] = findPaths(f.info, part.conjuncts(), f.sorted); len(options[i]) == 0 {
			return
		}
	}
	before := len(f.paths)
	for _, first := range options[0] {
		if first.order.by == "value" || first.order.by == "mixed" {
			continue
		}
		f.addUnion(conjunct, options, first.order, func(p path) bool { return p.order == first.order })
	}
	if f.sorted && len(f.paths) == before {
		f.addUnion(conjunct, options, ordering{by: "mixed"}, func(path) bool { return true })
	}
}

// addUnion adds the path that joins one of the options for each part, the first
// that fits.
func (f *pathfinder) addUnion(conjunct int, options [][]path, order ordering, fits func(path) bool) {
	union, exact := path{order: order}, true
	for _, paths := range options {
		i := slices.IndexFunc(paths, fits)
		if i < 0 {
			return
		}
		union.sources = append(union.sources, paths[i].sources...)
		exact = exact && len(paths[i].rest) == 0
		for _, name := range paths[i].index {
			if !slices.Contains(union.index, name) {
				union.index = append(union.index, name)
			}
		}
	}
	union.sources = joinRanges(union.sources)
	union.disjoint = oneKey(union.sources)
	if exact {
		f.add(union, conjunct)
	} else {
		f.addInexact(union, conjunct)
	}
}

// withoutInferior returns the paths without those that another one is better
// than: it answers the same conditions and more. One to a unique value is better
// than all.
func (f *pathfinder) withoutInferior() []path {
	for _, p := range f.paths {
		if p.order.by == "value" {
			return []path{p}
		}
	}
	var kept []path
	for i, p := range f.paths {
		inferior := slices.ContainsFunc(f.paths[:i], func(q path) bool { return q.used == p.used && q.order == p.order && len(q.rest) <= len(p.rest) }) ||
			slices.ContainsFunc(f.paths, func(q path) bool {
				return q.used != p.used && q.used&p.used == p.used && (q.order == p.order || len(q.rest) == 0)
			})
		if !inferior {
			kept = append(kept, p)
		}
	}
	return kept
}
