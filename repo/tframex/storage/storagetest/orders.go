package storagetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

func order(r *run) {
	values := []any{"b", nil, 2, "a", true, 10, 1.5, "B", []any{1}, "é", 2, false, doc{"x": 1}, "", nil, "10", "9", -1, int64(1<<53 + 1), int64(1 << 53)}
	r.fill(values...)
	r.insert(things, doc{"id": id(50)})
	all := r.query(things, storage.Query{})
	want := slices.SortedFunc(slices.Values(all), func(a, b doc) int {
		return cmp.Or(storage.Compare(a["v"], b["v"]), cmp.Compare(a["id"].(string), b["id"].(string)))
	})
	if got := idsOf(r.query(things, storage.Query{OrderBy: "v"})); !slices.Equal(got, idsOf(want)) {
		r.Errorf("in order of v: %q, want %q", got, idsOf(want))
	}
	slices.Reverse(want)
	if got := idsOf(r.query(things, storage.Query{OrderBy: "v", Desc: true})); !slices.Equal(got, idsOf(want)) {
		r.Errorf("in reverse order of v: %q, want %q", got, idsOf(want))
	}
	r.paged(storage.Query{OrderBy: "v", Desc: true}, 4, idsOf(want))

	slices.SortFunc(want, func(a, b doc) int { return cmp.Compare(a["id"].(string), b["id"].(string)) })
	for _, field := range []string{"id", "missing"} {
		if got := idsOf(r.query(things, storage.Query{OrderBy: field})); !slices.Equal(got, idsOf(want)) {
			r.Errorf("in order of %s: %q, want %q", field, got, idsOf(want))
		}
		r.paged(storage.Query{OrderBy: field}, 7, idsOf(want))
	}

	for n, at := range []string{"2025-07-05T10:00:00.000001", "2025-07-05T10:00:00.000002", "2025-07-04T23:59:59.999999", "2025-07-05T10:00:00.000001"} {
		r.insert("conversations", doc{"id": id(n), "agent_name": "helper", "created_at": at})
	}
	got := idsOf(r.query("conversations", storage.Query{OrderBy: "created_at", Desc: true, Filter: storage.Filter{"agent_name": "helper"}}))
	if want := []string{id(1), id(3), id(0), id(2)}; !slices.Equal(got, want) {
		r.Errorf("conversations, newest first: %q, want %q", got, want)
	}
}

// paged fails the test unless the pages of a query on things are want.
func (r *run) paged(q storage.Query, size int, want []string) {
	r.Helper()
	var got []string
	for q.Limit = size; ; q.Offset += size {
		page := r.query(things, q)
		if len(page) > size {
			r.Fatalf("%+v: %d documents", q, len(page))
		}
		got = append(got, idsOf(page)...)
		if len(page) < size {
			break
		}
	}
	if !slices.Equal(got, want) {
		r.Errorf("pages of %+v: %d ids, want %d: %.300q", q, len(got), len(want), got)
	}
}

func pages(r *run) {
	r.fill(slices.Repeat([]any{"same"}, 23)...)
	all := idsOf(r.query(things, storage.Query{}))
	if len(all) != 23 {
		r.Fatalf("%d documents, want 23", len(all))
	}
	for _, size := range []int{1, 5, 23, 24} {
		r.paged(storage.Query{}, size, all)
		r.paged(storage.Query{Filter: storage.Filter{"v": "same"}}, size, idsOf(r.query(things, storage.Query{Filter: storage.Filter{"v": "same"}})))
	}
	for _, test := range []struct {
		q    storage.Query
		want int
	}{
		{storage.Query{Limit: 3}, 3},
		{storage.Query{Limit: -1}, 23},
		{storage.Query{Offset: 20}, 3},
		{storage.Query{Offset: 20, Limit: -1}, 3},
		{storage.Query{Offset: 23}, 0},
		{storage.Query{Offset: 1000, OrderBy: "v"}, 0},
		{storage.Query{Offset: 22, Limit: 5, OrderBy: "v", Filter: storage.Filter{"v": "same"}}, 1},
	} {
		if got := r.query(things, test.q); len(got) != test.want {
			r.Errorf("%+v: %d documents, want %d", test.q, len(got), test.want)
		}
	}
}

func many(r *run) {
	const n = 2000
	for first := 0; first < n; first += 500 {
		docs := make([]doc, 500)
		for i := range docs {
			docs[i] = doc{"id": id(first + i), "n": (first + i) * 7 % n, "text": fmt.Sprint("document ", first+i)}
		}
		_, err := r.s.BulkInsert(r.Context(), things, docs)
		r.must(err)
	}
	records, err := collect(r.s.Export(r.Context(), things, ""))
	if len(records) != n || err != nil {
		r.Errorf("Export: %d records, %v; want %d", len(records), err, n)
	}
	if got := r.count(things, nil); got != n {
		r.Errorf("Count is %d, want %d", got, n)
	}

	first := idsOf(r.query(things, storage.Query{}))
	if len(first) != storage.DefaultLimit {
		r.Fatalf("Select without limit: %d documents, want %d", len(first), storage.DefaultLimit)
	}
	seen := map[string]bool{}
	for _, offset := range []int{0, 500, 950, 1950} {
		page := idsOf(r.query(things, storage.Query{Offset: offset, Limit: 100}))
		if behind := min(offset+100, len(first)); offset < behind && !slices.Equal(page[:behind-offset], first[offset:behind]) {
			r.Errorf("the page from %d is not the part of all", offset)
		}
		for _, name := range page {
			if seen[name] {
				r.Errorf("%q is on two pages", name)
			}
			seen[name] = true
		}
	}
	if len(seen) != 350 {
		r.Errorf("the pages have %d documents, want 350", len(seen))
	}

	sorted := r.query(things, storage.Query{OrderBy: "n", Desc: true, Offset: 990, Limit: 20})
	for i, d := range sorted {
		if want := int64(n - 1 - 990 - i); d["n"] != want {
			r.Errorf("document %d in order has %v, want %d", i, d["n"], want)
		}
	}
	if len(sorted) != 20 {
		r.Errorf("the page in order has %d documents, want 20", len(sorted))
	}
}

func scans(r *run) {
	if !r.d.Scans {
		return // nothing is refused, as many shows
	}
	s := r.b.Bounded(r.T, 20)
	bounded := &run{T: r.T, b: r.b, d: r.d, s: s}
	bounded.fill(slices.Repeat([]any{1}, 20)...)
	bounded.matches(things, storage.Filter{"v": 1}, span(1, 20)...)
	bounded.insert(things, doc{"id": id(21), "v": 1})
	for _, q := range []storage.Query{{Filter: storage.Filter{"v": 2}}, {OrderBy: "v"}} {
		_, err := s.Select(r.Context(), things, q)
		bounded.is(err, storage.ErrScan)
		bounded.is(err, storage.ErrQuery)
	}
	_, err := s.Count(r.Context(), things, storage.Filter{"v": 2})
	bounded.is(err, storage.ErrScan)
	if got := bounded.query(things, storage.Query{Limit: -1}); len(got) != 21 {
		r.Errorf("all documents: %d, want 21", len(got))
	}
	if got := bounded.count(things, nil); got != 21 {
		r.Errorf("Count of all documents: %d, want 21", got)
	}
	bounded.inserted(bounded.get(things, id(21)), doc{"id": id(21), "v": 1})
	if errors.Is(s.Ping(r.Context()), storage.ErrScan) {
		r.Error("Ping scans")
	}
}
