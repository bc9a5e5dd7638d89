package behaviour

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// manyErrs returns the results of the items of an operation that failed.
func manyErrs(t *testing.T, err error) []error {
	t.Helper()
	var many *repo.ManyError
	if !errors.As(err, &many) {
		t.Fatalf("%v is no *ManyError", err)
	}
	return many.Errs
}

func crowd(n int) []*app.User {
	users := make([]*app.User, n)
	for i := range users {
		users[i] = newUser(fmt.Sprintf("user%04d", i))
		users[i].Age = i
	}
	return users
}

func TestManyReportEachItem(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		must(t, users.Create(t.Context(), richUser("taken")))
		list := crowd(250)
		list[3].Username = "ANN"             // somebody's
		list[120].Age = -1                   // invalid
		list[130].Status = "x"               // no constant
		list[240].ID = "taken"               // exists
		list[249].Username = "USER0" + "000" // that of the first
		errs := manyErrs(t, users.CreateMany(t.Context(), list, repo.Parallel(3)))
		if len(errs) != len(list) {
			t.Fatalf("%d results for %d items", len(errs), len(list))
		}
		// The order of two calls at the same time is open.
		if (errs[0] == nil) == (errs[249] == nil) {
			t.Errorf("of two items with the same name one must win: %v, %v", errs[0], errs[249])
		}
		want := map[int]error{3: repo.ErrUnique, 120: app.ErrAge, 130: repo.ErrEnum, 240: repo.ErrExists}
		for i, err := range errs {
			switch {
			case i == 0 || i == 249:
			case want[i] != nil:
				wantErr(t, fmt.Sprint("item ", i), err, want[i])
			case err != nil:
				t.Errorf("item %d: %v", i, err)
			case list[i].Version != 1 || list[i].ID == "" || list[i].CreatedAt.IsZero():
				t.Errorf("item %d is not stamped: %+v", i, list[i])
			}
		}
		wantCount(t, "all", users.Where(), 250-4-1+1)

		var ids []string
		for i, u := range list {
			if errs[i] == nil {
				u.Age += 1000
				ids = append(ids, u.ID)
			}
		}
		must(t, users.Delete(t.Context(), "taken"))
		ids = append(ids, "absent")
		errs = manyErrs(t, users.DeleteMany(t.Context(), ids, repo.Parallel(2)))
		for i, err := range errs {
			if ids[i] == "absent" {
				wantErr(t, "DeleteMany of no record", err, repo.ErrNotFound)
			} else if err != nil {
				t.Errorf("item %d: %v", i, err)
			}
		}
		wantEmpty(t, client)
	})
}

func TestSaveMany(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		list := crowd(350)
		must(t, users.SaveMany(t.Context(), list, repo.Parallel(4)))
		for _, u := range list {
			u.Age += 1000
		}
		must(t, users.SaveMany(t.Context(), list))
		var ids []string
		for _, u := range list {
			if u.Version != 2 {
				t.Fatalf("version is %d, want 2", u.Version)
			}
			ids = append(ids, u.ID)
		}
		got, err := users.GetMany(t.Context(), ids...)
		if err != nil || !reflect.DeepEqual(got, list) {
			t.Errorf("GetMany returns something else: %v", err)
		}
		wantCount(t, "by the old ages", users.Where(app.UserFields.Age.Lt(1000)), 0)
		wantCount(t, "by the new ages", users.Where(app.UserFields.Age.Gte(1000)), 350)
		must(t, users.DeleteMany(t.Context(), ids))
		wantEmpty(t, client)
	})
}

// Items with the same key take effect in their order.
func TestManyOfOneKey(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		var list []*app.User
		for i := range 25 {
			u := newUser(fmt.Sprint("name", i%5))
			u.ID, u.Age = fmt.Sprint(i%5), i
			list = append(list, u)
		}
		must(t, users.SaveMany(t.Context(), list, repo.Parallel(4)))
		for i := range 5 {
			wantUser(t, users, list[20+i])
			if list[20+i].Version != 5 {
				t.Errorf("version is %d, want 5", list[20+i].Version)
			}
		}
		errs := manyErrs(t, users.CreateMany(t.Context(), []*app.User{newUser("x"), newUser("y"), list[0]}))
		if errs[0] != nil || errs[1] != nil || !errors.Is(errs[2], repo.ErrExists) {
			t.Errorf("CreateMany: %v", errs)
		}
		same := newUser("z")
		errs = manyErrs(t, users.CreateMany(t.Context(), []*app.User{same, same}))
		if errs[0] != nil || !errors.Is(errs[1], repo.ErrExists) {
			t.Errorf("CreateMany of one record twice: %v", errs)
		}
		errs = manyErrs(t, users.DeleteMany(t.Context(), []string{"1", "1", "2"}))
		if errs[0] != nil || !errors.Is(errs[1], repo.ErrNotFound) || errs[2] != nil {
			t.Errorf("DeleteMany of one key twice: %v", errs)
		}
	})
}

// A value that one item gives up is another's in the same call.
func TestManyPassUniqueValues(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		a, b := newUser("a"), newUser("b")
		a.ID, b.ID = "1", "2"
		must(t, users.CreateMany(t.Context(), []*app.User{a, b}))
		a.Username, b.Username = "c", "a"
		must(t, users.SaveMany(t.Context(), []*app.User{a, b}))
		for name, id := range map[string]string{"c": "1", "a": "2"} {
			if got, err := users.GetByUsername(t.Context(), name); err != nil || got.ID != id {
				t.Errorf("GetByUsername(%s) = %+v, %v", name, got, err)
			}
		}
		_, err := users.GetByUsername(t.Context(), "b")
		wantErr(t, "the name that both gave up", err, repo.ErrNotFound)

		x, y := newUser("same"), newUser("SAME")
		errs := manyErrs(t, users.CreateMany(t.Context(), []*app.User{x, y}))
		var unique *repo.UniqueError
		if errs[0] != nil || !errors.As(errs[1], &unique) || unique.Owner != x.ID {
			t.Errorf("two items with one name: %v", errs)
		}
		must(t, users.DeleteMany(t.Context(), []string{"1", "2", x.ID}))
		wantEmpty(t, client)
	})
}

func TestManyOfNothing(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		must(t, users.CreateMany(t.Context(), nil))
		must(t, users.SaveMany(t.Context(), []*app.User{}))
		must(t, users.DeleteMany(t.Context(), nil))
		must(t, client.Batch().Run(t.Context()))
	})
}
