package soak

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
)

// Queries with many values and many conditions, each of which has to be looked
// at for every record: calls do less then, and do not take longer.
func TestManyConditions(t *testing.T) {
	s := fill(t, 10_000)
	s.ask(t, s.hard())
}

// list returns a name with each of the numbers from one to another, in steps.
func list(name string, from, to, step int) (all []string) {
	for i := from; i < to; i += step {
		all = append(all, fmt.Sprint(name, i))
	}
	return all
}

// among tells whether a value is in a list.
func among(list []string) func(string) bool {
	set := map[string]bool{}
	for _, v := range list {
		set[v] = true
	}
	return func(v string) bool { return set[v] }
}

// hard returns queries with many conditions.
func (s *store) hard() []asked {
	f := &ItemFields
	some, many := list("city", 0, 960, 15), list("city", 0, 1000, 2) // 64 and 500
	isSome, isMany := among(some), among(many)
	tags, others := list("t", 0, 20, 1), list("t", 10, 200, 1)
	isOther := among(others)
	var scores []float64
	for i := range 500 {
		scores = append(scores, float64(i*7))
	}
	isScore := func(v float64) bool { return v < 3500 && int(v)%7 == 0 }
	var parts []repo.Predicate[*Item]
	for i := range 60 {
		parts = append(parts, repo.And(f.City.Eq(fmt.Sprint("city", i)), f.Hits.Gt(i%10), f.Name.Gt(fmt.Sprintf("name %07d", i)), f.At.Gt(s.list[i].At)))
	}
	isPart := func(it *Item) bool {
		var i int
		_, _ = fmt.Sscanf(it.City, "city%d", &i)
		return i < 60 && it.Hits > i%10 && it.Name > fmt.Sprintf("name %07d", i) && it.At.After(s.list[i].At)
	}
	return []asked{
		{"In of 64", s.items.Where(f.City.In(some...)), func(it *Item) bool { return isSome(it.City) }},
		{"In of 64, filtered", s.items.Where(f.City.In(some...), f.Rank.Eq(7)), func(it *Item) bool { return isSome(it.City) }},
		{"In of 64, another order", s.items.Where(f.City.In(some...)).OrderBy(f.Score.Asc()), func(it *Item) bool { return isSome(it.City) }},
		{"In of 500", s.items.Where(f.City.In(many...)), func(it *Item) bool { return isMany(it.City) }},
		{"In of 500, another order", s.items.Where(f.City.In(many...)).OrderBy(f.At.Asc()), func(it *Item) bool { return isMany(it.City) }},
		{"In of 500 scores", s.items.Where(f.Score.In(scores...)), func(it *Item) bool { return isScore(it.Score) }},
		{"HasAny of 20", s.items.Where(f.Tags.HasAny(tags...)), func(*Item) bool { return true }},
		{"not In of 500", s.items.Where(repo.Not(f.City.In(many...))), func(it *Item) bool { return !isMany(it.City) }},
		{"not In of 500 scores", s.items.Where(repo.Not(f.Score.In(scores...))), func(it *Item) bool { return !isScore(it.Score) }},
		{"not HasAny of 190", s.items.Where(repo.Not(f.Tags.HasAny(others...))), func(it *Item) bool { return !isOther(it.Tags[0]) }},
		{"Or of 60 Ands", s.items.Where(repo.Or(parts...)), isPart},
		{"not Or of 60 Ands", s.items.Where(repo.Not(repo.Or(parts...))), func(it *Item) bool { return !isPart(it) }},
	}
}

// What records that are gone have left in indexes, and in the ledger of those
// that expire, is removed some at a time.
func TestManyExpiredRecords(t *testing.T) {
	s := fill(t, 1)
	visits := NewVisits(s.client)
	const n = 5000
	var all []*Visit
	for i := range 2 * n {
		all = append(all, &Visit{
			ID: fmt.Sprint("visit", i), Code: fmt.Sprint("code", i), Kind: fmt.Sprint("kind", i%3), Tags: []string{fmt.Sprint("t", i%10), fmt.Sprint("u", i%7)},
			Score: float64(i), At: time.Unix(1_700_000_000+int64(i), 0),
		})
	}
	must(t, visits.SaveMany(t.Context(), all))
	for i := range n {
		must(t, s.rdb.Del(t.Context(), s.client.Prefix()+"{visits}:r:"+all[i].ID).Err()) // as if it had expired
	}
	q := visits.Where().OrderBy(VisitFields.Score.Asc())
	s.watchWrites(t, "a page behind many expired records", func(ctx context.Context) error {
		page, err := q.Limit(50).Page(ctx)
		if err == nil && (len(page.Items) != 50 || page.Items[0].ID != all[n].ID) {
			err = fmt.Errorf("%d records", len(page.Items))
		}
		return err
	})
	if left, err := ids(t.Context(), q); err != nil || left != n {
		t.Errorf("%d records are left, %v, want %d", left, err, n)
	}
}
