package behaviour

import (
	"errors"
	"testing"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

func TestUnique(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := app.NewUsers(client), app.UserFields
		ann, bob := richUser("ann"), newUser("Bob")
		bob.ID, bob.Email = "bob", new("bob@example.com")
		must(t, users.CreateMany(t.Context(), []*app.User{ann, bob}))
		before := snapshot(t, client)

		take := newUser("ANN")
		_, mutated := users.Mutate(t.Context(), "bob", func(u *app.User) error { u.Username = "aNn"; return nil })
		renamed := *bob
		renamed.Username = "ANN"
		for name, err := range map[string]error{
			"Create": users.Create(t.Context(), take), "Save": users.Save(t.Context(), take),
			"Update": users.Update(t.Context(), &renamed), "Mutate": mutated,
			"Patch":      users.Patch(t.Context(), "bob", f.Username.Set("ANN"), f.Logins.Add(1)),
			"CreateMany": users.CreateMany(t.Context(), []*app.User{take}),
		} {
			var unique *repo.UniqueError
			if !errors.Is(err, repo.ErrUnique) || !errors.As(err, &unique) {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if unique.Entity != "users" || unique.Index != "username" || unique.Owner != "ann" || !(unique.Value == "ANN" || unique.Value == "aNn") {
				t.Errorf("%s: %+v", name, *unique)
			}
		}
		err := users.Patch(t.Context(), "bob", f.Email.Set("ann@example.com"))
		var unique *repo.UniqueError
		if !errors.As(err, &unique) || unique.Index != "email" || unique.Value != "ann@example.com" {
			t.Errorf("Patch of the email: %v", err)
		}
		wantSame(t, "after refused writes", snapshot(t, client), before)

		// One may keep and rewrite one's own value, and pass it on.
		must(t, users.Patch(t.Context(), "ann", f.Username.Set("ANN")))
		must(t, users.Patch(t.Context(), "ann", f.Username.Set("Cid"), f.Email.Clear()))
		must(t, users.Patch(t.Context(), "bob", f.Username.Set("Ann"), f.Email.Set("ann@example.com")))
		must(t, users.Delete(t.Context(), "bob"))
		must(t, users.Create(t.Context(), newUser("ann")))
		wantCount(t, "by a unique value", users.Where(f.Username.Eq("CID")), 1)
		wantCount(t, "by nobody's value", users.Where(f.Username.Eq("bob")), 0)
		if got := list(t, users.Where(f.Username.Eq("cid"))); len(got) != 1 || got[0].ID != "ann" {
			t.Errorf("by a unique value: %v", got)
		}
	})
}

// A group is one claim, and a group that is not complete claims nothing.
func TestUniqueGroup(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		sessions, f := app.NewSessions(client), app.SessionFields
		make := func(device, origin string) *app.Session {
			s := &app.Session{UserID: "u", Device: device, Origin: origin}
			must(t, sessions.Create(t.Context(), s))
			return s
		}
		a := make("ab", "c")
		b := make("a", "bc") // other parts with the same join
		for range 2 {
			make("ab", "")
			make("", "c")
			make("", "")
		}
		var unique *repo.UniqueError
		if err := sessions.Create(t.Context(), &app.Session{Device: "ab", Origin: "c"}); !errors.As(err, &unique) || unique.Index != "login" || unique.Owner != a.ID.String() {
			t.Errorf("a complete group: %v", err)
		}
		if got, err := sessions.GetByDeviceAndOrigin(t.Context(), "a", "bc"); err != nil || got.ID != b.ID {
			t.Errorf("GetByDeviceAndOrigin = %+v, %v", got, err)
		}
		_, err := sessions.GetByDeviceAndOrigin(t.Context(), "ab", "")
		wantErr(t, "a group that is not complete", err, repo.ErrNotFound)

		// Clearing one part frees the whole; setting it claims the whole.
		must(t, sessions.Patch(t.Context(), a.ID, f.Origin.Clear()))
		must(t, sessions.Patch(t.Context(), b.ID, f.Device.Set("ab"), f.Origin.Set("c")))
		wantErr(t, "to complete a group that is taken", sessions.Patch(t.Context(), a.ID, f.Origin.Set("c")), repo.ErrUnique)
		must(t, sessions.Patch(t.Context(), a.ID, f.Origin.Set("d")))
		if got, err := sessions.GetByDeviceAndOrigin(t.Context(), "ab", "d"); err != nil || got.ID != a.ID {
			t.Errorf("GetByDeviceAndOrigin = %+v, %v", got, err)
		}
		wantCount(t, "by both parts", sessions.Where(f.Origin.Eq("c"), f.Device.Eq("ab")), 1)
	})
}

func TestFold(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := app.NewUsers(client), app.UserFields
		for _, c := range []struct{ stored, asked string }{
			{"straße", "STRAẞE"}, {"ÅNGSTRÖM", "ångström"}, {"kelvin", "\u212aelvin"}, {"ſ", "S"}, {"ΣΊΣΥΦΟΣ", "σίσυφος"},
			{"ǅ", "ǆ"}, {"\xffA", "\xffa"}, {"", ""}, {"é\x00É", "É\x00é"},
		} {
			u := newUser(c.stored)
			u.Nickname, u.Tags = "nick"+c.stored, nil
			if c.stored[:min(1, len(c.stored))] != "\xff" {
				u.Tags = []string{c.stored}
			}
			must(t, users.Create(t.Context(), u))
			if got, err := users.GetByUsername(t.Context(), c.asked); err != nil || got.ID != u.ID || got.Username != c.stored {
				t.Errorf("GetByUsername(%q) = %+v, %v", c.asked, got, err)
			}
			wantErr(t, "the same name in another case", users.Create(t.Context(), newUser(c.asked)), repo.ErrUnique)
			if u.Tags != nil {
				wantCount(t, "by tag "+c.asked, users.Where(f.Tags.Has(c.asked)), 1)
			}
			wantCount(t, "by nickname "+c.asked, users.Where(f.Nickname.Eq("NICK"+c.asked)), 1)
			// To a value that folds to itself and back: the folded value goes and comes.
			must(t, users.Patch(t.Context(), u.ID, f.Username.Set("plain"), f.Nickname.Set("plain"), f.Tags.Set([]string{"plain"})))
			_, err := users.GetByUsername(t.Context(), c.asked)
			wantErr(t, "the old name", err, repo.ErrNotFound)
			must(t, users.Patch(t.Context(), u.ID, f.Username.Set(c.asked), f.Nickname.Set(c.asked), f.Tags.Clear()))
			if got, err := users.GetByUsername(t.Context(), c.stored); err != nil || got.Username != c.asked {
				t.Errorf("GetByUsername(%q) = %+v, %v", c.stored, got, err)
			}
			must(t, users.Delete(t.Context(), u.ID))
			wantEmpty(t, client)
		}
	})
}
