package query

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/redisgen/redisgen/repo"
)

// ask puts a question to the repository and returns in what its answer is wrong.
func (w *world) ask(q *question) error {
	want, query, rng := w.answer(q), w.query(q), rand.New(rand.NewPCG(q.seed, 0))
	switch q.way {
	case "Page":
		return w.askPages(q, query, want, rng)
	case "All":
		return w.askAll(q, query, want, chance(rng, 2))
	case "everything":
		return w.askAll(q, query, want, false)
	case "rest":
		return w.askRest(q, query, want)
	case "IDs":
		return w.askIDs(q, query, want, chance(rng, 2))
	case "Count":
		n, err := query.Count(w.ctx)
		return differs(err, n, int64(len(want)))
	case "Exists":
		ok, err := query.Exists(w.ctx)
		return differs(err, ok, len(want) > 0)
	case "First":
		return w.askFirst(q, query, want)
	case "One":
		return w.askOne(query, want)
	case "Select":
		return w.askSelect(q, query, want, rng)
	case "RequireIndex":
		n, err := query.RequireIndex().Count(w.ctx)
		if errors.Is(err, repo.ErrNoIndex) {
			return nil
		}
		return differs(err, n, int64(len(want)))
	case "Explain":
		e, err := query.Limit(q.limit).Explain(w.ctx)
		return differs(err, e.Returned, int64(min(q.limit, len(want))))
	case "CountBy":
		return w.askGroups(q, rng)
	case "Min", "Max":
		return w.askExtreme(q, rng)
	}
	panic(q.way)
}

// differs returns err, or an error if a result is not what was wanted.
func differs[V comparable](err error, got, want V) error {
	if err == nil && got != want {
		return fmt.Errorf("got %v, want %v", got, want)
	}
	return err
}

func (w *world) askAll(q *question, query *repo.Query[*record, string], want []*record, limited bool) error {
	n := len(want)
	if limited {
		query, n = query.Limit(q.limit), min(n, q.limit)
	}
	got, err := collect(query.All(w.ctx))
	if err != nil {
		return err
	}
	return w.compare(q, got, want, n)
}

// askRest asks for one page and then for all that is behind.
func (w *world) askRest(q *question, query *repo.Query[*record, string], want []*record) error {
	page, err := query.Limit(q.limit).Page(w.ctx)
	if err != nil {
		return err
	}
	got := page.Items
	if page.Next != "" {
		rest, err := collect(query.After(page.Next).All(w.ctx))
		if err != nil {
			return err
		}
		got = append(got, rest...)
	}
	return w.compare(q, got, want, len(want))
}

func (w *world) askIDs(q *question, query *repo.Query[*record, string], want []*record, limited bool) error {
	n := len(want)
	if limited {
		query, n = query.Limit(q.limit), min(n, q.limit)
	}
	got, err := collect(query.IDs(w.ctx))
	if err != nil {
		return err
	}
	return sameIDs(q, got, ids(want), n)
}

func (w *world) askFirst(q *question, query *repo.Query[*record, string], want []*record) error {
	r, err := query.First(w.ctx)
	switch {
	case len(want) == 0 && errors.Is(err, repo.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return w.compare(q, []*record{r}, want, 1)
}

func (w *world) askOne(query *repo.Query[*record, string], want []*record) error {
	r, err := query.One(w.ctx)
	switch {
	case len(want) == 0 && errors.Is(err, repo.ErrNotFound), len(want) > 1 && errors.Is(err, repo.ErrMultiple):
		return nil
	case err != nil:
		return fmt.Errorf("%w, where %d records are wanted", err, len(want))
	case len(want) != 1:
		return fmt.Errorf("got %q, where %d records are wanted", r.id, len(want))
	}
	return w.same(r, want[0], nil)
}

// askSelect asks for some fields only; of the others there is nothing to see.
func (w *world) askSelect(q *question, query *repo.Query[*record, string], want []*record, rng *rand.Rand) error {
	only := map[int]bool{}
	var fields []repo.FieldOf[*record]
	for i, c := range w.entity.columns {
		if chance(rng, 2) || i == len(w.entity.columns)-1 && len(only) == 0 {
			only[i] = true
			fields = append(fields, c.selected())
		}
	}
	got, err := collect(query.Select(fields...).All(w.ctx))
	if err != nil {
		return err
	}
	if err := sameIDs(q, ids(got), ids(want), len(want)); err != nil {
		return err
	}
	for _, r := range got {
		if err := w.same(r, w.records[r.id], only); err != nil {
			return err
		}
	}
	return nil
}

// askGroups asks how many records there are for each value of a random column.
func (w *world) askGroups(q *question, rng *rand.Rand) error {
	var columns []column
	for _, c := range w.entity.columns {
		if c.self().indexed() {
			columns = append(columns, c)
		}
	}
	c, bare := pick(rng, columns...), *q
	bare.order = nil
	want := map[string]int64{}
	for _, r := range w.answer(&bare) {
		for _, group := range c.groups(r.values[w.entity.place(c)]) {
			want[group]++
		}
	}
	got, err := c.countBy(w.ctx, w.query(&bare))
	if err == nil && !maps.Equal(got, want) {
		err = fmt.Errorf("by %s: got %v, want %v", c.self().Go, got, want)
	}
	return err
}

// askExtreme asks for the least or greatest value of a random column.
func (w *world) askExtreme(q *question, rng *rand.Rand) error {
	var columns []column
	for _, c := range w.entity.columns {
		if c.self().sorted() {
			columns = append(columns, c)
		}
	}
	if len(columns) == 0 {
		return nil
	}
	by := *q
	by.order, by.desc = pick(rng, columns...), q.way == "Max"
	want := w.answer(&by)
	bare := by
	bare.order = nil
	got, err := by.order.extreme(w.ctx, w.query(&bare), by.desc)
	switch {
	case len(want) == 0 && errors.Is(err, repo.ErrNotFound):
		return nil
	case err != nil:
		return err
	case len(want) == 0:
		return fmt.Errorf("of %s: got %s, want none", by.order.self().Go, show(got))
	}
	value := want[0].values[w.entity.place(by.order)]
	if value == nil || by.order.compare(got, value, "") != 0 {
		return fmt.Errorf("of %s: got %s, want %s", by.order.self().Go, show(got), show(value))
	}
	return nil
}

// collect returns what an iterator yields.
func collect[V any](seq iter.Seq2[V, error]) ([]V, error) {
	var list []V
	for v, err := range seq {
		if err != nil {
			return list, err
		}
		list = append(list, v)
	}
	return list, nil
}

func ids(list []*record) []string {
	texts := make([]string, len(list))
	for i, r := range list {
		texts[i] = r.id
	}
	return texts
}

// compare compares records read with the first n of those wanted, or without an order with any n of them.
func (w *world) compare(q *question, got, want []*record, n int) error {
	if err := sameIDs(q, ids(got), ids(want), n); err != nil {
		return err
	}
	for _, r := range got {
		if err := w.same(r, w.records[r.id], nil); err != nil {
			return err
		}
	}
	return nil
}

func sameIDs(q *question, got, want []string, n int) error {
	if q.order != nil {
		n = min(n, len(want))
		if !slices.Equal(got, want[:n]) {
			return fmt.Errorf("got  %q\nwant %q", got, want[:n])
		}
		return nil
	}
	sorted := slices.Sorted(slices.Values(got))
	if len(got) != n || len(slices.Compact(slices.Clone(sorted))) != n {
		return fmt.Errorf("got %d ids %q\nwant %d of %q", len(got), sorted, n, want)
	}
	for _, id := range sorted {
		if _, ok := slices.BinarySearch(want, id); !ok {
			return fmt.Errorf("got %q, which does not meet the conditions", id)
		}
	}
	return nil
}

// same compares a record read with one stored; only the columns given, if any are.
func (w *world) same(got, stored *record, only map[int]bool) error {
	for i, c := range w.entity.columns {
		want := c.read(stored.values[i])
		if only != nil && !only[i] {
			want = c.read(nil)
		}
		if !same(got.values[i], want) {
			return fmt.Errorf("%q has %s %s, want %s", got.id, c.self().Go, show(got.values[i]), show(want))
		}
	}
	return nil
}
