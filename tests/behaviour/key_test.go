package behaviour

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// odd are keys and values that a careless layout would confuse.
var odd = []string{
	"", "a", "{a}", "{", "}", "{}", "}{", "a:b", ":", "a:", ":a", "1:a", "0:", "\x00", "a\x00b", "\x01", "\xff\xfe", "*", "[a-z]", "?", "\\", " ", "\r\n",
	"é", "e\u0301", "r:a", "u:username", "users", "~username", strings.Repeat("k", 10_000), strings.Repeat("k", 10_001), "'; redis.call('FLUSHALL') --",
}

func TestOddKeys(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := app.NewUsers(client), app.UserFields
		var all []*app.User
		for i, key := range odd {
			if key == "" {
				continue // a key is made up for it
			}
			u := newUser(fmt.Sprint("user", i))
			u.ID, u.Email, u.Nickname, u.Tags = key, &odd[i], key, nil
			if utf8OK(key) {
				u.Tags = []string{key}
			}
			all = append(all, u)
		}
		must(t, users.CreateMany(t.Context(), all))
		wantCount(t, "all", users.Where(), int64(len(all)))
		for _, u := range all {
			wantUser(t, users, u)
			if got, err := users.GetByEmail(t.Context(), *u.Email); err != nil || got.ID != u.ID {
				t.Errorf("GetByEmail(%.20q) = %v, %v", *u.Email, got, err)
			}
			if got := list(t, users.Where(f.Nickname.Eq(u.Nickname))); len(got) != 1 || got[0].ID != u.ID {
				t.Errorf("by nickname %.20q: %d records", u.Nickname, len(got))
			}
			if u.Tags != nil {
				if got := list(t, users.Where(f.Tags.Has(u.Tags[0]))); len(got) != 1 || got[0].ID != u.ID {
					t.Errorf("by tag %.20q: %d records", u.Tags[0], len(got))
				}
			}
			must(t, users.Patch(t.Context(), u.ID, f.Logins.Add(1), f.Nickname.Set("x"+u.Nickname)))
		}
		seen := 0
		for q := users.Where(f.Nickname.Prefix("x")).Limit(1); ; seen++ {
			page, err := q.Page(t.Context())
			must(t, err)
			if page.Next == "" {
				seen++
				break
			}
			q = q.After(page.Next)
		}
		if seen != len(all) {
			t.Errorf("%d of %d records by prefix", seen, len(all))
		}
		for _, u := range all {
			must(t, users.Delete(t.Context(), u.ID))
		}
		wantEmpty(t, client)
	})
}

func utf8OK(s string) bool { return strings.ToValidUTF8(s, "") == s }

// No two composite keys and no two groups of values share a place.
func TestOddCompositeKeys(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		memberships, sessions := app.NewMemberships(client), app.NewSessions(client)
		parts := odd[:29]
		var many []*app.Membership
		var logins []*app.Session
		for i, group := range parts {
			for j, user := range parts {
				many = append(many, &app.Membership{Group: group, User: user, Rank: new(int32(100*i + j))})
				if group != "" && user != "" {
					logins = append(logins, &app.Session{Device: group, Origin: user})
				}
			}
		}
		must(t, memberships.CreateMany(t.Context(), many))
		must(t, sessions.CreateMany(t.Context(), logins))
		wantCount(t, "all", memberships.Where(), int64(len(many)))
		var keys []app.MembershipKey
		for _, m := range many {
			keys = append(keys, app.MembershipKey{Group: m.Group, User: m.User})
		}
		got, err := memberships.GetMany(t.Context(), keys...)
		if err != nil || !reflect.DeepEqual(got, many) {
			t.Errorf("GetMany returns something else: %v", err)
		}
		for _, s := range logins {
			if got, err := sessions.GetByDeviceAndOrigin(t.Context(), s.Device, s.Origin); err != nil || got.ID != s.ID {
				t.Errorf("GetBy(%q, %q) = %v, %v", s.Device, s.Origin, got, err)
			}
		}
		for _, group := range parts {
			wantCount(t, fmt.Sprintf("by group %q", group), memberships.Where(app.MembershipFields.Group.Eq(group)), int64(len(parts)))
		}
		must(t, memberships.DeleteMany(t.Context(), keys))
		wantCount(t, "all", memberships.Where(), 0)
	})
}
