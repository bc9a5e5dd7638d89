package behaviour

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/behaviour/numbers"
)

// people stores n users with ids 000, 001 and so on: ages repeat every ten,
// every third is blocked, every second has the tag even, and every fifth an
// email.
func people(t *testing.T, client *repo.Client, n int) *app.Users {
	t.Helper()
	users := app.NewUsers(client)
	var all []*app.User
	for i := range n {
		u := &app.User{ID: fmt.Sprintf("%03d", i), Username: fmt.Sprintf("user%d", i), Status: app.Active, Age: i % 10, Balance: float64(i)}
		if i%3 == 0 {
			u.Status = app.Blocked
		}
		if i%2 == 0 {
			u.Tags = []string{"even", fmt.Sprintf("t%d", i%4)}
		}
		if i%5 == 0 {
			u.Email = new(fmt.Sprintf("u%d@example.com", i))
		}
		all = append(all, u)
	}
	must(t, users.CreateMany(t.Context(), all))
	return users
}

func keysOf(t *testing.T, q *repo.Query[*app.User, string]) (all []string) {
	t.Helper()
	for id, err := range q.IDs(t.Context()) {
		must(t, err)
		all = append(all, id)
	}
	return all
}

func TestResults(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := people(t, client, 60), app.UserFields
		none := users.Where(f.Age.Gt(100))
		old := users.Where(f.Age.Gte(8), f.Status.Eq(app.Active)).OrderBy(f.Balance.Asc())

		if got := keysOf(t, old); !slices.Equal(got, []string{"008", "019", "028", "029", "038", "049", "058", "059"}) {
			t.Errorf("IDs: %q", got)
		}
		if got := keysOf(t, old.Limit(3)); !slices.Equal(got, []string{"008", "019", "028"}) {
			t.Errorf("IDs up to a limit: %q", got)
		}
		for q, want := range map[*repo.Query[*app.User, string]]bool{old: true, none: false} {
			if got, err := q.Exists(t.Context()); err != nil || got != want {
				t.Errorf("Exists = %v, %v, want %v", got, err, want)
			}
		}
		one, err := users.Where(f.Balance.Eq(7)).One(t.Context())
		if err != nil || one.ID != "007" {
			t.Errorf("One = %v, %v", one, err)
		}
		_, err = old.One(t.Context())
		wantErr(t, "One of several", err, repo.ErrMultiple)
		_, err = none.One(t.Context())
		wantErr(t, "One of none", err, repo.ErrNotFound)
		wantCount(t, "with a filter", old, 8)
		wantCount(t, "several values of one index", users.Where(f.Age.In(1, 2, 2)), 12)
		wantCount(t, "several elements", users.Where(f.Tags.HasAny("even", "T0")), 30)

		some, err := users.Where(f.Balance.Eq(10)).Select(f.Username, f.Version).First(t.Context())
		if err != nil || some.ID != "010" || some.Username != "user10" || some.Version != 1 || some.Email != nil || some.Age != 0 || some.Balance != 0 || some.Tags != nil {
			t.Errorf("Select: %+v, %v", some, err)
		}
		if page, err := old.Select().Limit(2).Page(t.Context()); err != nil || len(page.Items) != 2 || page.Items[1].ID != "019" || page.Items[1].Username != "" {
			t.Errorf("Select of nothing: %+v, %v", page, err)
		}
	})
}

func TestGroupsAndExtremes(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := people(t, client, 60), app.UserFields
		status, err := f.Status.CountBy(t.Context(), users.Where())
		if got := groups(status); err != nil || !maps.Equal(got, map[app.Status]int64{app.Active: 40, app.Blocked: 20}) {
			t.Errorf("by status: %v, %v", got, err)
		}
		age, err := f.Age.CountBy(t.Context(), users.Where(f.Age.Gt(6), f.Status.Eq(app.Active)))
		if got := groups(age); err != nil || !maps.Equal(got, map[int]int64{7: 4, 8: 4, 9: 4}) {
			t.Errorf("by age: %v, %v", got, err)
		}
		tags, err := f.Tags.CountBy(t.Context(), users.Where())
		if got := groups(tags); err != nil || !maps.Equal(got, map[string]int64{"even": 30, "t0": 15, "t2": 15}) {
			t.Errorf("by tag: %v, %v", got, err)
		}
		email, err := f.Email.CountBy(t.Context(), users.Where(f.Age.Eq(5)))
		if got := groups(email); err != nil || len(got) != 6 || got["u5@example.com"] != 1 {
			t.Errorf("by email: %v, %v", got, err)
		}
		if nobody, err := f.Age.CountBy(t.Context(), users.Where(f.Age.Gt(100))); err != nil || len(nobody) > 0 {
			t.Errorf("of nobody: %v, %v", nobody, err)
		}

		if got, err := f.Balance.Max(t.Context(), users.Where()); err != nil || got != 59 {
			t.Errorf("Max = %v, %v", got, err)
		}
		if got, err := f.Balance.Min(t.Context(), users.Where(f.Status.Eq(app.Active), f.Age.Eq(3)).Limit(1)); err != nil || got != 13 {
			t.Errorf("Min with conditions = %v, %v", got, err)
		}
		_, err = f.Balance.Min(t.Context(), users.Where(f.Age.Gt(100)))
		wantErr(t, "Min of nobody", err, repo.ErrNotFound)
	})
}

func groups[V comparable](list []repo.Group[V]) map[V]int64 {
	m := map[V]int64{}
	for _, g := range list {
		m[g.Value] += g.Count
	}
	return m
}

// From any page one can go on and back, in every kind of order.
func TestPagesBothWays(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := people(t, client, 60), app.UserFields
		for name, q := range map[string]*repo.Query[*app.User, string]{
			"all":               users.Where(),
			"ties":              users.Where().OrderBy(f.Age.Desc()),
			"filtered":          users.Where(f.Status.Not(app.Blocked)).OrderBy(f.Balance.Asc()),
			"sorted":            users.Where(f.Tags.Has("t0")).OrderBy(f.Age.Asc()),
			"unordered":         users.Where(f.Tags.HasAny("t0", "t2")),
			"two orders":        users.Where(repo.Or(f.Age.Lt(3), f.Tags.Has("t0"), f.Balance.Gt(50))),
			"two orders, order": users.Where(repo.Or(f.Age.Lt(3), f.Tags.Has("t0"))).OrderBy(f.CreatedAt.Desc()),
		} {
			all := keysOf(t, q)
			q = q.Limit(7)
			page := func(q *repo.Query[*app.User, string]) repo.Page[*app.User] {
				p, err := q.Page(t.Context())
				must(t, err)
				return p
			}
			var pages []repo.Page[*app.User]
			var seen []string
			for p := page(q); ; p = page(q.After(p.Next)) {
				pages = append(pages, p)
				seen = append(seen, idsOf(p)...)
				if p.Next == "" {
					break
				}
			}
			if !slices.Equal(seen, all) || pages[0].Prev != "" {
				t.Errorf("%s: pages of %q, want %q; before the first is %q", name, seen, all, pages[0].Prev)
			}
			for i := len(pages) - 1; i > 0; i-- {
				back := page(q.Before(pages[i].Prev))
				if !slices.Equal(idsOf(back), idsOf(pages[i-1])) || (back.Prev == "") != (i == 1) {
					t.Errorf("%s: before page %d is %q, want %q; more: %v", name, i, idsOf(back), idsOf(pages[i-1]), back.Prev != "")
				}
				if on := page(q.After(back.Next)); !slices.Equal(idsOf(on), idsOf(pages[i])) {
					t.Errorf("%s: behind page %d again is %q, want %q", name, i-1, idsOf(on), idsOf(pages[i]))
				}
			}
			last := page(q.Before(""))
			if !slices.Equal(idsOf(last), all[len(all)-7:]) || last.Next != "" || last.Prev == "" {
				t.Errorf("%s: the last page is %q, next %q", name, idsOf(last), last.Next)
			}
			if p := page(q.Limit(1000).Before(last.Prev)); !slices.Equal(idsOf(p), all[:len(all)-7]) || p.Prev != "" {
				t.Errorf("%s: all before the last page are %q", name, idsOf(p))
			}
		}
		for _, err := range users.Where().Before("").All(t.Context()) {
			if err == nil {
				t.Error("All went backward")
			}
		}
	})
}

func idsOf(p repo.Page[*app.User]) (all []string) {
	for _, u := range p.Items {
		all = append(all, u.ID)
	}
	return all
}

func TestDeleteByQuery(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := people(t, client, 350), app.UserFields
		var reports []repo.Progress
		done, err := users.Where(f.Status.Eq(app.Active), f.Balance.Lt(300)).OnProgress(func(p repo.Progress) { reports = append(reports, p) }).Delete(t.Context())
		if err != nil || done != (repo.Progress{Done: 200}) || len(reports) != 5 || reports[0].Done != 40 || reports[0].Cursor == "" || reports[4] != done {
			t.Errorf("Delete = %+v, %v; reported %+v", done, err, reports)
		}
		wantCount(t, "left", users.Where(), 150)
		wantCount(t, "left and active", users.Where(f.Status.Eq(app.Active)), 33)

		done, err = users.Where().OrderBy(f.Balance.Desc()).Limit(3).Delete(t.Context())
		if err != nil || done.Done != 3 || done.Cursor == "" {
			t.Errorf("Delete of the greatest = %+v, %v", done, err)
		}
		if got, err := f.Balance.Max(t.Context(), users.Where()); err != nil || got != 346 {
			t.Errorf("the greatest left is %v, %v", got, err)
		}
	})
}

// A patch that moves records within the index that finds them changes each once.
func TestPatchByQuery(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := people(t, client, 350), app.UserFields
		done, err := users.Where(f.Age.Gt(4)).Patch(t.Context(), f.Age.Add(1), f.Logins.Add(1))
		if err != nil || done.Done != 175 || done.Skipped != 0 {
			t.Errorf("Patch = %+v, %v", done, err)
		}
		for u, err := range users.Where().All(t.Context()) {
			must(t, err)
			want, logins := int(u.Balance)%10, int64(0)
			if want > 4 {
				want, logins = want+1, 1
			}
			if u.Age != want || u.Logins != logins || u.Version != 1+logins {
				t.Errorf("%s: age %d, logins %d, version %d, want age %d and logins %d", u.ID, u.Age, u.Logins, u.Version, want, logins)
			}
		}
		done, err = users.Where(f.Status.Eq(app.Blocked)).Patch(t.Context(), f.Status.Set(app.Active))
		if err != nil || done.Done != 117 {
			t.Errorf("Patch of the condition = %+v, %v", done, err)
		}
		wantCount(t, "blocked", users.Where(f.Status.Eq(app.Blocked)), 0)

		_, err = users.Where().OrderBy(f.Age.Asc()).Patch(t.Context(), f.Age.Set(1))
		if err == nil {
			t.Error("a patch in an order that it changes succeeded")
		}
		_, err = users.Where().Patch(t.Context())
		if err == nil {
			t.Error("a patch of nothing succeeded")
		}
	})
}

// Records that cannot be patched fail their batch, which goes on behind it.
func TestPatchByQueryThatFails(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := people(t, client, 350), app.UserFields
		q := users.Where(f.Balance.Gte(50)).OrderBy(f.CreatedAt.Asc())
		done, err := q.Patch(t.Context(), f.Email.Set("one@example.com"))
		wantErr(t, "Patch", err, repo.ErrUnique)
		if done.Done != 1 || done.Failed != 39 || done.Cursor == "" {
			t.Errorf("Patch = %+v", done)
		}
		rest, err := q.After(done.Cursor).Patch(t.Context(), f.Nickname.Set("late"))
		if err != nil || rest.Done != 260 || rest.Cursor != "" {
			t.Errorf("the rest: %+v, %v", rest, err)
		}
		wantCount(t, "the rest", users.Where(f.Nickname.Eq("late")), 260)

		ctx, cancel := context.WithCancel(t.Context())
		done, err = users.Where(f.Nickname.Eq("late")).OnProgress(func(repo.Progress) { cancel() }).Delete(ctx)
		wantErr(t, "Delete", err, context.Canceled)
		if done.Done != 40 || done.Cursor == "" {
			t.Errorf("Delete = %+v", done)
		}
		rest, err = users.Where(f.Nickname.Eq("late")).After(done.Cursor).Delete(t.Context())
		if err != nil || rest.Done != 220 {
			t.Errorf("the rest: %+v, %v", rest, err)
		}
	})
}

func TestExplain(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := people(t, client, 60), app.UserFields
		for _, c := range []struct {
			q    *repo.Query[*app.User, string]
			want string
		}{
			{users.Where(), `read s:created_at, 60 entries
first page: 60 examined, 60 returned, 0 missing, 1 calls`},
			{users.Where(f.Username.Eq("user7")), `read u:username, 1 entries, sort by id
first page: 1 examined, 1 returned, 0 missing, 1 calls`},
			{users.Where(f.Status.Eq(app.Active)).OrderBy(f.CreatedAt.Desc()).Limit(10), `read i:status/created_at, 40 entries
first page: 10 examined, 10 returned, 0 missing, 1 calls`},
			{users.Where(f.Status.Eq(app.Active), f.Age.Eq(3)), `read s:age, 6 entries, check status =; rather than i:status/created_at
first page: 6 examined, 4 returned, 0 missing, 1 calls`},
			{users.Where(f.Age.In(3, 4), f.Tags.Has("t0")).OrderBy(f.Balance.Asc()), `read s:age in 2 ranges, 12 entries, sort by balance, check tags has an element; rather than i:tags, s:balance
first page: 12 examined, 3 returned, 0 missing, 1 calls`},
			{users.Where(repo.Not(f.Tags.HasAny("t0", "t2"))), `walks all records
read s:created_at, 60 entries, check not (tags has any of 2 elements)
first page: 60 examined, 30 returned, 0 missing, 1 calls`},
			{users.Where(repo.Or(f.Age.Lt(2), f.Username.Eq("user9"))), `read s:age, 12 entries
read u:username, 1 entries, sort by id, check not (age in a range)
first page: 13 examined, 13 returned, 0 missing, 2 calls`},
		} {
			e, err := c.q.Explain(t.Context())
			got := e.String()
			if layout.Sharded("users") {
				got, c.want = planOf(got), planOf(c.want)
			}
			if err != nil || got != c.want {
				t.Errorf("%v\n%s\nwant\n%s", err, got, c.want)
			}
		}
	})
}

// planOf returns what an explanation says apart from costs, which are others where
// several shards are asked; and what is found by a claim of another shard is checked.
func planOf(explanation string) string {
	explanation = strings.ReplaceAll(explanation, ", check username =\n", "\n")
	explanation = strings.ReplaceAll(explanation, "username = and ", "")
	return regexp.MustCompile(`, \d+ entries|\d+ examined, |, \d+ calls|in \d+ shards\n`).ReplaceAllString(explanation, "")
}

// What queries find missing is counted.
func TestStats(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := people(t, client, 60)
		for i := range 10 {
			must(t, raw(client).Del(t.Context(), recordKey(client, "users", fmt.Sprintf("%03d", i))).Err())
		}
		if got := keysOf(t, users.Where()); len(got) != 50 {
			t.Errorf("%d are left", len(got))
		}
		want := repo.Stats{QueryCalls: 1, Examined: 60, Returned: 50, Repaired: 10}
		got := client.Stats()
		if n := int64(layout.Shards("users")); n > 1 && got.QueryCalls > 1 && got.QueryCalls <= 2*n {
			want.QueryCalls = got.QueryCalls
		}
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}

// A patch that every record's version and time of update move with changes each
// record once, also where an index has their order.
func TestPatchByQueryInAnOrderThatMoves(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		tickets, f := numbers.NewTickets(client), numbers.TicketFields
		var all []*numbers.Ticket
		for i := range 250 {
			all = append(all, &numbers.Ticket{ID: fmt.Sprint(i), Kind: "a"})
		}
		must(t, tickets.CreateMany(t.Context(), all))
		for name, q := range map[string]*repo.Query[*numbers.Ticket, string]{
			"all": tickets.Where(), "kind": tickets.Where(f.Kind.Eq("a")), "version": tickets.Where(f.Version.Gt(0)),
			"updated": tickets.Where(f.UpdatedAt.Gt(time.Unix(0, 0))),
		} {
			done, err := q.Patch(t.Context(), f.Count.Add(1))
			if err != nil || done.Done != 250 {
				t.Errorf("%s: %+v, %v", name, done, err)
			}
		}
		wantCount(t, "changed by each", tickets.Where(f.Version.Eq(5)), 250)
		if _, err := tickets.Where().OrderBy(f.UpdatedAt.Asc()).Patch(t.Context(), f.Count.Add(1)); err == nil {
			t.Error("a patch in the order of the times that it sets succeeded")
		}
	})
}

// What several sources or conditions cost is bounded by the entries, not one call
// each.
func TestCallsOfQueries(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := people(t, client, 900), app.UserFields
		for name, c := range map[string]struct {
			q    *repo.Query[*app.User, string]
			most int64
		}{
			"all":            {users.Where(), 2},
			"three sources":  {users.Where(f.Age.In(1, 2, 3, 4, 5, 6, 7, 8)), 4},
			"shared entries": {users.Where(f.Tags.HasAny("even", "t0", "t2")), 8},
			"checks":         {users.Where(f.Age.Gt(2), f.Balance.Gt(10), f.Tags.Has("even"), repo.Not(f.Tags.Has("t0"))), 4},
			"conditions":     {users.Where(repo.Not(repo.Or(f.Username.Eq("user1"), f.Nickname.Prefix("x"), f.Email.IsNil()))), 8},
		} {
			if n := layout.Shards("users"); n > 1 {
				c.most += int64(n) // shard after shard
			}
			before := client.Stats().QueryCalls
			keysOf(t, c.q)
			if calls := client.Stats().QueryCalls - before; calls > c.most {
				t.Errorf("%s: %d calls, at most %d expected", name, calls, c.most)
			}
		}
	})
}
