package placed

import (
	"context"
	"fmt"
	"strings"

	"github.com/redisgen/redisgen/repo"
)

// stored is how many records reads find, and page how many a page has.
const (
	stored = 5000
	page   = 50
)

// subject is an entity of so many shards, and what is done with it: each
// operation with a number that rises.
type subject struct {
	shards     int
	fill       func(context.Context) error
	operations []operation
}

type operation struct {
	name string
	run  func(ctx context.Context, i int) error
}

var text = strings.Repeat("x", 200)

func record(kind string, i int) Base {
	id := fmt.Sprintf("%s%d", kind, i)
	return Base{ID: id, Email: id + "@example.com", Status: fmt.Sprint("s", i%10), Score: int64(i), Text: text}
}

// subjects returns the entities of a client.
func subjects(client *repo.Client) []subject {
	return []subject{
		of(1, &NewOnes(client).Repository, func(b Base) *One { return &One{b} }, OneFields.Status, OneFields.Score, OneFields.Email),
		of(4, &NewFours(client).Repository, func(b Base) *Four { return &Four{b} }, FourFields.Status, FourFields.Score, FourFields.Email),
		of(16, &NewSixteens(client).Repository, func(b Base) *Sixteen { return &Sixteen{b} }, SixteenFields.Status, SixteenFields.Score, SixteenFields.Email),
		of(64, &NewSixtyfours(client).Repository, func(b Base) *SixtyFour { return &SixtyFour{b} }, SixtyFourFields.Status, SixtyFourFields.Score, SixtyFourFields.Email),
	}
}

func of[T any](shards int, r *repo.Repository[*T, string], wrap func(Base) *T,
	status *repo.EqualField[*T, string], score *repo.RangeNumber[*T, int64], email *repo.EqualField[*T, string],
) subject {
	id := func(i int) string { return fmt.Sprint("r", i%stored) }
	drop := func(_ any, err error) error { return err }
	many := func(kind string, from, n int) []*T {
		list := make([]*T, n)
		for i := range list {
			list[i] = wrap(record(kind, from+i))
		}
		return list
	}
	return subject{shards, func(ctx context.Context) error { return r.CreateMany(ctx, many("r", 0, stored)) }, []operation{
		{"Get", func(ctx context.Context, i int) error { return drop(r.Get(ctx, id(i))) }},
		{"GetMany of 50", func(ctx context.Context, i int) error {
			keys := make([]string, page)
			for j := range keys {
				keys[j] = id(i*page + j)
			}
			return drop(r.GetMany(ctx, keys...))
		}},
		{"GetByEmail", func(ctx context.Context, i int) error {
			return drop(r.GetUnique(ctx, 0, func(row *repo.Row) { row.String(id(i) + "@example.com") }))
		}},
		{"Create", func(ctx context.Context, i int) error { return r.Create(ctx, wrap(record("c", i))) }},
		{"CreateMany of 1000", func(ctx context.Context, i int) error { return r.CreateMany(ctx, many("m", 1000*i, 1000)) }},
		{"Patch", func(ctx context.Context, i int) error { return r.Patch(ctx, id(i), score.Set(int64(i))) }},
		{"Patch of a unique value", func(ctx context.Context, i int) error { return r.Patch(ctx, id(i), email.Set(fmt.Sprint("moved", i))) }},
		{"Page of 50 in order", func(ctx context.Context, i int) error {
			return drop(r.Where().OrderBy(score.Desc()).Limit(page).Page(ctx))
		}},
		{"Page of 50 by an index", func(ctx context.Context, i int) error {
			return drop(r.Where(status.Eq(fmt.Sprint("s", i%10))).Limit(page).Page(ctx))
		}},
		{"Count by an index", func(ctx context.Context, i int) error {
			return drop(r.Where(status.Eq(fmt.Sprint("s", i%10))).Count(ctx))
		}},
	}}
}
