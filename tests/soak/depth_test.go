package soak

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
)

// pageSize is of the pages whose cost is measured, sample how many there are at
// each depth.
const pageSize, sample = 50, 20

// A page deep down costs what the first one does.
func (s *store) depth(t *testing.T) {
	f := &ItemFields
	for _, q := range []struct {
		name string
		*repo.Query[*Item, string]
	}{
		{"by time, newest first", s.items.Where().OrderBy(f.At.Desc())},
		{"by name, backward", s.items.Where().OrderBy(f.Name.Desc())},
		{"ties", s.items.Where().OrderBy(f.Rank.Asc())},
		{"range", s.items.Where(f.Score.Gte(0))},
		{"three kinds by time", s.items.Where(f.Kind.In("kind1", "kind2", "kind4")).OrderBy(f.At.Asc())},
		{"one kind by time, filtered", s.items.Where(f.Kind.Eq("kind1"), f.Hits.Gte(3)).OrderBy(f.At.Desc())},
	} {
		t.Run(q.name, func(t *testing.T) {
			total, err := q.Count(t.Context())
			must(t, err)
			_, err = q.Page(t.Context()) // tells the server the scripts
			must(t, err)
			var first, cursor cost
			at := 0
			for _, depth := range depths(int(total)/pageSize, len(s.list)) {
				cursor.cursor = s.walk(t, q.Query.After(cursor.cursor), (depth-1-at)*pageSize)
				at = depth - 1 + sample
				cursor = s.pages(t, q.Query.After(cursor.cursor))
				t.Logf("page %6d: %4d µs, on the server %4d µs; %d entries looked at, %d commands", depth, cursor.latency.Microseconds(), cursor.server.Microseconds(), cursor.examined, cursor.commands)
				if depth == 1 {
					first = cursor
				}
				// Each page may find its place by two more commands than the first.
				if cursor.examined > first.examined+first.examined/5 || cursor.commands > first.commands+first.commands/5+3*sample {
					t.Errorf("page %d: %+v, the first %+v", depth, cursor, first)
				}
			}
		})
	}
}

// depths returns at which pages to measure: of a million records the first, the
// 1,000th and the 19,000th, in proportion of others.
func depths(pages, records int) []int {
	var list []int
	for _, d := range []int{1, 1000 * records / 1_000_000, 19_000 * records / 1_000_000} {
		if d = min(d, pages-sample); d > 0 && !slices.Contains(list, d) {
			list = append(list, d)
		}
	}
	return list
}

// walk goes n records further and returns the cursor there.
func (s *store) walk(t *testing.T, q *repo.Query[*Item, string], n int) string {
	t.Helper()
	q = q.Select()
	cursor := ""
	for n > 0 {
		page, err := q.Limit(min(n, 1000)).Page(t.Context())
		must(t, err)
		n -= len(page.Items)
		if cursor = page.Next; cursor == "" {
			t.Fatalf("the end, with %d records to go", n)
		}
		q = q.After(cursor)
	}
	return cursor
}

// cost is what some pages cost, and the cursor behind them. Latency is the
// median, server the processor's time for a page in the mean.
type cost struct {
	latency, server time.Duration
	commands        int
	examined        int64
	cursor          string
}

// pages reads pages and returns what they cost.
func (s *store) pages(t *testing.T, q *repo.Query[*Item, string]) (c cost) {
	t.Helper()
	must(t, s.rdb.Do(t.Context(), "config", "resetstat").Err())
	before, cpu := s.client.Stats(), s.cpu(t)
	var times []time.Duration
	for range sample {
		start := time.Now()
		page, err := q.Limit(pageSize).Page(t.Context())
		times = append(times, time.Since(start))
		must(t, err)
		if len(page.Items) != pageSize || page.Next == "" {
			t.Fatalf("a page of %d records, next %q", len(page.Items), page.Next)
		}
		c.cursor = page.Next
		q = q.After(c.cursor)
	}
	slices.Sort(times)
	c.latency = times[len(times)/2]
	c.examined = s.client.Stats().Examined - before.Examined
	c.server = (s.cpu(t) - cpu) / sample
	c.commands = s.commands(t)
	return c
}

// ties walks through all records in an order in which all are equal.
func (s *store) ties(t *testing.T) {
	f := &ItemFields
	for name, order := range map[string]repo.Order[*Item]{"up": f.Rank.Asc(), "down": f.Rank.Desc()} {
		seen := make(map[string]bool, len(s.list))
		q := s.items.Where().OrderBy(order)
		for id, err := range q.IDs(t.Context()) {
			must(t, err)
			if seen[id] {
				t.Fatalf("%s: %s is seen twice", name, id)
			}
			seen[id] = true
		}
		if len(seen) != len(s.list) {
			t.Errorf("%s: %d of %d seen", name, len(seen), len(s.list))
		}
	}
	// By pages, each of which finds its place among equals.
	want := 0
	for q := s.items.Where(f.Rank.Eq(7)).OrderBy(f.Rank.Asc()).Select(f.Hits).Limit(1000); ; {
		page, err := q.Page(t.Context())
		must(t, err)
		for _, it := range page.Items {
			if id := fmt.Sprintf("%07d", want); it.ID != id {
				t.Fatalf("%s comes where %s should", it.ID, id)
			}
			want++
		}
		if page.Next == "" {
			break
		}
		q = q.After(page.Next)
	}
	if want != len(s.list) {
		t.Errorf("%d of %d seen page by page", want, len(s.list))
	}
}
