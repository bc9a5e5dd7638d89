package behaviour

import (
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

func TestPatch(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := app.NewUsers(client), app.UserFields
		u := richUser("7")
		must(t, users.Create(t.Context(), u))
		must(t, users.Patch(t.Context(), "7", f.Logins.Add(-1), f.Email.Clear(), f.Username.Set("Bob"), f.Status.Set(app.Blocked),
			f.Nickname.Set(""), f.Tags.Set(nil), f.Balance.Add(0.3)))
		got, err := users.Get(t.Context(), "7")
		must(t, err)
		if !got.UpdatedAt.After(u.UpdatedAt) {
			t.Errorf("updated_at was %v and is %v", u.UpdatedAt, got.UpdatedAt)
		}
		want := *u
		want.Logins, want.Email, want.Username, want.Status, want.Version = 1<<53, nil, "Bob", app.Blocked, 2
		want.Nickname, want.Tags, want.Balance, want.UpdatedAt = "", nil, u.Balance+0.3, got.UpdatedAt
		wantUser(t, users, &want)

		before := snapshot(t, client)
		for name, changes := range map[string][]repo.Change[*app.User]{
			"nothing":   nil,
			"twice":     {f.Age.Set(1), f.Age.Add(1)},
			"bad enum":  {f.Age.Set(1), f.Status.Set("x")},
			"bad range": {f.Age.Set(1 << 60)},
		} {
			if err := users.Patch(t.Context(), "7", changes...); err == nil {
				t.Errorf("Patch of %s succeeded", name)
			}
		}
		wantErr(t, "Patch to no constant", users.Patch(t.Context(), "7", f.Status.Set("x")), repo.ErrEnum)
		wantSame(t, "after refused patches", snapshot(t, client), before)
		must(t, users.Delete(t.Context(), "7"))
		wantEmpty(t, client)
	})
}

// A patch may leave nothing to set.
func TestPatchThatOnlyClears(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		memberships := app.NewMemberships(client)
		key := app.MembershipKey{Group: "g", User: "u"}
		must(t, memberships.Create(t.Context(), &app.Membership{Group: "g", User: "u", Rank: new(int32(3)), Since: new(time.Now())}))
		must(t, memberships.Patch(t.Context(), key, app.MembershipFields.Rank.Clear(), app.MembershipFields.Since.Clear()))
		got, err := memberships.Get(t.Context(), key)
		if err != nil || got.Rank != nil || got.Since != nil {
			t.Errorf("Get = %+v, %v", got, err)
		}
		wantCount(t, "by the cleared rank", memberships.Where(app.MembershipFields.Rank.Eq(3)), 0)
		wantCount(t, "by group", memberships.Where(app.MembershipFields.Group.Eq("g")), 1)
		must(t, memberships.Delete(t.Context(), key))
		wantEmpty(t, client)
	})
}

func TestPatchNeverResurrects(t *testing.T) {
	eachClock(t, func(t *testing.T, client *repo.Client, advance func(time.Duration)) {
		users, sessions := app.NewUsers(client), app.NewSessions(client)
		u, s := richUser("7"), &app.Session{UserID: "7"}
		must(t, users.Create(t.Context(), u))
		must(t, users.Delete(t.Context(), "7"))
		wantErr(t, "Patch of a deleted user", users.Patch(t.Context(), "7", app.UserFields.Logins.Add(1)), repo.ErrNotFound)
		wantEmpty(t, client)

		must(t, sessions.Create(t.Context(), s))
		advance(time.Hour + time.Second)
		wantErr(t, "Patch of an expired session", sessions.Patch(t.Context(), s.ID, app.SessionFields.Hits.Add(1)), repo.ErrNotFound)
		wantErr(t, "Patch of its expiry", sessions.Patch(t.Context(), s.ID, app.SessionFields.ExpiresAt.Set(time.Now().Add(48*time.Hour))), repo.ErrNotFound)
		wantErr(t, "Touch of an expired session", sessions.Touch(t.Context(), s.ID), repo.ErrNotFound)
		wantErr(t, "Update of an expired session", sessions.Update(t.Context(), s), repo.ErrNotFound)
		wantErr(t, "Delete of an expired session", sessions.Delete(t.Context(), s.ID), repo.ErrNotFound)
		wantEmpty(t, client) // writes release what is due
	})
}

// Setting an omitempty field to nothing is what saving it with nothing is.
func TestPatchToTheZeroValue(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		u := newUser("ann")
		u.Nickname = "Annie"
		must(t, users.Create(t.Context(), u))
		wantCount(t, "with a nickname", users.Where(app.UserFields.Nickname.Prefix("")), 1)
		must(t, users.Patch(t.Context(), u.ID, app.UserFields.Nickname.Set("")))
		wantCount(t, "with a nickname", users.Where(app.UserFields.Nickname.Prefix("")), 0)
	})
}
