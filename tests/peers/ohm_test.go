package peers

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/redisgen/redisgen/repo"
)

// asked is a query and the condition in plain Go that says what it finds.
type asked[T any] struct {
	name  string
	q     *repo.Query[T, string]
	holds func(T) bool
}

// answer checks queries against the records, which have been stored.
func answer[T identified](t *testing.T, list []T, questions []asked[T]) {
	t.Helper()
	for _, a := range questions {
		check(t, a.name, a.q, false, matching(list, a.holds))
	}
}

// users stores some users of three countries.
func users(t *testing.T, client *repo.Client) (*Users, []*User) {
	t.Helper()
	var list []*User
	add := func(first, last, country string, status *string, votes int, tags ...string) {
		n := len(list) + 1
		list = append(list, &User{
			ID: fmt.Sprintf("%02d", n), FirstName: first, LastName: last, Country: country, Status: status, Votes: votes, Tags: tags,
			Email: fmt.Sprintf("%s%d@%s.com", first, n, []string{"one", "two"}[n%2]), Provider: []string{"one", "two"}[n%2],
		})
	}
	active, suspended, pending := new("active"), new("suspended"), new("pending")
	add("John", "Doe", "Argentina", active, 7, "ruby", "redis")
	add("Jane", "Doe", "Argentina", active, 3, "ruby")
	add("Albert", "Smith", "Argentina", suspended, 3)
	add("Albert", "Doe", "Uruguay", active, 0, "redis", "ruby", "python")
	add("Ana", "van der Berg", "Uruguay", suspended, -2, "python")
	add("Zoe", "Smith", "Uruguay", pending, 11)
	add("John", "Smith", "Chile", active, 4, "redis")
	add("", "", "Chile", nil, 4)
	add("Eve", "Doe", "Chile", nil, 5, "")
	all := NewUsers(client)
	must(t, all.CreateMany(t.Context(), list))
	return all, list
}

func statusIs(u *User, status string) bool { return u.Status != nil && *u.Status == status }

// ohm: Model.all, Set#size, Set#ids, Model.exists?, Set#include?.
func TestOhmAll(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		all, list := users(t, client)
		check(t, "all", all.Where(), false, idsOf(list))
		if there, err := all.Exists(t.Context(), "03"); err != nil || !there {
			t.Errorf("Exists = %v, %v", there, err)
		}
		if there, err := all.Exists(t.Context(), "99"); err != nil || there {
			t.Errorf("Exists of nobody = %v, %v", there, err)
		}
		check(t, "includes", all.Where(UserFields.LastName.Eq("Doe"), UserFields.Email.Eq("John1@two.com")), false, []string{"01"})
	})
}

// ohm: "Finding records" and "Filtering results" of its README, Model.find,
// and its test of findability: values of one field or of several, of which all
// must be equal, also those with spaces and those that nobody has.
func TestOhmFind(t *testing.T) {
	f := &UserFields
	each(t, func(t *testing.T, client *repo.Client) {
		all, list := users(t, client)
		answer(t, list, []asked[*User]{
			{"by first name", all.Where(f.FirstName.Eq("Albert")), func(u *User) bool { return u.FirstName == "Albert" }},
			{"by country", all.Where(f.Country.Eq("Argentina")), func(u *User) bool { return u.Country == "Argentina" }},
			{"by country and status", all.Where(f.Country.Eq("Argentina"), f.Status.Eq("active")), func(u *User) bool { return u.Country == "Argentina" && statusIs(u, "active") }},
			{"by both names", all.Where(f.LastName.Eq("Doe"), f.FirstName.Eq("John")), func(u *User) bool { return u.LastName == "Doe" && u.FirstName == "John" }},
			{"chained", all.Where(f.LastName.Eq("Doe"), f.Status.Eq("active"), f.Country.Eq("Uruguay")), func(u *User) bool { return u.LastName == "Doe" && statusIs(u, "active") && u.Country == "Uruguay" }},
			{"with spaces", all.Where(f.LastName.Eq("van der Berg")), func(u *User) bool { return u.LastName == "van der Berg" }},
			{"the empty value", all.Where(f.LastName.Eq("")), func(u *User) bool { return u.LastName == "" }},
			{"nobody", all.Where(f.Country.Eq("Peru")), func(*User) bool { return false }},
			{"nobody of both", all.Where(f.Country.Eq("Chile"), f.Status.Eq("suspended")), func(*User) bool { return false }},
			{"a derived value", all.Where(f.Provider.Eq("two")), func(u *User) bool { return u.Provider == "two" }},
		})
	})
}

// ohm: Model.find with an element of an index of several values, as in its
// tagging example, and with a list of them, which must all be there.
func TestOhmFindTags(t *testing.T) {
	f := &UserFields
	has := func(u *User, tag string) bool { return slices.Contains(u.Tags, tag) }
	each(t, func(t *testing.T, client *repo.Client) {
		all, list := users(t, client)
		answer(t, list, []asked[*User]{
			{"ruby", all.Where(f.Tags.Has("ruby")), func(u *User) bool { return has(u, "ruby") }},
			{"ruby and redis", all.Where(f.Tags.HasAll("ruby", "redis")), func(u *User) bool { return has(u, "ruby") && has(u, "redis") }},
			{"three tags", all.Where(f.Tags.HasAll("ruby", "python", "redis")), func(u *User) bool { return has(u, "ruby") && has(u, "redis") && has(u, "python") }},
			{"ruby or python", all.Where(f.Tags.HasAny("ruby", "python")), func(u *User) bool { return has(u, "ruby") || has(u, "python") }},
			{"ruby, not python", all.Where(f.Tags.Has("ruby"), repo.Not(f.Tags.Has("python"))), func(u *User) bool { return has(u, "ruby") && !has(u, "python") }},
			{"the empty tag", all.Where(f.Tags.Has("")), func(u *User) bool { return has(u, "") }},
		})
		groups, err := f.Tags.CountBy(t.Context(), all.Where())
		must(t, err)
		slices.SortFunc(groups, func(a, b repo.Group[string]) int { return cmp.Compare(a.Value, b.Value) })
		if want := []repo.Group[string]{{Value: "", Count: 1}, {Value: "python", Count: 2}, {Value: "redis", Count: 3}, {Value: "ruby", Count: 3}}; !slices.Equal(groups, want) {
			t.Errorf("the cloud of tags is %v, want %v", groups, want)
		}
	})
}

// ohm: Set#combine, an intersection with a union.
func TestOhmCombine(t *testing.T) {
	f := &UserFields
	each(t, func(t *testing.T, client *repo.Client) {
		all, list := users(t, client)
		answer(t, list, []asked[*User]{
			{"active in two countries", all.Where(f.Status.Eq("active"), f.Country.In("Argentina", "Uruguay")), func(u *User) bool {
				return statusIs(u, "active") && (u.Country == "Argentina" || u.Country == "Uruguay")
			}},
			{"active of two names", all.Where(f.Status.Eq("active"), f.FirstName.In("John", "Jane")), func(u *User) bool { return statusIs(u, "active") && (u.FirstName == "John" || u.FirstName == "Jane") }},
			{"combined twice", all.Where(f.Country.In("Chile", "Uruguay"), f.LastName.In("Doe", "Smith")), func(u *User) bool { return u.Country != "Argentina" && (u.LastName == "Doe" || u.LastName == "Smith") }},
			{"several fields", all.Where(f.LastName.Eq("Doe"), repo.Or(f.Status.Eq("active"), f.Country.Eq("Chile"))), func(u *User) bool { return u.LastName == "Doe" && (statusIs(u, "active") || u.Country == "Chile") }},
			{"with none", all.Where(f.Status.Eq("active"), f.FirstName.In()), func(*User) bool { return false }},
		})
	})
}

// ohm: Set#except, with one value and with a list, on a set and on all.
func TestOhmExcept(t *testing.T) {
	f := &UserFields
	each(t, func(t *testing.T, client *repo.Client) {
		all, list := users(t, client)
		answer(t, list, []asked[*User]{
			{"Argentina, not suspended", all.Where(f.Country.Eq("Argentina"), f.Status.Not("suspended")), func(u *User) bool { return u.Country == "Argentina" && !statusIs(u, "suspended") }},
			{"all but suspended", all.Where(f.Status.Not("suspended")), func(u *User) bool { return !statusIs(u, "suspended") }},
			{"neither of two names", all.Where(repo.Not(f.FirstName.In("John", "Jane"))), func(u *User) bool { return u.FirstName != "John" && u.FirstName != "Jane" }},
			{"active, neither of two names", all.Where(f.Status.Eq("active"), repo.Not(f.FirstName.In("John", "Jane"))), func(u *User) bool { return statusIs(u, "active") && u.FirstName != "John" && u.FirstName != "Jane" }},
			{"without both at once", all.Where(f.LastName.Eq("Doe"), repo.Not(repo.And(f.Status.Eq("active"), f.Country.Eq("Argentina")))), func(u *User) bool { return u.LastName == "Doe" && !(statusIs(u, "active") && u.Country == "Argentina") }},
			{"all of them taken away", all.Where(f.Country.Eq("Chile"), f.Country.Not("Chile")), func(*User) bool { return false }},
			{"nothing taken away", all.Where(f.Country.Eq("Chile"), f.Status.Not("unheard of")), func(u *User) bool { return u.Country == "Chile" }},
		})
	})
}

// ohm: Set#union, and what is asked of a union afterwards.
func TestOhmUnion(t *testing.T) {
	f := &UserFields
	each(t, func(t *testing.T, client *repo.Client) {
		all, list := users(t, client)
		either := func(u *User) bool { return statusIs(u, "active") || statusIs(u, "suspended") }
		answer(t, list, []asked[*User]{
			{"two countries", all.Where(repo.Or(f.Country.Eq("Argentina"), f.Country.Eq("Uruguay"))), func(u *User) bool { return u.Country != "Chile" }},
			{"two statuses", all.Where(repo.Or(f.Status.Eq("active"), f.Status.Eq("suspended"))), either},
			{"two statuses, then a name", all.Where(repo.Or(f.Status.Eq("active"), f.Status.Eq("suspended")), f.LastName.Eq("Doe")), func(u *User) bool { return either(u) && u.LastName == "Doe" }},
			{"two statuses, then not a name", all.Where(repo.Or(f.Status.Eq("active"), f.Status.Eq("suspended")), f.LastName.Not("Doe")), func(u *User) bool { return either(u) && u.LastName != "Doe" }},
			{"different fields", all.Where(repo.Or(f.Status.Eq("pending"), f.FirstName.Eq("John"), f.Votes.Lt(0))), func(u *User) bool { return statusIs(u, "pending") || u.FirstName == "John" || u.Votes < 0 }},
			{"of sets that overlap", all.Where(repo.Or(f.LastName.Eq("Doe"), f.Country.Eq("Chile"), f.Tags.Has("redis"))), func(u *User) bool {
				return u.LastName == "Doe" || u.Country == "Chile" || slices.Contains(u.Tags, "redis")
			}},
			{"with an empty set", all.Where(repo.Or(f.Country.Eq("Chile"), f.Country.Eq("Peru"))), func(u *User) bool { return u.Country == "Chile" }},
		})
	})
}

// ohm: Set#sort, by id: ids are numbers there that count up, so that its order
// is that of creation. Set#sort_by with order, ALPHA, limit and get. Set#first
// with by and order.
func TestOhmSort(t *testing.T) {
	f := &UserFields
	byName := func(a, b *User) int { return cmp.Or(cmp.Compare(a.FirstName, b.FirstName), cmp.Compare(a.ID, b.ID)) }
	byVotes := func(a, b *User) int { return cmp.Or(cmp.Compare(a.Votes, b.Votes), cmp.Compare(a.ID, b.ID)) }
	each(t, func(t *testing.T, client *repo.Client) {
		all, list := users(t, client)
		doe := func(u *User) bool { return u.LastName == "Doe" }
		for _, c := range []struct {
			name      string
			compare   func(a, b *User) int
			asc, desc repo.Order[*User]
		}{
			{"sort", func(a, b *User) int { return cmp.Compare(a.ID, b.ID) }, f.CreatedAt.Asc(), f.CreatedAt.Desc()},
			{"sort_by name ALPHA", byName, f.FirstName.Asc(), f.FirstName.Desc()},
			{"sort_by votes", byVotes, f.Votes.Asc(), f.Votes.Desc()},
		} {
			up := slices.SortedFunc(slices.Values(list), c.compare)
			down := slices.Clone(up)
			slices.Reverse(down)
			check(t, c.name+" ASC", all.Where().OrderBy(c.asc), true, idsOf(up))
			check(t, c.name+" DESC", all.Where().OrderBy(c.desc), true, idsOf(down))
			check(t, c.name+" ASC of a set", all.Where(f.LastName.Eq("Doe")).OrderBy(c.asc), true, matching(up, doe))
			check(t, c.name+" DESC of a set", all.Where(f.LastName.Eq("Doe")).OrderBy(c.desc), true, matching(down, doe))
			check(t, c.name+" of a union", all.Where(repo.Or(f.LastName.Eq("Doe"), f.Votes.Gte(4))).OrderBy(c.desc), true, matching(down, func(u *User) bool { return doe(u) || u.Votes >= 4 }))
			if got := window(t, all.Where().OrderBy(c.asc), 2, 3); !slices.Equal(got, idsOf(up[2:5])) {
				t.Errorf("%s, limit: [2, 3]: %q, want %q", c.name, got, idsOf(up[2:5]))
			}
		}
		one, err := all.Where(f.LastName.Eq("Doe"), f.Status.Eq("active")).OrderBy(f.FirstName.Desc()).Select(f.FirstName).First(t.Context())
		if err != nil || one.FirstName != "John" || one.LastName != "" {
			t.Errorf("first by name, get name: %+v, %v", one, err)
		}
	})
}

// ohm: uniques and Model.with.
func TestOhmWith(t *testing.T) {
	f := &UserFields
	each(t, func(t *testing.T, client *repo.Client) {
		all, list := users(t, client)
		got, err := all.GetByEmail(t.Context(), list[3].Email)
		if err != nil || got.ID != "04" {
			t.Errorf("GetByEmail = %+v, %v", got, err)
		}
		one, err := all.Where(f.Email.Eq(list[3].Email)).One(t.Context())
		if err != nil || one.ID != "04" {
			t.Errorf("One = %+v, %v", one, err)
		}
		if err := all.Create(t.Context(), &User{Email: list[3].Email}); !errors.Is(err, repo.ErrUnique) {
			t.Errorf("Create with a value that is taken: %v", err)
		}
		_, err = all.GetByEmail(t.Context(), "nobody")
		if !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("GetByEmail of nobody: %v", err)
		}
	})
}

// ohm: its tests of indices: they follow changes, deletions, and values that
// were nil, and a counter that is increased moves in the order.
func TestOhmIndices(t *testing.T) {
	f := &UserFields
	each(t, func(t *testing.T, client *repo.Client) {
		all, list := users(t, client)
		ctx := t.Context()
		must(t, all.Patch(ctx, "01", f.Country.Set("Peru"), f.Votes.Add(10)))
		list[0].Country, list[0].Votes = "Peru", 17
		must(t, all.Patch(ctx, "08", f.Status.Set("inactive")))
		list[7].Status = new("inactive")
		must(t, all.Patch(ctx, "02", f.Status.Clear()))
		list[1].Status = nil
		must(t, all.Delete(ctx, "05"))
		list = slices.Delete(list, 4, 5)
		answer(t, list, []asked[*User]{
			{"the old value", all.Where(f.Country.Eq("Argentina")), func(u *User) bool { return u.Country == "Argentina" }},
			{"the new value", all.Where(f.Country.Eq("Peru")), func(u *User) bool { return u.Country == "Peru" }},
			{"no longer nil", all.Where(f.Status.Eq("inactive")), func(u *User) bool { return statusIs(u, "inactive") }},
			{"nil", all.Where(f.Status.IsNil()), func(u *User) bool { return u.Status == nil }},
			{"neither nil nor active", all.Where(repo.Not(repo.Or(f.Status.IsNil(), f.Status.Eq("active")))), func(u *User) bool { return u.Status != nil && !statusIs(u, "active") }},
			{"deleted", all.Where(f.LastName.Eq("van der Berg")), func(u *User) bool { return u.LastName == "van der Berg" }},
			{"most votes", all.Where(f.Votes.Gt(11)), func(u *User) bool { return u.Votes > 11 }},
		})
	})
}

// ohm: its tests with books and authors: intersections that are joined, asked
// again and taken away.
func TestOhmAuthors(t *testing.T) {
	f := &AuthorFields
	each(t, func(t *testing.T, client *repo.Client) {
		all := NewAuthors(client)
		list := []*Author{{ID: "1", Book: "1", Mood: "happy"}, {ID: "2", Book: "1", Mood: "sad"}, {ID: "3", Book: "2", Mood: "sad"}}
		must(t, all.CreateMany(t.Context(), list))
		is := func(book, mood string) repo.Predicate[*Author] { return repo.And(f.Book.Eq(book), f.Mood.Eq(mood)) }
		was := func(a *Author, book, mood string) bool { return a.Book == book && a.Mood == mood }
		answer(t, list, []asked[*Author]{
			{"two intersections joined", all.Where(repo.Or(is("1", "happy"), is("1", "sad"))), func(a *Author) bool { return a.Book == "1" }},
			{"joined with an empty one", all.Where(repo.Or(is("1", "happy"), is("2", "sad"), is("2", "happy"))), func(a *Author) bool { return was(a, "1", "happy") || was(a, "2", "sad") }},
			{"and with the first again", all.Where(repo.Or(is("1", "happy"), is("2", "sad")), is("1", "happy")), func(a *Author) bool { return was(a, "1", "happy") }},
			{"and without the first", all.Where(repo.Or(is("1", "happy"), is("2", "sad")), repo.Not(is("1", "happy"))), func(a *Author) bool { return was(a, "2", "sad") }},
		})
	})
}

// ohm: its example of chaining: a user's orders by state and product.
func TestOhmChaining(t *testing.T) {
	f := &OrderFields
	each(t, func(t *testing.T, client *repo.Client) {
		all := NewOrders(client)
		var list []*Order
		for _, user := range []string{"ann", "bob"} {
			for state, product := range map[string]string{"pending": "iPod", "authorized": "iPad", "captured": "iPad"} {
				list = append(list, &Order{ID: user + state, User: user, State: state, Product: product})
			}
		}
		must(t, all.CreateMany(t.Context(), list))
		mine := f.User.Eq("ann")
		accepted := repo.Or(f.State.Eq("authorized"), f.State.Eq("captured"))
		answer(t, list, []asked[*Order]{
			{"orders", all.Where(mine), func(o *Order) bool { return o.User == "ann" }},
			{"pending", all.Where(mine, f.State.Eq("pending")), func(o *Order) bool { return o.User == "ann" && o.State == "pending" }},
			{"pending iPods", all.Where(mine, f.State.Eq("pending"), f.Product.Eq("iPod")), func(o *Order) bool { return o.User == "ann" && o.State == "pending" }},
			{"pending iPads", all.Where(mine, f.State.Eq("pending"), f.Product.Eq("iPad")), func(*Order) bool { return false }},
			{"accepted", all.Where(mine, accepted), func(o *Order) bool { return o.User == "ann" && o.State != "pending" }},
			{"accepted iPads of anybody", all.Where(accepted, f.Product.Eq("iPad")), func(o *Order) bool { return o.State != "pending" }},
			{"not accepted", all.Where(mine, repo.Not(accepted)), func(o *Order) bool { return o.User == "ann" && o.State == "pending" }},
		})
	})
}
