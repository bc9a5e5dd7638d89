package functions

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// Every operation works on every version, for a user who may not run scripts.
func TestOperations(t *testing.T) {
	for _, version := range redisd.Versions {
		t.Run(version, func(t *testing.T) {
			s := start(t, redisd.Version(version))
			load(t, s)
			client := openProgram(t, s)
			t.Run("users", func(t *testing.T) { writeUsers(t, client) })
			t.Run("many", func(t *testing.T) { writeMany(t, client) })
			t.Run("queries", func(t *testing.T) { query(t, client) })
			t.Run("batch", func(t *testing.T) { batch(t, client) })
			t.Run("expiry", func(t *testing.T) { expire(t, client, s) })
			t.Run("wallets", func(t *testing.T) { spend(t, client) })
			wantNothingRefused(t, s)
		})
	}
}

func newUser(id string) *app.User {
	return &app.User{ID: id, Username: "Name" + id, Email: new(id + "@example.com"), Status: app.Active, Tags: []string{"all", "t" + id}}
}

func writeUsers(t *testing.T, client *repo.Client) {
	ctx, users, f := t.Context(), app.NewUsers(client), app.UserFields
	u := newUser("7")
	must(t, users.Create(ctx, u))
	wantErr(t, "Create again", users.Create(ctx, newUser("7")), repo.ErrExists)
	other := newUser("8")
	other.Username = "NAME7"
	var unique *repo.UniqueError
	if err := users.Save(ctx, other); !errors.As(err, &unique) || unique.Owner != "7" {
		t.Errorf("Save with a name that is taken: %v", err)
	}
	u.Age = 30
	must(t, users.Update(ctx, u))
	u.Version = 1
	wantErr(t, "Update of an old version", users.Update(ctx, u), repo.ErrConflict)
	must(t, users.Patch(ctx, "7", f.Logins.Add(2), f.Nickname.Set("Nick")))
	_, err := users.Mutate(ctx, "7", func(u *app.User) error { u.Balance = 1.5; return nil })
	must(t, err)
	got, err := users.GetByUsername(ctx, "name7")
	if err != nil || got.Logins != 2 || got.Balance != 1.5 || got.Version != 4 || got.Age != 30 {
		t.Errorf("GetByUsername = %+v, %v", got, err)
	}
	// A command that fails within a function has its own error, and changes nothing.
	key := client.Prefix() + "{users}:s:age"
	must(t, client.Redis().Rename(ctx, key, key+"-").Err())
	must(t, client.Redis().Set(ctx, key, "no index", 0).Err())
	if err := users.Save(ctx, newUser("9")); err == nil || errors.Is(err, repo.ErrUncertain) {
		t.Errorf("Save with an index of another type: %v", err)
	}
	_, err = users.Get(ctx, "9")
	wantErr(t, "Get of what was not saved", err, repo.ErrNotFound)
	must(t, client.Redis().Rename(ctx, key+"-", key).Err())
	must(t, users.Delete(ctx, "7"))
	wantErr(t, "Delete again", users.Delete(ctx, "7"), repo.ErrNotFound)
}

func writeMany(t *testing.T, client *repo.Client) {
	ctx, memberships := t.Context(), app.NewMemberships(client)
	var list []*app.Membership
	var keys []app.MembershipKey
	for i := range 150 {
		m := &app.Membership{Group: "g", User: fmt.Sprint(i), Rank: new(int32(i % 3))}
		list, keys = append(list, m), append(keys, app.MembershipKey{Group: m.Group, User: m.User})
	}
	must(t, memberships.CreateMany(ctx, list))
	must(t, memberships.SaveMany(ctx, list))
	q := memberships.Where(app.MembershipFields.Rank.Eq(1))
	if n, err := q.Count(ctx); n != 50 || err != nil {
		t.Errorf("Count = %d, %v, want 50", n, err)
	}
	must(t, memberships.DeleteMany(ctx, keys[:75]))
	if got, err := memberships.GetMany(ctx, keys...); err != nil || got[74] != nil || got[75] == nil {
		t.Errorf("GetMany: %v", err)
	}
}

func query(t *testing.T, client *repo.Client) {
	ctx, shops, f := t.Context(), app.NewShops(client), app.ShopFields
	center := repo.Point{Lat: 48.2, Lon: 16.4}
	for i := range 40 {
		place := repo.Point{Lat: center.Lat + float64(i)/1000, Lon: center.Lon}
		must(t, shops.Create(ctx, &app.Shop{
			ID: fmt.Sprintf("%02d", i), Name: fmt.Sprintf("Shop %02d", i), City: "Vienna", Kind: []string{"tea", "wool"}[i%2],
			Badges: []string{"new"}, Opened: time.Unix(int64(i), 0), Rating: float64(i % 5), Place: &place,
		}))
	}
	for name, c := range map[string]struct {
		q    *repo.Query[*app.Shop, string]
		want int64
	}{
		"one index":   {shops.Where(f.Kind.Eq("tea")), 20},
		"in order":    {shops.Where(f.City.Eq("Vienna")).OrderBy(f.Rating.Desc()), 40},
		"filtered":    {shops.Where(f.Rating.Gte(3), f.Kind.Eq("wool")), 8},
		"either":      {shops.Where(repo.Or(f.Rating.Eq(0), f.Kind.Eq("wool"))), 24},
		"a prefix":    {shops.Where(f.Name.Prefix("shop 1")), 10},
		"an element":  {shops.Where(f.Badges.Has("new")).OrderBy(f.Opened.Asc()), 40},
		"within":      {shops.Where(f.Place.Within(center, 1000)), 9},
		"nearest":     {shops.Where(f.Kind.Eq("tea")).OrderBy(f.Place.Nearest(center)), 20},
		"without one": {shops.Where(), 40},
	} {
		if n, err := c.q.Count(ctx); n != c.want || err != nil {
			t.Errorf("%s: Count = %d, %v, want %d", name, n, err, c.want)
		}
		page, err := c.q.Limit(7).Page(ctx)
		if err != nil || len(page.Items) != 7 {
			t.Fatalf("%s: Page has %d, %v", name, len(page.Items), err)
		}
		rest, err := c.q.After(page.Next).Page(ctx)
		if err != nil || int64(len(rest.Items)) != c.want-7 {
			t.Errorf("%s: the second page has %d, %v, want %d", name, len(rest.Items), err, c.want-7)
		}
		n := int64(0)
		for _, err := range c.q.IDs(ctx) {
			must(t, err)
			n++
		}
		if n != c.want {
			t.Errorf("%s: %d ids, want %d", name, n, c.want)
		}
		_, err = c.q.Explain(ctx)
		must(t, err)
	}
	groups, err := f.Kind.CountBy(ctx, shops.Where(f.Rating.Lt(4)))
	if err != nil || len(groups) != 2 {
		t.Errorf("CountBy = %v, %v", groups, err)
	}
	patched, err := shops.Where(f.Kind.Eq("tea")).Patch(ctx, f.Visits.Add(1))
	if err != nil || patched.Done != 20 {
		t.Errorf("Patch = %+v, %v", patched, err)
	}
	deleted, err := shops.Where(f.Rating.Lt(2)).Delete(ctx)
	if err != nil || deleted.Done != 16 {
		t.Errorf("Delete = %+v, %v", deleted, err)
	}
}

func batch(t *testing.T, client *repo.Client) {
	users, shops := app.NewUsers(client), app.NewShops(client)
	b := client.Batch()
	users.In(b).Create(newUser("batch"))
	users.In(b).Patch("batch", app.UserFields.Logins.Add(1))
	shops.In(b).Save(&app.Shop{ID: "batch", Name: "B"})
	got := users.In(b).Get("batch")
	shops.In(b).Delete("batch")
	must(t, b.Run(t.Context()))
	if got.Value.Logins != 1 || got.Value.Version != 2 {
		t.Errorf("Get = %+v", got.Value)
	}
}

func expire(t *testing.T, client *repo.Client, s *redisd.Server) {
	ctx, sessions, tokens := t.Context(), app.NewSessions(client), app.NewTokens(client)
	session := &app.Session{UserID: "7", Device: "phone", Origin: "here"}
	must(t, sessions.Create(ctx, session))
	must(t, sessions.Touch(ctx, session.ID, repo.TTL(2*time.Hour)))
	if got, err := sessions.GetByDeviceAndOrigin(ctx, "phone", "here"); err != nil || got.ID != session.ID {
		t.Errorf("GetByDeviceAndOrigin = %+v, %v", got, err)
	}
	must(t, tokens.Create(ctx, &app.Token{Number: 7, UserID: "7"}))
	_, err := tokens.Get(ctx, 7)
	must(t, err)
	short := &app.Session{UserID: "8"}
	must(t, sessions.Create(ctx, short, repo.TTL(time.Millisecond)))
	ledger := client.Prefix() + "{sessions}:x"
	eventually(t, "the sweeper releases an expired record", func() bool {
		return s.Client().ZCard(ctx, ledger).Val() == 1
	})
	if n, err := sessions.Where().Count(ctx); n != 1 || err != nil {
		t.Errorf("Count = %d, %v, want 1", n, err)
	}
	must(t, sessions.Delete(ctx, session.ID))
}

func spend(t *testing.T, client *repo.Client) {
	ctx, wallets := t.Context(), app.NewWallets(client)
	w := &app.Wallet{ID: "7", Owner: "ann"}
	must(t, wallets.Create(ctx, w))
	must(t, wallets.Patch(ctx, "7", app.WalletFields.Cents.Add(5)))
	if got, err := wallets.GetByOwner(ctx, "ann"); err != nil || got.Cents != 5 {
		t.Errorf("GetByOwner = %+v, %v", got, err)
	}
}
