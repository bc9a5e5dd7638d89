package behaviour

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

func newUser(name string) *app.User {
	return &app.User{Username: name, Status: app.Active, Age: 30, Tags: []string{"a", "b"}}
}

// richUser returns a user that has every field.
func richUser(id string) *app.User {
	u := newUser("Ann")
	u.ID, u.Email, u.Nickname = id, new("ann@example.com"), "Annie"
	u.Password, u.Balance, u.Logins = []byte{0, 1, 255}, -0.1, 1<<53+1
	u.Metadata = map[string]any{"k": "<v>", "n": nil, "list": []any{1.5, "x"}}
	return u
}

func wantUser(t *testing.T, users *app.Users, want *app.User) {
	t.Helper()
	got, err := users.Get(t.Context(), want.ID)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Get = %+v, %v\nwant  %+v", got, err, want)
	}
}

func TestCreate(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		u := richUser("")
		must(t, users.Create(t.Context(), u))
		if len(u.ID) != 36 || u.Version != 1 || u.CreatedAt.IsZero() || !u.UpdatedAt.Equal(u.CreatedAt) {
			t.Errorf("not stamped: %+v", u)
		}
		if age := time.Since(u.CreatedAt); age < -time.Minute || age > time.Minute {
			t.Errorf("created_at is %v, now is %v", u.CreatedAt, time.Now())
		}
		wantUser(t, users, u)

		before := snapshot(t, client)
		again := *u
		again.Username, again.Email = "other", nil
		err := users.Create(t.Context(), &again)
		wantErr(t, "Create of a record that exists", err, repo.ErrExists)
		if !strings.Contains(err.Error(), "Create users") || !strings.Contains(err.Error(), u.ID) {
			t.Errorf("the error does not name the record: %v", err)
		}
		wantSame(t, "after a refused Create", snapshot(t, client), before)
	})
}

func TestExists(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		must(t, users.Create(t.Context(), richUser("7")))
		for id, want := range map[string]bool{"7": true, "8": false, "": false} {
			if got, err := users.Exists(t.Context(), id); got != want || err != nil {
				t.Errorf("Exists(%q) = %v, %v", id, got, err)
			}
		}
	})
}

func TestGet(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		a, b := richUser("a"), newUser("b")
		b.ID = "b"
		must(t, users.CreateMany(t.Context(), []*app.User{a, b}))
		_, err := users.Get(t.Context(), "absent")
		wantErr(t, "Get of no record", err, repo.ErrNotFound)
		got, err := users.GetMany(t.Context(), "b", "absent", "a", "b")
		if want := []*app.User{b, nil, a, b}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("GetMany = %+v, %v", got, err)
		}
		if got, err := users.GetMany(t.Context()); len(got) != 0 || err != nil {
			t.Errorf("GetMany of no keys = %v, %v", got, err)
		}
		for name, get := range map[string]func() (*app.User, error){
			"GetByUsername": func() (*app.User, error) { return users.GetByUsername(t.Context(), "aNN") },
			"GetByEmail":    func() (*app.User, error) { return users.GetByEmail(t.Context(), "ann@example.com") },
		} {
			if got, err := get(); err != nil || !reflect.DeepEqual(got, a) {
				t.Errorf("%s = %+v, %v", name, got, err)
			}
		}
		_, err = users.GetByEmail(t.Context(), "ANN@example.com")
		wantErr(t, "GetByEmail of another case, without fold", err, repo.ErrNotFound)
	})
}

func TestGetManyOfThousands(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		tokens := app.NewTokens(client) // sliding: two commands a record
		const n = 1300
		var many []*app.Token
		var numbers []int64
		for i := range int64(n) {
			many, numbers = append(many, &app.Token{Number: i, Serial: -i}), append(numbers, n-1-i)
		}
		must(t, tokens.SaveMany(t.Context(), many))
		got, err := tokens.GetMany(t.Context(), numbers...)
		slices.Reverse(many)
		if err != nil || !reflect.DeepEqual(got, many) {
			t.Errorf("GetMany returned %d records, %v", len(got), err)
		}
	})
}

func TestSaveRemovesWhatIsAbsent(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		rich := richUser("7")
		must(t, users.Save(t.Context(), rich))
		record := recordKey(client, "users", "7")
		must(t, raw(client).HSet(t.Context(), record, "note", "by another program").Err())

		poor := &app.User{ID: "7", Username: "Bob", Status: app.Blocked}
		must(t, users.Save(t.Context(), poor))
		if poor.Version != 2 || !poor.CreatedAt.Equal(rich.CreatedAt) {
			t.Errorf("Save over a record: version %d, created %v, want 2 and %v", poor.Version, poor.CreatedAt, rich.CreatedAt)
		}
		wantUser(t, users, poor)
		fields, err := raw(client).HKeys(t.Context(), record).Result()
		must(t, err)
		fields = slices.DeleteFunc(fields, func(name string) bool { return name[0] == '^' }) // the stamps of claims
		slices.Sort(fields)
		want := []string{"age", "balance", "created_at", "id", "logins", "note", "status", "updated_at", "username", "version", "~username"}
		if !slices.Equal(fields, want) {
			t.Errorf("stored fields\n%q, want\n%q", fields, want)
		}
		_, err = users.GetByEmail(t.Context(), "ann@example.com")
		wantErr(t, "GetByEmail of what is removed", err, repo.ErrNotFound)
		must(t, users.Delete(t.Context(), "7"))
		wantEmpty(t, client)
	})
}

// Whatever the way to a record, the keyspace is what creating it makes.
func TestWaysToTheSameKeyspace(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	config := repo.Config{Clock: func() time.Time { return now }}
	other := func() *app.User {
		u := newUser("Zoë")
		u.ID, u.Nickname, u.Status, u.Tags, u.Age, u.Balance = "7", "Q", app.Blocked, []string{"B", "c"}, 5, 1e300
		return u
	}
	ways := map[string]func(t *testing.T, users *app.Users){
		"create": func(t *testing.T, users *app.Users) { must(t, users.Create(t.Context(), richUser("7"))) },
		"save":   func(t *testing.T, users *app.Users) { must(t, users.Save(t.Context(), richUser("7"))) },
		"save over": func(t *testing.T, users *app.Users) {
			must(t, users.Create(t.Context(), other()))
			must(t, users.Save(t.Context(), richUser("7")))
		},
		"update": func(t *testing.T, users *app.Users) {
			must(t, users.Create(t.Context(), other()))
			u := richUser("7")
			u.Version = 1
			must(t, users.Update(t.Context(), u))
		},
		"mutate": func(t *testing.T, users *app.Users) {
			must(t, users.Create(t.Context(), other()))
			_, err := users.Mutate(t.Context(), "7", func(u *app.User) error {
				version := u.Version
				*u = *richUser("7")
				u.Version = version
				return nil
			})
			must(t, err)
		},
		"patch": func(t *testing.T, users *app.Users) {
			must(t, users.Create(t.Context(), other()))
			u, f := richUser("7"), app.UserFields
			must(t, users.Patch(t.Context(), "7", f.Username.Set(u.Username), f.Email.Set(*u.Email), f.Status.Set(u.Status),
				f.Age.Add(25), f.Tags.Set(u.Tags), f.Password.Set(u.Password), f.Logins.Add(u.Logins), f.Balance.Set(u.Balance),
				f.Nickname.Set(u.Nickname), f.Metadata.Set(u.Metadata)))
		},
		"delete and create": func(t *testing.T, users *app.Users) {
			must(t, users.Create(t.Context(), other()))
			must(t, users.Delete(t.Context(), "7"))
			must(t, users.Create(t.Context(), richUser("7")))
		},
	}
	eachConfig(t, config, func(t *testing.T, client *repo.Client) {
		var want map[string]string
		for _, name := range append([]string{"create"}, slices.Sorted(maps.Keys(ways))...) {
			users := app.NewUsers(client)
			ways[name](t, users)
			// The number of writes may differ, and nothing else.
			must(t, raw(client).HSet(t.Context(), recordKey(client, "users", "7"), "version", 1).Err())
			got := snapshot(t, client)
			if want == nil {
				want = got
			}
			wantSame(t, name, got, want)
			must(t, users.Delete(t.Context(), "7"))
			wantEmpty(t, client)
		}
	})
}

func TestUpdate(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		u := richUser("7")
		wantErr(t, "Update of no record", users.Update(t.Context(), u), repo.ErrNotFound)
		wantErr(t, "Update without a key", users.Update(t.Context(), richUser("")), repo.ErrNoKey)
		wantEmpty(t, client)

		must(t, users.Create(t.Context(), u))
		first, second := *u, *u
		first.Age, second.Age = 31, 32
		must(t, users.Update(t.Context(), &first))
		if first.Version != 2 {
			t.Errorf("version is %d after an Update, want 2", first.Version)
		}
		before := snapshot(t, client)
		wantErr(t, "Update of an old version", users.Update(t.Context(), &second), repo.ErrConflict)
		if second.Version != 1 {
			t.Errorf("a refused Update set the version to %d", second.Version)
		}
		wantSame(t, "after a refused Update", snapshot(t, client), before)

		memberships := app.NewMemberships(client) // no version: the last one wins
		m := &app.Membership{Group: "g", User: "u", Rank: new(int32(1))}
		wantErr(t, "Update of no membership", memberships.Update(t.Context(), m), repo.ErrNotFound)
		must(t, memberships.Create(t.Context(), m))
		must(t, memberships.Update(t.Context(), &app.Membership{Group: "g", User: "u"}))
		got, err := memberships.Get(t.Context(), app.MembershipKey{Group: "g", User: "u"})
		if err != nil || got.Rank != nil {
			t.Errorf("Get = %+v, %v", got, err)
		}
		must(t, memberships.Delete(t.Context(), app.MembershipKey{Group: "g", User: "u"}))
		must(t, users.Delete(t.Context(), "7"))
		wantEmpty(t, client)
	})
}

func TestDelete(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, sessions, tokens := app.NewUsers(client), app.NewSessions(client), app.NewTokens(client)
		u, s := richUser("7"), &app.Session{UserID: "7", Device: "d", Origin: "o"}
		must(t, users.Create(t.Context(), u))
		must(t, sessions.Create(t.Context(), s))
		must(t, tokens.Create(t.Context(), &app.Token{Number: -7, UserID: "7", Serial: -1}))
		must(t, users.Delete(t.Context(), "7"))
		must(t, sessions.Delete(t.Context(), s.ID))
		must(t, tokens.Delete(t.Context(), -7))
		wantEmpty(t, client)
		wantErr(t, "the second Delete", users.Delete(t.Context(), "7"), repo.ErrNotFound)
		wantErr(t, "the second Delete", sessions.Delete(t.Context(), s.ID), repo.ErrNotFound)
	})
}

func TestNilItems(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		b := client.Batch()
		saved := users.In(b).Save(nil)
		for name, err := range map[string]error{
			"Create": users.Create(t.Context(), nil),
			"Save":   users.Save(t.Context(), nil),
			"Update": users.Update(t.Context(), nil),
			"Batch":  b.Run(t.Context()),
			"Result": saved.Err,
		} {
			if err == nil {
				t.Errorf("%s of nil succeeded", name)
			}
		}
		err := users.SaveMany(t.Context(), []*app.User{richUser("7"), nil})
		if errs := manyErrs(t, err); errs[0] != nil || errs[1] == nil {
			t.Errorf("SaveMany of a record and nil: %v", err)
		}
	})
}
