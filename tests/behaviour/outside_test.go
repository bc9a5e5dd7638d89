package behaviour

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// Records that another program has deleted leave index entries. Queries do not
// show them and take them away; claims are free.
func TestRecordsDeletedFromOutside(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := app.NewUsers(client), app.UserFields
		all := crowd(900)
		for _, u := range all {
			u.Nickname = "n" + u.Username
		}
		must(t, users.CreateMany(t.Context(), all))
		for i, u := range all {
			if i%300 != 299 {
				must(t, raw(client).Del(t.Context(), recordKey(client, "users", u.ID)).Err())
			}
		}
		_, err := users.GetByUsername(t.Context(), all[0].Username)
		wantErr(t, "GetBy", err, repo.ErrNotFound)
		wantCount(t, "by a unique value", users.Where(f.Username.Eq(all[0].Username)), 0)
		again := newUser(all[0].Username)
		must(t, users.Create(t.Context(), again))
		if got, err := users.GetByUsername(t.Context(), all[0].Username); err != nil || got.ID != again.ID {
			t.Errorf("GetBy = %v, %v", got, err)
		}
		must(t, users.Delete(t.Context(), again.ID))
		for name, q := range map[string]*repo.Query[*app.User, string]{
			"all": users.Where(), "status": users.Where(f.Status.Eq(app.Active)), "tag": users.Where(f.Tags.Has("a")),
			"age": users.Where(f.Age.Gte(0)), "age, descending": users.Where().OrderBy(f.Age.Desc()), "nickname": users.Where(f.Nickname.Prefix("n")),
			"balance, descending": users.Where().OrderBy(f.Balance.Desc()),
		} {
			page, err := q.Limit(2).Page(t.Context())
			if err != nil || len(page.Items) != 2 || page.Next == "" {
				t.Errorf("%s: a page of %d, next %q, %v", name, len(page.Items), page.Next, err)
			}
			page, err = q.Limit(2).After(page.Next).Page(t.Context())
			if err != nil || len(page.Items) != 1 || page.Next != "" {
				t.Errorf("%s: the second page of %d, next %q, %v", name, len(page.Items), page.Next, err)
			}
			if got := list(t, q); len(got) != 3 {
				t.Errorf("%s: %d records", name, len(got))
			}
			wantCount(t, name, q, 3)
		}
	})
}

// A key of another type where an index belongs fails the write; nothing is
// half-written.
func TestForeignKeyInAnIndexPlace(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, sessions, f := app.NewUsers(client), app.NewSessions(client), app.UserFields
		id := uuid.New()
		foreign := foreignKeys(id.String())
		session := func() *app.Session {
			return &app.Session{ID: id, UserID: "u", Device: "d", Origin: "o", LastSeen: time.Unix(1, 0)}
		}
		changed := func() *app.User {
			u := richUser("7")
			u.Username, u.Email, u.Status, u.Age, u.Tags, u.Balance, u.Nickname = "x", nil, app.Blocked, 1, []string{"new"}, 5, "y"
			return u
		}
		writes := map[string]map[string]func() error{
			"users": {
				"Create": func() error { return users.Create(t.Context(), richUser("7")) },
				"Save":   func() error { return users.Save(t.Context(), changed()) },
				"Patch": func() error {
					return users.Patch(t.Context(), "7", f.Username.Set("z"), f.Email.Clear(), f.Age.Add(1), f.Tags.Clear(), f.Nickname.Set("q"), f.Status.Set(app.Blocked))
				},
				"Delete": func() error { return users.Delete(t.Context(), "7") },
				"SaveMany": func() error {
					other := newUser("other")
					for n := 8; other.ID == "" || layout.Shard("users", other.ID) != layout.Shard("users", "7"); n++ {
						other.ID = fmt.Sprint(n)
					}
					err := users.SaveMany(t.Context(), []*app.User{other, changed()})
					if err != nil && manyErrs(t, err)[0] == nil && layout.Sharded("users") { // it was the other's claim that failed
						must(t, users.Delete(t.Context(), other.ID))
					}
					return err
				},
			},
			"sessions": {
				"Create": func() error { return sessions.Create(t.Context(), session()) },
				"Save":   func() error { return sessions.Save(t.Context(), session()) },
				"NoTTL":  func() error { return sessions.Save(t.Context(), session(), repo.NoTTL()) },
				"Patch": func() error {
					return sessions.Patch(t.Context(), id, app.SessionFields.UserID.Set("v"), app.SessionFields.Device.Clear())
				},
				"Touch":  func() error { return sessions.Touch(t.Context(), id) },
				"Delete": func() error { return sessions.Delete(t.Context(), id) },
			},
		}
		for entity, keysOf := range foreign {
			for _, key := range keysOf {
				for _, existing := range []bool{false, true} {
					for name, write := range writes[entity] {
						for _, left := range keys(t, client) {
							must(t, raw(client).Del(t.Context(), client.Prefix()+left).Err())
						}
						if existing {
							must(t, users.Create(t.Context(), richUser("7")))
							must(t, sessions.Create(t.Context(), session()))
						}
						must(t, raw(client).Set(t.Context(), client.Prefix()+key, "foreign", 0).Err())
						before := snapshot(t, client)
						err := write()
						after := snapshot(t, client)
						// What is no record releases its claims, and without a ledger they stay.
						if name := key[strings.Index(key, "}:")+2:]; layout.Sharded(entity) && (name == "x" || name == "m" || strings.HasPrefix(name, "r:")) {
							isClaim := func(key, _ string) bool { return strings.Contains(key, "}:u:") }
							maps.DeleteFunc(before, isClaim)
							maps.DeleteFunc(after, isClaim)
						}
						what := fmt.Sprintf("%s with a foreign %s, record there: %v, error: %v", name, key, existing, err)
						switch {
						case after[key] != before[key]:
							t.Errorf("%s: the key is now %q", what, after[key])
						case err != nil:
							wantSame(t, what, after, before)
							if strings.Contains(err.Error(), "WRONGTYPE") == (strings.Contains(err.Error(), "not found") || strings.Contains(err.Error(), "already exists")) {
								t.Errorf("%s: an error that does not tell", what)
							}
						}
					}
				}
			}
		}
	})
}

// foreignKeys returns keys that writes of user 7 and a session touch, or might, by
// entity: those where the record is, and of claims where their values are.
func foreignKeys(session string) map[string][]string {
	all := map[string][]string{}
	add := func(entity, placed string, names ...string) {
		for _, name := range names {
			if key := layout.Space(entity, placed) + name; !slices.Contains(all[entity], key) {
				all[entity] = append(all[entity], key)
			}
		}
	}
	add("users", "7", "r:7", "s:age", "i:tags:a", "i:tags:new", "s:balance", "l:nickname", "s:created_at",
		"i:status/created_at:6:active", "i:status/created_at:active")
	add("users", "ann", "u:username")
	add("users", "x", "u:username")
	add("users", "ann@example.com", "u:email")
	add("sessions", session, "x", "m", "a", "i:user_id:u", "i:user_id/last_seen:u")
	add("sessions", "1:do", "u:login")
	return all
}
