package behaviour

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

func newUser(name string) *app.User {
	return &app.User{Username: name, Status: app.Active, Age: 30, Tags: []string{"a", "b"}}
}

func TestCreateAndGet(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		u := newUser("Ann")
		u.Email = new("ann@example.com")
		u.Password = []byte{0, 1, 255}
		u.Metadata = map[string]any{"k": "<v>"}
		if err := users.Create(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		if len(u.ID) != 36 || u.Version != 1 || u.CreatedAt.IsZero() || !u.UpdatedAt.Equal(u.CreatedAt) {
			t.Errorf("not stamped: %+v", u)
		}
		if age := time.Since(u.CreatedAt); age < -time.Minute || age > time.Minute {
			t.Errorf("created_at is %v, now is %v", u.CreatedAt, time.Now())
		}
		got, err := users.Get(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, u) {
			t.Errorf("got  %+v\nwant %+v", got, u)
		}
		if err := users.Create(t.Context(), u); !errors.Is(err, repo.ErrExists) {
			t.Errorf("second Create: %v", err)
		}
		byName, err := users.GetByUsername(t.Context(), "aNN")
		if err != nil || byName.ID != u.ID {
			t.Errorf("GetByUsername: %v, %v", byName, err)
		}
		other := newUser("ANN")
		var unique *repo.UniqueError
		if err := users.Create(t.Context(), other); !errors.As(err, &unique) || unique.Index != "username" || unique.Owner != u.ID || unique.Value != "ANN" {
			t.Errorf("Create with a taken name: %v", err)
		}
		n, err := users.Where(app.UserFields.Tags.Has("A")).Count(t.Context())
		if n != 1 || err != nil {
			t.Errorf("Count = %d, %v", n, err)
		}
		page, err := users.Where(app.UserFields.Status.Eq(app.Active)).OrderBy(app.UserFields.CreatedAt.Desc()).Page(t.Context())
		if err != nil || len(page.Items) != 1 || !reflect.DeepEqual(page.Items[0], u) {
			t.Errorf("Page = %+v, %v", page, err)
		}
		if err := users.Patch(t.Context(), u.ID, app.UserFields.Logins.Add(3), app.UserFields.Email.Clear(), app.UserFields.Username.Set("Bob"), app.UserFields.Status.Set(app.Blocked)); err != nil {
			t.Fatal(err)
		}
		got, err = users.Get(t.Context(), u.ID)
		if err != nil || got.Logins != 3 || got.Email != nil || got.Username != "Bob" || got.Version != 2 {
			t.Errorf("after Patch: %+v, %v", got, err)
		}
		if err := users.Update(t.Context(), u); !errors.Is(err, repo.ErrConflict) {
			t.Errorf("Update of an old version: %v", err)
		}
		if err := users.Delete(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
		if left := keys(t, client); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	})
}
