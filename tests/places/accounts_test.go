package places_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/places"
)

var account = places.AccountFields

// TestQueriesOfShards asks the same of 16 shards and of a Go slice: pages both
// ways, of every order.
func TestQueriesOfShards(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		ctx, accounts := t.Context(), places.NewAccounts(client)
		var list []*places.Account
		begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := range 300 {
			list = append(list, &places.Account{
				ID: fmt.Sprintf("a%03d", i), Email: new(fmt.Sprintf("a%d@example.com", i)), TenantID: fmt.Sprint(i % 7),
				Status: []string{"active", "blocked", "new"}[i%3], Age: i % 40, Tags: []string{fmt.Sprint(i % 5), "all"},
				CreatedAt: begin.Add(time.Duration(i*7919%300) * time.Minute),
			})
		}
		if err := accounts.CreateMany(ctx, list); err != nil {
			t.Fatal(err)
		}
		queries := map[string]struct {
			query *repo.Query[*places.Account, string]
			keep  func(*places.Account) bool
			less  func(a, b *places.Account) int
		}{
			"all":      {accounts.Where(), func(*places.Account) bool { return true }, nil},
			"by age":   {accounts.Where().OrderBy(account.Age.Asc()), func(*places.Account) bool { return true }, func(a, b *places.Account) int { return a.Age - b.Age }},
			"newest":   {accounts.Where(account.Status.Eq("active")).OrderBy(account.CreatedAt.Desc()), func(a *places.Account) bool { return a.Status == "active" }, func(a, b *places.Account) int { return b.CreatedAt.Compare(a.CreatedAt) }},
			"range":    {accounts.Where(account.Age.Between(10, 12)), func(a *places.Account) bool { return a.Age >= 10 && a.Age <= 12 }, nil},
			"tag":      {accounts.Where(account.Tags.Has("3"), account.Age.Lt(20)), func(a *places.Account) bool { return slices.Contains(a.Tags, "3") && a.Age < 20 }, nil},
			"either":   {accounts.Where(repo.Or(account.Status.Eq("new"), account.Age.Gt(37))), func(a *places.Account) bool { return a.Status == "new" || a.Age > 37 }, nil},
			"by email": {accounts.Where(account.Email.In("a5@example.com", "a70@example.com", "nobody")), func(a *places.Account) bool { return a.ID == "a005" || a.ID == "a070" }, nil},
			"none":     {accounts.Where(account.Email.Eq("nobody")), func(a *places.Account) bool { return false }, nil},
		}
		for name, test := range queries {
			var want []*places.Account
			for _, a := range list {
				if test.keep(a) {
					want = append(want, a)
				}
			}
			if n, err := test.query.Count(ctx); err != nil || n != int64(len(want)) {
				t.Errorf("%s: Count = %d, %v, want %d", name, n, err, len(want))
			}
			forward := pages(t, name, want, test.query, test.less, false)
			backward := pages(t, name, want, test.query, test.less, true)
			slices.Reverse(backward)
			if !slices.Equal(forward, backward) {
				t.Errorf("%s: forward %v, backward %v", name, forward, backward)
			}
			var all []string
			for a, err := range test.query.All(ctx) {
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, a.ID)
			}
			if !slices.Equal(all, forward) {
				t.Errorf("%s: All has %v, the pages %v", name, all, forward)
			}
		}
		if v, err := account.Age.Max(ctx, accounts.Where()); err != nil || v != 39 {
			t.Errorf("Max = %d, %v", v, err)
		}
		groups, err := account.Status.CountBy(ctx, accounts.Where())
		if err != nil || len(groups) != 3 || groups[0].Count != 100 {
			t.Errorf("CountBy = %v, %v", groups, err)
		}
		progress, err := accounts.Where(account.Age.Lt(10)).Patch(ctx, account.Status.Set("young"))
		if err != nil || progress.Done != 80 {
			t.Errorf("Patch: %+v, %v", progress, err)
		}
		progress, err = accounts.Where(account.Status.Eq("young")).Delete(ctx)
		if err != nil || progress.Done != 80 {
			t.Errorf("Delete: %+v, %v", progress, err)
		}
		if n, err := accounts.Where().Count(ctx); err != nil || n != 220 {
			t.Errorf("Count = %d, %v", n, err)
		}
	})
}

// pages reads a query page by page and checks what it has and its order.
func pages(t *testing.T, name string, want []*places.Account, q *repo.Query[*places.Account, string], less func(a, b *places.Account) int, backward bool) []string {
	t.Helper()
	var got []*places.Account
	var ids []string
	q = q.Limit(17)
	if backward {
		q = q.Before("")
	}
	for {
		page, err := q.Page(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if backward {
			slices.Reverse(page.Items)
		}
		got = append(got, page.Items...)
		cursor := page.Next
		if backward {
			cursor = page.Prev
		}
		if cursor == "" {
			break
		}
		if q = q.After(cursor); backward {
			q = q.Before(cursor)
		}
	}
	for _, a := range got {
		ids = append(ids, a.ID)
	}
	sorted := slices.Sorted(slices.Values(ids))
	var wanted []string
	for _, a := range want {
		wanted = append(wanted, a.ID)
	}
	slices.Sort(wanted)
	if !slices.Equal(sorted, wanted) {
		t.Errorf("%s: has %d records %v, want %d", name, len(ids), ids, len(wanted))
	}
	if less != nil && !slices.IsSortedFunc(got, func(a, b *places.Account) int {
		if backward {
			return less(b, a)
		}
		return less(a, b)
	}) {
		t.Errorf("%s: not in order: %v", name, ids)
	}
	return ids
}

func TestUniqueAcrossShards(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		ctx, accounts := t.Context(), places.NewAccounts(client)
		first := &places.Account{ID: "1", Email: new("x@example.com"), Name: "Ann", TenantID: "t", Slug: new("s")}
		if err := accounts.Create(ctx, first); err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			var unique *repo.UniqueError
			err := accounts.Create(ctx, &places.Account{ID: fmt.Sprint("other", i), Email: new("x@example.com")})
			if !errors.As(err, &unique) || unique.Owner != "1" || unique.Index != "email" || unique.Value != "x@example.com" {
				t.Fatalf("Create with the email of another: %v", err)
			}
			err = accounts.Save(ctx, &places.Account{ID: fmt.Sprint("other", i), Name: "ANN"})
			if !errors.As(err, &unique) || unique.Owner != "1" || unique.Index != "name" {
				t.Fatalf("Save with the name of another: %v", err)
			}
		}
		if a, err := accounts.GetByEmail(ctx, "x@example.com"); err != nil || a.ID != "1" {
			t.Errorf("GetByEmail = %+v, %v", a, err)
		}
		if err := accounts.Create(ctx, first); !errors.Is(err, repo.ErrExists) {
			t.Errorf("Create of one that exists: %v", err)
		}
		if a, err := accounts.GetByEmail(ctx, "x@example.com"); err != nil || a.ID != "1" {
			t.Errorf("GetByEmail after that = %+v, %v", a, err)
		}
		// What is given up is free at once.
		if err := accounts.Patch(ctx, "1", account.Email.Set("y@example.com")); err != nil {
			t.Fatal(err)
		}
		if _, err := accounts.GetByEmail(ctx, "x@example.com"); !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("GetByEmail of what was given up: %v", err)
		}
		start := time.Now()
		if err := accounts.Save(ctx, &places.Account{ID: "2", Email: new("x@example.com"), TenantID: "t", Slug: new("r")}); err != nil {
			t.Fatal(err)
		}
		if err := accounts.Delete(ctx, "1"); err != nil {
			t.Fatal(err)
		}
		if err := accounts.Patch(ctx, "2", account.Email.Set("y@example.com"), account.Slug.Set("s"), account.Name.Set("Ann")); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 900*time.Millisecond {
			t.Errorf("values that are given up were free after %v", took)
		}
		// Two records of one call with one value.
		many := accounts.CreateMany(ctx, []*places.Account{{ID: "3", Email: new("z")}, {ID: "4", Email: new("z")}, {ID: "5", Email: new("w")}})
		var failed *repo.ManyError
		if !errors.As(many, &failed) || failed.Errs[0] != nil || !errors.Is(failed.Errs[1], repo.ErrUnique) || failed.Errs[2] != nil {
			t.Errorf("CreateMany: %v", many)
		}
		batch := client.Batch()
		six := accounts.In(batch).Create(&places.Account{ID: "6", Email: new("six")})
		seven := accounts.In(batch).Create(&places.Account{ID: "7", Email: new("w")})
		five := accounts.In(batch).Patch("5", account.Visits.Add(1))
		_ = batch.Run(ctx)
		if six.Err != nil || !errors.Is(seven.Err, repo.ErrUnique) || five.Err != nil {
			t.Errorf("Batch: %v, %v, %v", six.Err, seven.Err, five.Err)
		}
	})
}
