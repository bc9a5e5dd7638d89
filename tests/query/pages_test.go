package query

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/redisgen/redisgen/repo"
)

// askPages walks forward page by page, back again, and then jumps between the pages it has seen.
func (w *world) askPages(q *question, query *repo.Query[*record, string], want []*record, rng *rand.Rand) error {
	query = query.Limit(q.limit)
	pages, err := w.forward(query, q.limit)
	if err != nil {
		return err
	}
	var got []*record
	for _, p := range pages {
		got = append(got, p.Items...)
	}
	if err := w.compare(q, got, want, len(want)); err != nil {
		return err
	}
	if err := w.back(query, pages); err != nil {
		return err
	}
	for range min(4, len(pages)-1) {
		i := rng.IntN(len(pages) - 1)
		if err := w.reaches(query.After(pages[i].Next), pages, i+1); err != nil {
			return fmt.Errorf("on from page %d: %w", i, err)
		}
		if err := w.reaches(query.Before(pages[i+1].Prev), pages, i); err != nil {
			return fmt.Errorf("back from page %d: %w", i+1, err)
		}
	}
	return nil
}

// forward returns all pages of a query.
func (w *world) forward(query *repo.Query[*record, string], limit int) ([]repo.Page[*record], error) {
	var pages []repo.Page[*record]
	for cursor := ""; ; {
		page, err := query.After(cursor).Page(w.ctx)
		if err != nil {
			return nil, fmt.Errorf("page %d: %w", len(pages), err)
		}
		if len(page.Items) > limit || page.Next != "" && len(page.Items) < limit {
			return nil, fmt.Errorf("page %d has %d records, next %q", len(pages), len(page.Items), page.Next)
		}
		if (page.Prev != "") != (len(pages) > 0) {
			return nil, fmt.Errorf("page %d has %q for the one before", len(pages), page.Prev)
		}
		pages = append(pages, page)
		if cursor = page.Next; cursor == "" {
			return pages, nil
		}
	}
}

// back walks from the last page to the first, and a step beyond that if there seems to be more.
func (w *world) back(query *repo.Query[*record, string], pages []repo.Page[*record]) error {
	cursor := pages[len(pages)-1].Prev
	for i := len(pages) - 2; cursor != ""; i-- {
		page, err := query.Before(cursor).Page(w.ctx)
		if err != nil {
			return err
		}
		var want []string
		if i >= 0 {
			want = ids(pages[i].Items)
		}
		if got := ids(page.Items); !slices.Equal(got, want) {
			return fmt.Errorf("back from page %d: got %q, want %q", i+1, got, want)
		}
		if page.Next == "" && i >= 0 || page.Prev == "" && i > 0 || page.Prev != "" && i < 0 {
			return fmt.Errorf("back from page %d: prev %q, next %q", i+1, page.Prev, page.Next)
		}
		cursor = page.Prev
	}
	return nil
}

// reaches fails unless a query's page is the one that it was at first.
func (w *world) reaches(query *repo.Query[*record, string], pages []repo.Page[*record], i int) error {
	page, err := query.Page(w.ctx)
	if err != nil {
		return err
	}
	if got, want := ids(page.Items), ids(pages[i].Items); !slices.Equal(got, want) {
		return fmt.Errorf("got %q, want page %d: %q", got, i, want)
	}
	if page.Prev == "" && i > 0 || page.Next == "" && i < len(pages)-1 {
		return fmt.Errorf("page %d of %d has prev %q, next %q", i, len(pages), page.Prev, page.Next)
	}
	return nil
}
