package behaviour

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/behaviour/numbers"
)

// ids returns the ids of users in the order of a query.
func ids(t *testing.T, q *repo.Query[*app.User, string]) string {
	t.Helper()
	var all []string
	for _, u := range list(t, q) {
		all = append(all, u.ID)
	}
	return strings.Join(all, " ")
}

func TestQueries(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return start.AddDate(0, 0, n) }
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := app.NewUsers(client), app.UserFields
		var all []*app.User
		for i := range 6 { // ids a to f; age 60, 50, …; created on day 0, 1, …
			u := newUser(fmt.Sprint("user", i))
			u.ID, u.Age, u.CreatedAt, u.Balance = string(rune('a'+i)), 60-10*i, day(i), float64(i)-2.5
			u.Tags, u.Nickname = []string{fmt.Sprint("even", i%2 == 0), fmt.Sprint("t", i), "all", "all"}, strings.Repeat("N", i)
			if i >= 4 {
				u.Status = app.Blocked
			}
			all = append(all, u)
		}
		must(t, users.CreateMany(t.Context(), all))
		where := users.Where
		for _, c := range []struct {
			name string
			q    *repo.Query[*app.User, string]
			want string
		}{
			{"all", where(), byShard("a b c d e f")},
			{"all, latest first", where().OrderBy(f.CreatedAt.Desc()), "f e d c b a"},
			{"all by age", where().OrderBy(f.Age.Asc()), "f e d c b a"},
			{"all by balance, greatest first", where().OrderBy(f.Balance.Desc()), "f e d c b a"},
			{"age =", where(f.Age.Eq(40)), "c"},
			{"age >", where(f.Age.Gt(40)), byShard("b a")},
			{"age >=", where(f.Age.Gte(40)), byShard("c b a")},
			{"age <", where(f.Age.Lt(40)), byShard("f e d")},
			{"age <=", where(f.Age.Lte(40)), byShard("f e d c")},
			{"age between", where(f.Age.Between(20, 40)), byShard("e d c")},
			{"age > and <=", where(f.Age.Gt(20), f.Age.Lte(40)), byShard("d c")},
			{"age < and >=, descending", where(f.Age.Lt(40), f.Age.Gte(20)).OrderBy(f.Age.Desc()), "d e"},
			{"age in nothing", where(f.Age.Between(40, 20)), ""},
			{"balance <", where(f.Balance.Lt(-0.5)), byShard("a b")},
			{"created between", where(f.CreatedAt.Between(day(1), day(3))), byShard("b c d")},
			{"created after", where(f.CreatedAt.Gt(day(3))), byShard("e f")},
			{"created at once", where(f.CreatedAt.Eq(day(3))), "d"},
			{"status =", where(f.Status.Eq(app.Active)), byShard("a b c d")},
			{"status =, latest first", where(f.Status.Eq(app.Active)).OrderBy(f.CreatedAt.Desc()), "d c b a"},
			{"status = and created", where(f.CreatedAt.Gte(day(2)), f.Status.Eq(app.Active)), byShard("c d")},
			{"status = and created within", where(f.Status.Eq(app.Active), f.CreatedAt.Gt(day(0)), f.CreatedAt.Lt(day(3))).OrderBy(f.CreatedAt.Desc()), "c b"},
			{"status = and created on a day", where(f.Status.Eq(app.Blocked), f.CreatedAt.Eq(day(5))), "f"},
			{"a tag", where(f.Tags.Has("EVENtrue")), byShard("a c e")},
			{"a tag that is there twice", where(f.Tags.Has("all")), byShard("a b c d e f")},
			{"no such tag", where(f.Tags.Has("x")), ""},
			{"username =", where(f.Username.Eq("USER2")), "c"},
			{"nickname by prefix", where(f.Nickname.Prefix("nn")), byShard("c d e f")},
			{"nickname by empty prefix", where(f.Nickname.Prefix("")), byShard("b c d e f")},
			{"nickname between", where(f.Nickname.Between("nn", "NNN")), byShard("c d")},
			{"nickname > and <", where(f.Nickname.Gt("n"), f.Nickname.Lt("nnnn")), byShard("c d")},
			{"nickname descending", where().OrderBy(f.Nickname.Desc()), "f e d c b"},
			{"at most two", where().Limit(2), byShard("a b c d e f")[:3]},
		} {
			if got := ids(t, c.q); got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
			if c.name == "at most two" {
				continue
			}
			wantCount(t, c.name, c.q, int64(len(strings.Fields(c.want))))
			first, err := c.q.First(t.Context())
			if c.want == "" {
				wantErr(t, c.name+", First", err, repo.ErrNotFound)
			} else if err != nil || first.ID != c.want[:1] {
				t.Errorf("%s: First = %+v, %v", c.name, first, err)
			}
			// Page by page, of one record each.
			var paged []string
			for page, q := (repo.Page[*app.User]{}), c.q.Limit(1); ; q = q.After(page.Next) {
				page, err = q.Page(t.Context())
				must(t, err)
				for _, u := range page.Items {
					paged = append(paged, u.ID)
				}
				if page.Next == "" || len(paged) > 10 {
					break
				}
			}
			if got := strings.Join(paged, " "); got != c.want {
				t.Errorf("%s, page by page: %q, want %q", c.name, got, c.want)
			}
		}
	})
}

func TestQueriesThatCannotBeAnswered(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := app.NewUsers(client), app.UserFields
		for name, q := range map[string]*repo.Query[*app.User, string]{
			"a negation":       users.Where(f.Status.Not(app.Active)),
			"nil":              users.Where(f.Email.IsNil()),
			"half of an Or":    users.Where(repo.Or(f.Age.Eq(1), f.Email.IsNil())),
			"order of another": users.Where(f.Age.Eq(1)).OrderBy(f.CreatedAt.Asc()),
		} {
			if _, err := q.Page(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			q = q.RequireIndex()
			_, err := q.Page(t.Context())
			wantErr(t, name+", Page", err, repo.ErrNoIndex)
			_, err = q.Count(t.Context())
			wantErr(t, name+", Count", err, repo.ErrNoIndex)
			for _, err = range q.All(t.Context()) {
				wantErr(t, name+", All", err, repo.ErrNoIndex)
			}
			if !strings.Contains(err.Error(), "users") {
				t.Errorf("%s: the error does not say where an index is missing: %v", name, err)
			}
		}
		_, err := users.Where(f.Status.Eq("x")).Page(t.Context())
		wantErr(t, "an enum that is no constant", err, repo.ErrEnum)
		_, err = users.Where(f.Age.Gt(1 << 60)).Page(t.Context())
		wantErr(t, "a bound beyond 2^53", err, repo.ErrRange)
		for _, limit := range []int{0, -1, 1001} {
			if _, err := users.Where().Limit(limit).Page(t.Context()); err == nil {
				t.Errorf("Page with limit %d succeeded", limit)
			}
		}
	})
}

// Records without the field that orders an index by equality come first, unless
// that order is asked for.
func TestQueryOfAbsentOrder(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		memberships, f := app.NewMemberships(client), app.MembershipFields
		for i, since := range []*time.Time{nil, new(time.Unix(5, 0)), nil, new(time.Unix(-5, 0)), nil} {
			must(t, memberships.Create(t.Context(), &app.Membership{Group: "g", User: fmt.Sprint(i), Since: since}))
		}
		users := func(q *repo.Query[*app.Membership, app.MembershipKey]) (all []string) {
			for cursor := ""; ; {
				page, err := q.Limit(1).After(cursor).Page(t.Context())
				must(t, err)
				for _, m := range page.Items {
					all = append(all, m.User)
				}
				if cursor = page.Next; cursor == "" {
					return all
				}
			}
		}
		group := memberships.Where(f.Group.Eq("g"))
		var want []string
		for _, id := range layout.ByShard("memberships", "1:g0", "1:g2", "1:g4", "1:g3", "1:g1") {
			want = append(want, strings.TrimPrefix(id, "1:g"))
		}
		if got := users(group); !slices.Equal(got, want) {
			t.Errorf("in order: %q, want %q", got, want)
		}
		if got := users(group.OrderBy(f.Since.Desc())); !slices.Equal(got, []string{"1", "3"}) {
			t.Errorf("in descending order: %q", got)
		}
		if got := users(memberships.Where().OrderBy(f.Since.Asc())); !slices.Equal(got, []string{"3", "1"}) {
			t.Errorf("by the field's own index: %q", got)
		}
		if got := users(memberships.Where(f.Group.Eq("g"), f.Since.Lt(time.Unix(1, 0)))); !slices.Equal(got, []string{"3"}) {
			t.Errorf("up to a time: %q", got)
		}
	})
}

// Values of a lex index keep the order of their bytes whatever the bytes are.
func TestLexOrderOfBytes(t *testing.T) {
	words := []string{
		"", "\x00", "\x00\x00", "\x00\x01", "\x00a", "\x01", "\x01\x00", "\x01\x01", "\x01\x02", "\x02", " ", "A", "a", "a\x00", "a\x00b",
		"a\x01", "a\x01\x01", "a\x02", "aa", "a\xff", "a\xff\xff", "b", "é", "世", "\xfe\xff", "\xff", "\xff\x00", "\xff\xff", "\xff\xff\xff",
	}
	each(t, func(t *testing.T, client *repo.Client) {
		entries, f := numbers.NewEntries(client), numbers.EntryFields
		var all []*numbers.Entry
		for i, w := range words {
			// Ids that could be taken for the ends of values.
			all = append(all, &numbers.Entry{ID: fmt.Sprintf("\x00%d\x01", i), Word: w}, &numbers.Entry{ID: fmt.Sprintf("\xff%d", i), Word: w})
		}
		must(t, entries.CreateMany(t.Context(), all))
		got := func(q *repo.Query[*numbers.Entry, string]) (found []string) {
			for _, e := range list(t, q) {
				found = append(found, e.Word)
			}
			return found
		}
		twice := func(keep func(string) bool) (want []string) {
			for _, w := range words {
				if keep(w) {
					want = append(want, w, w)
				}
			}
			return want
		}
		slices.Sort(words)
		check := func(name string, q *repo.Query[*numbers.Entry, string], keep func(string) bool) {
			t.Helper()
			want := twice(keep)
			if found := unordered("entries", got(q)); !slices.Equal(found, want) {
				t.Errorf("%s: %q, want %q", name, found, want)
			}
			wantCount(t, name, q, int64(len(want)))
			slices.Reverse(want)
			if found := got(q.OrderBy(f.Word.Desc())); !slices.Equal(found, want) {
				t.Errorf("%s, descending: %q, want %q", name, found, want)
			}
		}
		check("all", entries.Where().OrderBy(f.Word.Asc()), func(string) bool { return true })
		for _, w := range words {
			check(fmt.Sprintf("= %q", w), entries.Where(f.Word.Eq(w)), func(s string) bool { return s == w })
			check(fmt.Sprintf("> %q", w), entries.Where(f.Word.Gt(w)), func(s string) bool { return s > w })
			check(fmt.Sprintf("<= %q", w), entries.Where(f.Word.Lte(w)), func(s string) bool { return s <= w })
			check(fmt.Sprintf("prefix %q", w), entries.Where(f.Word.Prefix(w)), func(s string) bool { return strings.HasPrefix(s, w) })
		}
		check("between", entries.Where(f.Word.Between("\x00a", "a\xff")), func(s string) bool { return s >= "\x00a" && s <= "a\xff" })
		check("open between", entries.Where(f.Word.Gt("\x00a"), f.Word.Lt("a\xff")), func(s string) bool { return s > "\x00a" && s < "a\xff" })
	})
}
