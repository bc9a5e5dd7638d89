package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
)

// query is a random query and what it means.
type query[T any] struct {
	text  string
	where []repo.Predicate[*T]
	order *repo.Order[*T]
	match func(*record[T]) bool
	rank  func(*record[T]) rank // nil: by creation, in the list of all records
	desc  bool
}

// rank is where a record stands in an index.
type rank struct {
	score  float64
	member string
}

func compareRanks(a, b rank) int {
	return cmp.Or(cmp.Compare(a.score, b.score), strings.Compare(a.member, b.member))
}

func byID[T any](r *record[T]) rank { return rank{0, r.id} }

// timeScore is the score of a time in an index; of none it comes before all others.
func timeScore(t *time.Time) float64 {
	if t == nil || t.IsZero() {
		return math.Inf(-1)
	}
	return float64(t.UnixMicro())
}

// everything asks for all records.
func everything[T any](rank func(*record[T]) rank) query[T] {
	return query[T]{text: "all", match: func(*record[T]) bool { return true }, rank: rank}
}

// interval is what queries can ask of a field that keeps records in its order.
type interval[T, V any] interface {
	Eq(V) repo.Predicate[*T]
	Gt(V) repo.Predicate[*T]
	Gte(V) repo.Predicate[*T]
	Lt(V) repo.Predicate[*T]
	Lte(V) repo.Predicate[*T]
	Between(low, high V) repo.Predicate[*T]
	Asc() repo.Order[*T]
	Desc() repo.Order[*T]
}

// ranged is a field that can be asked for in a range.
type ranged[T, V any] struct {
	name   string
	field  interval[T, V]
	get    func(*record[T]) (V, bool)
	cmp    func(a, b V) int
	values []V
}

// within narrows q to values of the field between random bounds.
func within[T, V any](w *world, q query[T], f ranged[T, V]) query[T] {
	a, b := pick(w, f.values...), pick(w, f.values...)
	var test func(V) bool
	var where []repo.Predicate[*T]
	var text string
	way := w.rng.IntN(7)
	if way == 0 && any(a) == any("") {
		way = 1 // Eq of what is stored as nothing finds records without the field: tests/query has that
	}
	switch way {
	case 0:
		text, where = "Eq(%#v)", []repo.Predicate[*T]{f.field.Eq(a)}
		test = func(v V) bool { return f.cmp(v, a) == 0 }
	case 1:
		text, where = "Gt(%#v)", []repo.Predicate[*T]{f.field.Gt(a)}
		test = func(v V) bool { return f.cmp(v, a) > 0 }
	case 2:
		text, where = "Gte(%#v)", []repo.Predicate[*T]{f.field.Gte(a)}
		test = func(v V) bool { return f.cmp(v, a) >= 0 }
	case 3:
		text, where = "Lt(%#v)", []repo.Predicate[*T]{f.field.Lt(a)}
		test = func(v V) bool { return f.cmp(v, a) < 0 }
	case 4:
		text, where = "Lte(%#v)", []repo.Predicate[*T]{f.field.Lte(a)}
		test = func(v V) bool { return f.cmp(v, a) <= 0 }
	case 5:
		text, where = "Between(%#v, "+strings.ReplaceAll(fmt.Sprintf("%#v", b), "%", "%%")+")", []repo.Predicate[*T]{f.field.Between(a, b)}
		test = func(v V) bool { return f.cmp(v, a) >= 0 && f.cmp(v, b) <= 0 }
	case 6:
		text, where = "Gt(%#v) and Lte "+strings.ReplaceAll(fmt.Sprintf("%#v", b), "%", "%%"), []repo.Predicate[*T]{f.field.Lte(b), f.field.Gt(a)}
		test = func(v V) bool { return f.cmp(v, a) > 0 && f.cmp(v, b) <= 0 }
	}
	q.text += " " + f.name + "." + fmt.Sprintf(text, a)
	q.where = append(q.where, where...)
	match := q.match
	q.match = func(r *record[T]) bool {
		v, ok := f.get(r)
		return ok && match(r) && test(v)
	}
	return q
}

// ordered gives q the order of the field, mostly.
func ordered[T, V any](w *world, q query[T], f ranged[T, V]) query[T] {
	if len(q.where) > 0 && w.chance(3) {
		return q
	}
	order := f.field.Asc()
	if w.chance(2) {
		order, q.desc = f.field.Desc(), true
	}
	q.order = &order
	q.text += fmt.Sprintf(" by %s (desc: %t)", f.name, q.desc)
	return q
}

// scan asks for records by a range or the order of a field that has an index of its own.
func scan[T, V any](w *world, f ranged[T, V], rank func(*record[T]) rank) query[T] {
	q := query[T]{rank: rank, match: func(r *record[T]) bool {
		_, ok := f.get(r)
		return ok
	}}
	if !w.chance(4) {
		q = within(w, q, f)
	}
	return ordered(w, q, f)
}

// query returns the repository's query.
func (m *model[T, K]) query(q query[T]) *repo.Query[*T, K] {
	query := m.repo.Where(q.where...)
	if q.order != nil {
		query = query.OrderBy(*q.order)
	}
	return query
}

// results returns the records that a query finds, in order: an order that is asked for leaves out those without the
// field.
func (m *model[T, K]) results(q query[T]) []*record[T] {
	place := q.rank
	if place == nil {
		place = m.listed()
	}
	var list []*record[T]
	for _, r := range m.records {
		if absent := math.IsInf(place(r).score, -1); q.match(r) && (q.order == nil || !absent) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *record[T]) int { return compareRanks(place(a), place(b)) })
	switch {
	case q.order == nil: // shard after shard
		slices.SortStableFunc(list, func(a, b *record[T]) int { return cmp.Compare(m.shard(a.id), m.shard(b.id)) })
	case q.desc:
		slices.Reverse(list)
	}
	return list
}

// shard returns which shard has the record of an id.
func (m *model[T, K]) shard(id string) int { return placement.Shard(id, m.shards()) }

func (m *model[T, K]) shards() int { return max(1, m.w.schema[m.name].Shards) }

func (m *model[T, K]) claimsFar() bool {
	isUnique := func(ix *schema.Index) bool { return ix.Kind == schema.Unique }
	return m.shards() > 1 && slices.ContainsFunc(m.w.schema[m.name].Indexes, isUnique)
}

// listed returns where records stand in the list of all, which has the times of their creation.
func (m *model[T, K]) listed() func(*record[T]) rank {
	scores := map[string]float64{}
	for _, tag := range placement.Tags(m.name, m.shards()) {
		list, err := m.w.store.rdb.ZRangeWithScores(m.w.ctx, m.w.client.Prefix()+"{"+tag+"}:a", 0, -1).Result()
		if err != nil {
			m.w.fail("reading the list of all records: %v", err)
		}
		for _, z := range list {
			scores[z.Member.(string)] = z.Score
		}
	}
	return func(r *record[T]) rank {
		score, ok := scores[r.id]
		if !ok {
			m.w.fail("%q is not in the list of all records", r.id)
		}
		return rank{score, r.id}
	}
}

// doQuery asks a query in one of the ways there are.
func (m *model[T, K]) doQuery(q query[T]) {
	limit := 1 + m.w.rng.IntN(4)
	way := pick(m.w, "count", "page", "all", "first", "limited")
	m.w.note("%s: %s of%s, limit %d", m.name, way, q.text, limit)
	want := m.results(q)
	query := m.query(q)
	var got []*T
	switch way {
	case "count":
		m.count(query, want)
		return
	case "page":
		for cursor := ""; ; {
			var items []*T
			if items, cursor = m.page(query, limit, cursor); cursor != "" && len(items) != limit {
				m.w.fail("a page of %d that is not the last has %d records", limit, len(items))
			}
			if got = append(got, items...); cursor == "" {
				break
			}
		}
	case "first":
		v, err := query.First(m.w.ctx)
		if len(want) > 1 {
			want = want[:1]
		}
		if len(want) == 0 {
			m.w.agree("First", err, repo.ErrNotFound)
			return
		}
		m.w.agree("First", err, nil)
		got = append(got, v)
	case "limited":
		query = query.Limit(limit)
		want = want[:min(limit, len(want))]
		fallthrough
	case "all":
		for v, err := range query.All(m.w.ctx) {
			m.w.agree("All", err, nil)
			got = append(got, v)
		}
	}
	m.sameList(way, got, want)
}

func (m *model[T, K]) count(query *repo.Query[*T, K], want []*record[T]) {
	n, err := query.Count(m.w.ctx)
	m.w.agree("Count", err, nil)
	if n != int64(len(want)) {
		m.w.fail("Count: %d, want %d", n, len(want))
	}
}

func (m *model[T, K]) page(query *repo.Query[*T, K], limit int, cursor string) ([]*T, string) {
	page, err := query.Limit(limit).After(cursor).Page(m.w.ctx)
	m.w.agree("Page", err, nil)
	return page.Items, page.Next
}

func (m *model[T, K]) sameList(what string, got []*T, want []*record[T]) {
	var ids, wanted []string
	for _, v := range got {
		ids = append(ids, m.id(m.key(v)))
	}
	for _, r := range want {
		wanted = append(wanted, r.id)
	}
	if !slices.Equal(ids, wanted) {
		m.w.fail("%s: got %q, want %q", what, ids, wanted)
	}
	for i, v := range got {
		m.same(fmt.Sprintf("%s[%d]", what, i), v, want[i])
	}
}

// doWalk reads pages while records are written between them. What stays in place must be seen exactly once.
func (m *model[T, K]) doWalk(q query[T]) {
	m.w.note("%s: walk through%s", m.name, q.text)
	before := m.results(q)
	query := m.query(q)
	var seen []string
	for cursor := ""; ; {
		var items []*T
		items, cursor = m.page(query, 2, cursor)
		for _, v := range items {
			seen = append(seen, m.id(m.key(v)))
		}
		if cursor == "" {
			break
		}
		m.w.note("  between two pages")
		switch m.w.rng.IntN(4) {
		case 0:
			m.whole("save", true)
		case 1:
			m.doPatch(m.someKey(m.w))
		case 2:
			m.doDelete(m.someKey(m.w))
		}
		m.purge()
	}
	var stayed []string
	for _, r := range before {
		if slices.Contains(m.results(q), r) {
			stayed = append(stayed, r.id)
		}
	}
	seen = slices.DeleteFunc(seen, func(id string) bool { return !slices.Contains(stayed, id) })
	if !slices.Equal(seen, stayed) {
		m.w.fail("walk saw %q of those that stayed in place, want %q", seen, stayed)
	}
}

// compare compares all records. It leaves nothing of those that have expired.
func (m *model[T, K]) compare() {
	query := m.repo.Where()
	want := m.results(everything(m.listing))
	m.count(query, want)
	var got []*T
	for v, err := range query.All(m.w.ctx) {
		m.w.agree("All", err, nil)
		got = append(got, v)
	}
	m.sameList("All", got, want)
}

func foldCompare(a, b string) int { return strings.Compare(integrity.Fold(a), integrity.Fold(b)) }
