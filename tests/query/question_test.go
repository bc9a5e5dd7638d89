package query

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/redisgen/redisgen/repo"
)

// question is a query, and what is asked of it in which way.
type question struct {
	where []*condition // all of which hold
	order column       // nil: none
	desc  bool
	limit int
	way   string
	seed  uint64 // of what the way does at random
}

// randomQuestion returns a question about the entity.
func (w *world) randomQuestion(rng *rand.Rand) *question {
	var asked, sorted []column
	for _, c := range w.entity.columns {
		if c.self().indexed() {
			asked = append(asked, c)
		}
		if c.self().sorted() || c.self().composed {
			sorted = append(sorted, c)
		}
	}
	q := &question{seed: rng.Uint64()}
	for range pick(rng, 0, 1, 1, 1, 2, 2, 3) {
		q.where = append(q.where, randomCondition(rng, asked, rng.IntN(4)))
	}
	if len(sorted) > 0 && !chance(rng, 3) {
		q.order, q.desc = pick(rng, sorted...), chance(rng, 2)
	}
	q.limit = 1 + len(w.answer(q))/pick(rng, 1, 2, 3, 6, 10)
	q.way = pick(rng, ways...)
	return q
}

// ways are those in which a query can be asked; the ones that show more come more often.
var ways = []string{
	"Page", "Page", "Page", "Page", "All", "All", "rest", "IDs", "First", "One", "Exists", "Count", "Count", "CountBy", "Min", "Max", "Select",
	"RequireIndex", "Explain",
}

// query returns the repository's query.
func (w *world) query(q *question) *repo.Query[*record, string] {
	query := w.repo.Where(predicates(q.where)...)
	if q.order != nil {
		query = query.OrderBy(q.order.order(q.desc))
	}
	return query
}

// answer returns the stored records that a query is for: in order, or by id if it has none.
func (w *world) answer(q *question) []*record {
	var list []*record
	for _, r := range w.records {
		if w.meets(q, r) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *record) int { return w.before(q, a, b) })
	return list
}

// meets tells whether a record is one that a query is for.
func (w *world) meets(q *question, r *record) bool {
	if slices.ContainsFunc(q.where, func(c *condition) bool { return !c.holds(w.entity, r, w.mistake) }) {
		return false
	}
	return q.order == nil || w.mistake == orderKeepsAll || r.values[w.entity.place(q.order)] != nil
}

// before compares two records in the order of a query.
func (w *world) before(q *question, a, b *record) int {
	ties := strings.Compare(a.id, b.id)
	if q.order == nil {
		return ties
	}
	at := w.entity.place(q.order)
	x, y := a.values[at], b.values[at]
	d := 0
	switch {
	case x != nil && y != nil:
		d = q.order.compare(x, y, w.mistake)
	case x != nil:
		d = -1
	case y != nil:
		d = 1
	}
	switch {
	case d == 0 && q.desc && w.mistake != tiesReversed:
		return -ties
	case d == 0:
		return ties
	case q.desc:
		return -d
	}
	return d
}

func (q *question) String() string {
	var parts []string
	for _, c := range q.where {
		parts = append(parts, c.String())
	}
	text := "Where(" + strings.Join(parts, ", ") + ")"
	if q.order != nil {
		direction := "Asc"
		if q.desc {
			direction = "Desc"
		}
		text += fmt.Sprintf(".OrderBy(%s.%s())", q.order.self().Go, direction)
	}
	return fmt.Sprintf("%s.Limit(%d), asked by %s", text, q.limit, q.way)
}
