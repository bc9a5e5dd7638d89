package behaviour

import (
	"errors"
	"testing"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// A copy of a record that was deleted and created again is as stale as one of
// an older version, though both have the same version.
func TestUpdateAfterDeleteAndCreate(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		stale := newUser("ann")
		must(t, users.Create(t.Context(), stale))
		must(t, users.Delete(t.Context(), stale.ID))
		fresh := newUser("ann")
		fresh.ID = stale.ID
		must(t, users.Create(t.Context(), fresh))

		if err := users.Update(t.Context(), stale); !errors.Is(err, repo.ErrConflict) {
			t.Errorf("Update of the old record: %v", err)
		}
		fresh.Age++
		must(t, users.Update(t.Context(), fresh))
	})
}

// A time that another program wrote, in another form, is no reason to refuse.
func TestUpdateOfForeignTime(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		u := newUser("ann")
		must(t, users.Create(t.Context(), u))
		key := recordKey(client, "users", u.ID)
		must(t, raw(client).HSet(t.Context(), key, "created_at", "2026-01-02T03:04:05Z").Err())
		u, err := users.Get(t.Context(), u.ID)
		must(t, err)
		must(t, users.Update(t.Context(), u))
	})
}
