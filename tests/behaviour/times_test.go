package behaviour

import (
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// Records that come from elsewhere keep their times, whether they are new or replace others.
func TestKeepTimes(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := app.NewUsers(client), app.UserFields
		first := time.Date(2001, 2, 3, 4, 5, 6, 7000, time.UTC)
		u := newUser("ann")
		u.CreatedAt, u.UpdatedAt = first, first.Add(time.Hour)
		must(t, users.Create(t.Context(), u, repo.KeepTimes()))
		check := func(name string, created, updated time.Time) {
			t.Helper()
			got, err := users.Get(t.Context(), u.ID)
			must(t, err)
			for _, v := range []*app.User{u, got} {
				if !v.CreatedAt.Equal(created) || !v.UpdatedAt.Equal(updated) {
					t.Errorf("%s: created %v, updated %v; want %v, %v", name, v.CreatedAt, v.UpdatedAt, created, updated)
				}
			}
			n, err := users.Where(f.CreatedAt.Eq(created)).Count(t.Context())
			if must(t, err); n != 1 {
				t.Errorf("%s: %d users are found by the time", name, n)
			}
		}
		check("Create", first, first.Add(time.Hour))

		u.CreatedAt, u.UpdatedAt = first.Add(time.Minute), first.Add(2*time.Hour)
		must(t, users.Save(t.Context(), u, repo.KeepTimes()))
		check("Save", first.Add(time.Minute), first.Add(2*time.Hour))
		u.CreatedAt, u.UpdatedAt = first, first.Add(3*time.Hour)
		must(t, users.SaveMany(t.Context(), []*app.User{u}, repo.KeepTimes()))
		check("SaveMany", first, first.Add(3*time.Hour))

		u.CreatedAt = first.Add(time.Minute)
		must(t, users.Save(t.Context(), u))
		if !u.CreatedAt.Equal(first) || time.Since(u.UpdatedAt) > time.Hour {
			t.Errorf("without the option: created %v, updated %v", u.CreatedAt, u.UpdatedAt)
		}

		fresh := newUser("bob")
		must(t, users.Create(t.Context(), fresh, repo.KeepTimes()))
		if time.Since(fresh.CreatedAt) > time.Hour || !fresh.UpdatedAt.Equal(fresh.CreatedAt) {
			t.Errorf("times that are not set: created %v, updated %v", fresh.CreatedAt, fresh.UpdatedAt)
		}
	})
}
