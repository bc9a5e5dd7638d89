package repo

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Explanation is how a query was answered. String returns it as text for people.
type Explanation struct {
	// Walks: nothing narrows the query down to a part of the entity, so that
	// all records are looked at until the page is full.
	Walks bool
	Steps []Step // what is tried in turn; more than one where conditions are joined by Or

	Shards   int   // how many are asked
	Examined int64 // index entries looked at for the first page
	Returned int64 // records on the first page
	Missing  int64 // index entries that had no record, and were removed
	Calls    int64 // round trips for the first page
}

// Step is one group of index entries that a query goes through.
type Step struct {
	Indexes  []string // that are read, as their keys begin: "i:status/created_at"
	Ranges   int      // how many parts of them
	Sort     string   // what the entries are sorted by, in memory; empty if they have the order
	Filter   string   // what is checked on each record; empty if the indexes answer it
	Estimate int64    // entries in these ranges; -1 if the first page did not get that far
	Rejected []string // the other indexes that could have been used
}

func (q *query) explain(ctx context.Context) (_ Explanation, failed error) {
	ctx, o := q.core.observe(ctx, "Explain")
	defer o.end(&failed)
	q = q.with(func(q *query) { q.cursor, q.backward, q.indexed = "", false, false })
	w, err := q.begin(ctx, findPlan, nil)
	if err != nil {
		return Explanation{}, q.fail("Explain", err)
	}
	limit := defaultPage
	if q.limited {
		limit = min(q.limit, maxPage)
	}
	ids, _, err := w.ids(ctx, limit)
	if err != nil {
		return Explanation{}, q.fail("Explain", err)
	}
	if w.fans() {
		w.trace = w.fan.summary(len(ids))
	}
	e := Explanation{Shards: len(w.shards), Examined: w.trace.examined, Returned: w.trace.returned, Missing: w.trace.missing, Calls: w.trace.calls}
	for i := range w.plan.groups {
		step, walks := w.step(i)
		e.Steps = append(e.Steps, step)
		e.Walks = e.Walks || walks
	}
	return e, nil
}

// step describes one group of the plan, and tells whether it walks all records.
func (w *walk) step(i int) (s Step, walks bool) {
	group, chosen := w.plan.groups[i], 0
	estimate := int64(-1)
	if i < len(w.trace.groups) && w.trace.groups[i].alternative > 0 {
		chosen = w.trace.groups[i].alternative - 1
		estimate = w.trace.groups[i].estimate
	}
	a := group[chosen]
	s = Step{Indexes: a.index, Ranges: len(a.sources), Estimate: estimate}
	if len(a.rest) > 0 {
		s.Filter = describe(w.core.info, condition{op: all, parts: a.rest})
	}
	if a.sort.by == "id" {
		s.Sort = "id"
	} else if a.sort.by != "" {
		s.Sort = w.core.info.fields[a.sort.field].Name
	}
	for j, other := range group {
		if j != chosen {
			s.Rejected = append(s.Rejected, strings.Join(other.index, " and "))
		}
	}
	return s, a.whole && len(a.rest) > 0
}

func (e Explanation) String() string {
	var b strings.Builder
	if e.Walks {
		b.WriteString("walks all records\n")
	}
	for _, s := range e.Steps {
		b.WriteString(s.String())
		b.WriteByte('\n')
	}
	if e.Shards > 1 {
		fmt.Fprintf(&b, "in %d shards\n", e.Shards)
	}
	fmt.Fprintf(&b, "first page: %d examined, %d returned, %d missing, %d calls", e.Examined, e.Returned, e.Missing, e.Calls)
	return b.String()
}

func (s Step) String() string {
	text := "read " + strings.Join(s.Indexes, " and ")
	if s.Ranges > 1 {
		text += " in " + strconv.Itoa(s.Ranges) + " ranges"
	}
	if s.Estimate >= 0 {
		text += ", " + strconv.FormatInt(s.Estimate, 10) + " entries"
	}
	if s.Sort != "" {
		text += ", sort by " + s.Sort
	}
	if s.Filter != "" {
		text += ", check " + s.Filter
	}
	if len(s.Rejected) > 0 {
		text += "; rather than " + strings.Join(s.Rejected, ", ")
	}
	return text
}

// describe says what a condition asks, without its values, which may be
// anybody's.
func describe(info *entityInfo, c condition) string {
	switch c.op {
	case all, either:
		word := " and "
		if c.op == either {
			word = " or "
		}
		var parts []string
		for _, part := range c.parts {
			text := describe(info, part)
			if len(part.parts) > 1 && len(c.parts) > 1 {
				text = "(" + text + ")"
			}
			parts = append(parts, text)
		}
		return strings.Join(parts, word)
	case not:
		return "not (" + describe(info, c.parts[0]) + ")"
	}
	name := info.fields[c.field].Name
	switch {
	case c.op == absent:
		return name + " is nil"
	case len(c.values) > 1 && c.op == contains:
		return name + " has any of " + strconv.Itoa(len(c.values)) + " elements"
	case len(c.values) > 1:
		return name + " in " + strconv.Itoa(len(c.values)) + " values"
	}
	return name + " " + map[predicateOp]string{equals: "=", within: "in a range", prefixed: "by prefix", contains: "has an element", near: "in an area"}[c.op]
}
