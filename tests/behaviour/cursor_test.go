package behaviour

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// pages walks a query page by page; between is called after each page.
func pages(t *testing.T, q *repo.Query[*app.User, string], limit int, between func(page repo.Page[*app.User])) (seen map[string]int) {
	t.Helper()
	seen = map[string]int{}
	for q = q.Limit(limit); ; {
		page, err := q.Page(t.Context())
		must(t, err)
		if len(page.Items) > limit || page.Next != "" && len(page.Items) < limit {
			t.Fatalf("a page of %d records, limit %d, next %q", len(page.Items), limit, page.Next)
		}
		for _, u := range page.Items {
			seen[u.ID]++
		}
		if page.Next == "" {
			return seen
		}
		between(page)
		q = q.After(page.Next)
	}
}

// 2,000 records have the same place in the order. Between the pages others
// come, go and change; the ones that stay are seen once each.
func TestCursorAmongTies(t *testing.T) {
	const n = 2000
	moment := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := app.NewUsers(client), app.UserFields
		make := func(id string) *app.User {
			u := newUser(id)
			u.ID, u.CreatedAt, u.Tags, u.Nickname = id, moment, nil, "same"
			return u
		}
		var all []*app.User
		for i := range n {
			all = append(all, make(fmt.Sprintf("user%04d", i)))
		}
		must(t, users.CreateMany(t.Context(), all))
		for name, q := range map[string]*repo.Query[*app.User, string]{
			"all": users.Where(), "score, descending": users.Where().OrderBy(f.CreatedAt.Desc()),
			"equality": users.Where(f.Status.Eq(app.Active)), "equality, descending": users.Where(f.Status.Eq(app.Active)).OrderBy(f.CreatedAt.Desc()),
			"range": users.Where(f.Age.Between(30, 30)), "lex": users.Where(f.Nickname.Eq("same")), "lex, descending": users.Where(f.Nickname.Eq("same")).OrderBy(f.Nickname.Desc()),
		} {
			gone, pagesSeen := map[string]bool{}, 0
			seen := pages(t, q, 97, func(page repo.Page[*app.User]) {
				pagesSeen++
				last := page.Items[len(page.Items)-1].ID // the cursor's own record
				for _, id := range []string{last, page.Items[0].ID} {
					must(t, users.Delete(t.Context(), id))
					gone[id] = true
				}
				must(t, users.Create(t.Context(), make(fmt.Sprintf("%s+%d", last, pagesSeen))))
				must(t, users.Create(t.Context(), make(fmt.Sprintf("!%d", pagesSeen))))
				must(t, users.Patch(t.Context(), page.Items[1].ID, f.Logins.Add(1)))
			})
			if pagesSeen < n/97 {
				t.Errorf("%s: only %d pages", name, pagesSeen)
			}
			for _, u := range all {
				if seen[u.ID] != 1 && !gone[u.ID] {
					t.Errorf("%s: %s was seen %d times", name, u.ID, seen[u.ID])
				}
			}
			// As it was, for the next query.
			for id := range gone {
				must(t, users.Create(t.Context(), make(id)))
			}
			for id, times := range seen {
				if times != 1 {
					t.Errorf("%s: %s was seen %d times", name, id, times)
				}
			}
			var extra []string
			for _, u := range list(t, users.Where()) {
				if strings.ContainsAny(u.ID, "+!") {
					extra = append(extra, u.ID)
				}
			}
			must(t, users.DeleteMany(t.Context(), extra))
		}
	})
}

// The record at which a page ended moves on: those behind are not lost.
func TestCursorOfARecordThatMoves(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := app.NewUsers(client), app.UserFields
		must(t, users.CreateMany(t.Context(), crowd(100)))
		for name, c := range map[string]struct {
			q  *repo.Query[*app.User, string]
			to int
		}{
			"up": {users.Where().OrderBy(f.Age.Asc()), 1000}, "down": {users.Where().OrderBy(f.Age.Desc()), -1000},
		} {
			seen := pages(t, c.q, 10, func(page repo.Page[*app.User]) {
				last := page.Items[9]
				if last.Age >= 0 && last.Age < 100 {
					must(t, users.Patch(t.Context(), last.ID, f.Age.Add(c.to)))
				}
			})
			if len(seen) != 100 {
				t.Errorf("%s: %d of 100 records seen", name, len(seen))
			}
		}
	})
}

func TestCursorsThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := app.NewUsers(client), app.UserFields
		must(t, users.CreateMany(t.Context(), crowd(20)))
		q := users.Where(f.Age.Gte(3)).Limit(5)
		page, err := q.Page(t.Context())
		must(t, err)
		if _, err := users.Where(f.Age.Gte(3)).Limit(7).After(page.Next).Page(t.Context()); err != nil {
			t.Errorf("the cursor with another limit: %v", err)
		}
		for name, other := range map[string]*repo.Query[*app.User, string]{
			"another bound": users.Where(f.Age.Gte(4)), "another field": users.Where(f.Balance.Gte(3)), "all": users.Where(),
			"another order": users.Where(f.Age.Gte(3)).OrderBy(f.Age.Desc()), "another index": users.Where(f.Status.Eq(app.Active)),
			"a unique value": users.Where(f.Username.Eq("user0001")),
		} {
			_, err := other.After(page.Next).Page(t.Context())
			wantErr(t, name, err, repo.ErrCursor)
		}
		raw, err := base64.RawURLEncoding.DecodeString(page.Next)
		must(t, err)
		encode := base64.RawURLEncoding.EncodeToString
		for name, cursor := range map[string]string{
			"no base64": "!" + page.Next, "short": page.Next[:4], "cut behind the shape": encode(raw[:8]), "no score": encode(append(raw[:8:8], 0, 'x')),
			"no member": encode(append(raw[:8:8], "12"...)), "a word for a score": encode(append(raw[:8:8], "abc\x00x"...)),
			"NaN for a score": encode(append(raw[:8:8], "nan\x00x"...)), "a bound for a score": encode(append(raw[:8:8], "(1\x00x"...)),
			"another text": "hello", "one bit": "A" + page.Next[1:],
		} {
			if cursor == page.Next {
				cursor = "B" + page.Next[1:]
			}
			_, err := q.After(cursor).Page(t.Context())
			wantErr(t, name, err, repo.ErrCursor)
			for _, err := range q.After(cursor).All(t.Context()) {
				wantErr(t, name+", All", err, repo.ErrCursor)
			}
		}
	})
}

func TestAllStops(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		must(t, users.CreateMany(t.Context(), crowd(450)))
		for _, limit := range []int{1, 99, 100, 101, 200, 449, 450, 451} {
			n := 0
			for _, err := range users.Where().Limit(limit).All(t.Context()) {
				must(t, err)
				n++
			}
			if n != min(limit, 450) {
				t.Errorf("All with limit %d yields %d records", limit, n)
			}
		}
		n := 0
		for range users.Where().All(t.Context()) {
			if n++; n == 150 {
				break
			}
		}
		page, err := users.Where().Limit(400).Page(t.Context())
		if err != nil || len(page.Items) != 400 {
			t.Errorf("a page of %d records, %v", len(page.Items), err)
		}
		n = 0
		for _, err := range users.Where().After(page.Next).All(t.Context()) {
			must(t, err)
			n++
		}
		if n != 50 {
			t.Errorf("All behind a page yields %d records, want 50", n)
		}
	})
}
