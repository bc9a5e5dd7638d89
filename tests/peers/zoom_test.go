package peers

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/redisgen/redisgen/repo"
)

// operators are those of zoom's filters: when they hold, given how a value
// compares with the filter's.
var operators = map[string]func(int) bool{
	"=": func(c int) bool { return c == 0 }, "!=": func(c int) bool { return c != 0 },
	">": func(c int) bool { return c > 0 }, ">=": func(c int) bool { return c >= 0 },
	"<": func(c int) bool { return c < 0 }, "<=": func(c int) bool { return c <= 0 },
}

// ranged is a field with an order.
type ranged[V any] interface {
	Eq(V) repo.Predicate[*Person]
	Not(V) repo.Predicate[*Person]
	Gt(V) repo.Predicate[*Person]
	Gte(V) repo.Predicate[*Person]
	Lt(V) repo.Predicate[*Person]
	Lte(V) repo.Predicate[*Person]
	Asc() repo.Order[*Person]
	Desc() repo.Order[*Person]
}

// attribute is an indexed field of a person, as zoom names and filters it.
type attribute struct {
	name      string
	filter    func(operator string, than *Person) repo.Predicate[*Person]
	compare   func(a, b *Person) int
	asc, desc repo.Order[*Person]
}

func inOrder[V cmp.Ordered](name string, f ranged[V], get func(*Person) V) attribute {
	return attribute{name, func(operator string, than *Person) repo.Predicate[*Person] {
		v := get(than)
		return map[string]func(V) repo.Predicate[*Person]{"=": f.Eq, "!=": f.Not, ">": f.Gt, ">=": f.Gte, "<": f.Lt, "<=": f.Lte}[operator](v)
	}, func(a, b *Person) int { return cmp.Compare(get(a), get(b)) }, f.Asc(), f.Desc()}
}

// ordered are the attributes that have an order.
var ordered = []attribute{
	inOrder("Name", PersonFields.Name, func(p *Person) string { return p.Name }),
	inOrder("Age", PersonFields.Age, func(p *Person) int { return p.Age }),
	inOrder("Height", PersonFields.Height, func(p *Person) float64 { return p.Height }),
	inOrder("Account", PersonFields.Account, func(p *Person) int64 { return p.Account }),
	inOrder("Points", PersonFields.Points, func(p *Person) int64 { return p.Points }),
}

// attributes are those that can be filtered by. A bool has no order of its own:
// a comparison names the values for which it holds.
var attributes = append(slices.Clone(ordered), attribute{name: "Member", filter: func(operator string, than *Person) repo.Predicate[*Person] {
	f := PersonFields.Member
	if operator == "!=" {
		return f.Not(than.Member)
	}
	var values []bool
	for _, v := range []bool{false, true} {
		if operators[operator](compareBools(v, than.Member)) {
			values = append(values, v)
		}
	}
	return f.In(values...)
}, compare: func(a, b *Person) int { return compareBools(a.Member, b.Member) }})

func compareBools(a, b bool) int {
	rank := map[bool]int{true: 1}
	return rank[a] - rank[b]
}

// people stores n people at random, several of whom have each value.
func people(t *testing.T, client *repo.Client, r *rand.Rand, n int) (*People, []*Person) {
	t.Helper()
	names := []string{"", "Al", "Alan", "Zoe", "al", "alan", "zoë", "al\x00an", "al\x7f", "al\x01", "\xff"}
	var list []*Person
	for i := range n {
		list = append(list, &Person{
			ID: fmt.Sprintf("%03d", i), Name: names[r.IntN(len(names))], Age: r.IntN(7) - 3, Height: float64(r.IntN(9)) / 4,
			Member: r.IntN(3) == 0, Account: r.Int64N(5)*999_999_999_999 - 2e12, Points: r.Int64N(9) - 4, Note: fmt.Sprint("note ", i), Photo: []byte{0xff, 0, byte(i)},
		})
	}
	all := NewPeople(client)
	must(t, all.CreateMany(t.Context(), list))
	return all, list
}

// sortedBy returns people in the order of an attribute, those who are equal in
// it by id, least first or all turned round.
func sortedBy(list []*Person, by attribute, descending bool) []*Person {
	list = slices.SortedFunc(slices.Values(list), func(a, b *Person) int { return cmp.Or(by.compare(a, b), cmp.Compare(a.ID, b.ID)) })
	if descending {
		slices.Reverse(list)
	}
	return list
}

// zoom: Collection.NewQuery without modifiers, Collection.FindAll,
// Collection.Count, Collection.DeleteAll.
func TestZoomAll(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		check(t, "nobody", NewPeople(client).Where(), false, nil)
		all, list := people(t, client, random(t), 40)
		check(t, "everybody", all.Where(), false, idsOf(list))
		if done, err := all.Where().Delete(t.Context()); err != nil || done.Done != 40 {
			t.Errorf("Delete = %+v, %v", done, err)
		}
		check(t, "nobody any more", all.Where(), false, nil)
	})
}

// zoom: Query.Order, ascending and with a minus sign.
func TestZoomOrder(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		all, list := people(t, client, random(t), 40)
		for _, by := range ordered {
			check(t, by.name, all.Where().OrderBy(by.asc), true, idsOf(sortedBy(list, by, false)))
			check(t, "-"+by.name, all.Where().OrderBy(by.desc), true, idsOf(sortedBy(list, by, true)))
		}
	})
}

// zoom: Query.Limit and Query.Offset, with limits and offsets of more than there
// is.
func TestZoomLimitAndOffset(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		all, list := people(t, client, random(t), 20)
		for _, by := range ordered {
			want := idsOf(sortedBy(list, by, false))
			for _, limit := range []int{1, 5, 19, 20, 100} {
				for _, offset := range []int{0, 1, 10, 19, 20, 100} {
					part := want[min(offset, 20):min(offset+limit, 20)]
					if got := window(t, all.Where().OrderBy(by.asc), offset, limit); !slices.Equal(got, part) {
						t.Errorf("%s, offset %d, limit %d: %q, want %q", by.name, offset, limit, got, part)
					}
				}
			}
		}
	})
}

// zoom: Query.Include and Query.Exclude. To exclude fields is to select the
// others.
func TestZoomIncludeAndExclude(t *testing.T) {
	f := &PersonFields
	each(t, func(t *testing.T, client *repo.Client) {
		all, list := people(t, client, random(t), 10)
		for name, c := range map[string]struct {
			fields []repo.FieldOf[*Person]
			keep   func(p, whole *Person)
		}{
			"Include(Age)":           {[]repo.FieldOf[*Person]{f.Age}, func(p, whole *Person) { p.Age = whole.Age }},
			"Include(Name, Photo)":   {[]repo.FieldOf[*Person]{f.Name, f.Photo}, func(p, whole *Person) { p.Name, p.Photo = whole.Name, whole.Photo }},
			"Include()":              {nil, func(*Person, *Person) {}},
			"Exclude(Name, Partner)": {[]repo.FieldOf[*Person]{f.Age, f.Height, f.Member, f.Account, f.Points, f.Note, f.Photo}, func(p, whole *Person) { *p = *whole; p.Name = "" }},
		} {
			i := 0
			for got, err := range all.Where().OrderBy(f.Points.Asc()).Select(c.fields...).All(t.Context()) {
				must(t, err)
				whole := sortedBy(list, ordered[4], false)[i]
				want := &Person{ID: whole.ID}
				c.keep(want, whole)
				if photo := want.Photo; !bytes.Equal(got.Photo, photo) {
					t.Errorf("%s: photo %q, want %q", name, got.Photo, photo)
				}
				got.Photo, want.Photo = nil, nil
				if fmt.Sprint(*got) != fmt.Sprint(*want) {
					t.Errorf("%s: %+v, want %+v", name, *got, *want)
				}
				i++
			}
			if i != 10 {
				t.Errorf("%s: %d people", name, i)
			}
		}
	})
}

// zoom: Query.Filter with each of its operators on fields of each kind.
func TestZoomFilter(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		all, list := people(t, client, random(t), 40)
		for _, by := range attributes {
			for operator, holds := range operators {
				for _, than := range list[:2] {
					want := matching(list, func(p *Person) bool { return holds(by.compare(p, than)) })
					check(t, by.name+" "+operator, all.Where(by.filter(operator, than)), false, want)
				}
			}
		}
	})
}

// zoom: Query.Filter several times: all must hold.
func TestZoomSeveralFilters(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		r := random(t)
		all, list := people(t, client, r, 40)
		for _, one := range attributes {
			for _, two := range attributes {
				for first, holds := range operators {
					second := []string{"=", "!=", ">", ">=", "<", "<="}[r.IntN(6)]
					a, b := list[r.IntN(40)], list[r.IntN(40)]
					want := matching(list, func(p *Person) bool { return holds(one.compare(p, a)) && operators[second](two.compare(p, b)) })
					got, err := keys(t.Context(), all.Where(one.filter(first, a), two.filter(second, b)))
					must(t, err)
					if !same(got, want, false) {
						t.Errorf("%s %s %s, %s %s %s: %q, want %q", one.name, first, a.ID, two.name, second, b.ID, got, want)
					}
				}
			}
		}
	})
}

// zoom: Filter, Order, Limit and Offset together, as in its test of
// combinations.
func TestZoomCombinations(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		r := random(t)
		all, list := people(t, client, r, 40)
		for _, by := range attributes {
			for operator, holds := range operators {
				for _, order := range ordered {
					for _, descending := range []bool{false, true} {
						than, offset, limit := list[r.IntN(40)], r.IntN(12), 1+r.IntN(12)
						want := matching(sortedBy(list, order, descending), func(p *Person) bool { return holds(by.compare(p, than)) })
						part := want[min(offset, len(want)):min(offset+limit, len(want))]
						direction := order.asc
						if descending {
							direction = order.desc
						}
						q := all.Where(by.filter(operator, than)).OrderBy(direction)
						if got := window(t, q, offset, limit); !slices.Equal(got, part) {
							t.Errorf("%s %s than %s by %s (descending: %v), offset %d, limit %d: %q, want %q", by.name, operator, than.ID, order.name, descending, offset, limit, got, part)
						}
						if n, err := q.Count(t.Context()); err != nil || n != int64(len(want)) {
							t.Errorf("%s %s than %s by %s: Count = %d, %v, want %d", by.name, operator, than.ID, order.name, n, err, len(want))
						}
					}
				}
			}
		}
	})
}

// zoom: Query.RunOne, which fails if nothing fits.
func TestZoomRunOne(t *testing.T) {
	f := &PersonFields
	each(t, func(t *testing.T, client *repo.Client) {
		all, list := people(t, client, random(t), 40)
		name, age := list[0].Name, list[0].Age
		want := matching(list, func(p *Person) bool { return p.Name == name && p.Age == age })
		check(t, "by two fields", all.Where(f.Name.Eq(name), f.Age.Eq(age)), false, want)
		check(t, "nobody", all.Where(f.Name.Eq(name), f.Age.Eq(99)), false, nil)
	})
}

// zoom: the query of its README, people of 25 and more by name, backward, ten of
// them.
func TestZoomReadme(t *testing.T) {
	f := &PersonFields
	each(t, func(t *testing.T, client *repo.Client) {
		r := random(t)
		var list []*Person
		for i := range 50 {
			list = append(list, &Person{ID: fmt.Sprintf("%03d", i), Name: fmt.Sprintf("name %02d", r.IntN(50)), Age: r.IntN(50)})
		}
		all := NewPeople(client)
		must(t, all.CreateMany(t.Context(), list))
		want := matching(sortedBy(list, ordered[0], true), func(p *Person) bool { return p.Age >= 25 })
		check(t, "by name", all.Where(f.Age.Gte(25)).OrderBy(f.Name.Desc()), true, want)
		if got := window(t, all.Where(f.Age.Gte(25)).OrderBy(f.Name.Desc()), 0, 10); !slices.Equal(got, want[:min(10, len(want))]) {
			t.Errorf("%q, want the first of %q", got, want)
		}
	})
}

// zoom: "A Note About String Indexes". The order is that of bytes, Z before a;
// NUL and DEL, which zoom forbids, are bytes like others.
func TestZoomStringIndexes(t *testing.T) {
	f := &PersonFields
	each(t, func(t *testing.T, client *repo.Client) {
		names := []string{"", "\x00", "\x00\x00", "\x00\x01", "\x01", "\x01\x00", "A", "Z", "Z\x00", "Z\x00a", "Z\x01", "Z\x7f", "Za", "a", "a\x7f", "aa", "b", "é", "\xff", "\xff\xff"}
		slices.Sort(names)
		all := NewPeople(client)
		var ids []string
		for i, name := range names {
			ids = append(ids, fmt.Sprintf("%02d", len(names)-i))
			must(t, all.Create(t.Context(), &Person{ID: ids[i], Name: name}))
		}
		check(t, "in order", all.Where().OrderBy(f.Name.Asc()), true, ids)
		for i, name := range names {
			check(t, "=", all.Where(f.Name.Eq(name)), true, ids[i:i+1])
			check(t, "<", all.Where(f.Name.Lt(name)), true, ids[:i])
			check(t, ">=", all.Where(f.Name.Gte(name)), true, ids[i:])
		}
	})
}

// zoom: indexed fields that are pointers. Nil is in no order and equal to
// nothing; zoom's != leaves it out, and so does a query for what is not nil.
func TestZoomPointers(t *testing.T) {
	f := &PersonFields
	each(t, func(t *testing.T, client *repo.Client) {
		all := NewPeople(client)
		for id, partner := range map[string]*string{"1": new("b"), "2": nil, "3": new("a"), "4": new(""), "5": nil} {
			must(t, all.Create(t.Context(), &Person{ID: id, Partner: partner}))
		}
		check(t, "in order", all.Where().OrderBy(f.Partner.Asc()), true, []string{"4", "3", "1"})
		check(t, "backward", all.Where().OrderBy(f.Partner.Desc()), true, []string{"1", "3", "4"})
		check(t, "nil", all.Where(f.Partner.IsNil()), false, []string{"2", "5"})
		check(t, "empty", all.Where(f.Partner.Eq("")), false, []string{"4"})
		check(t, "!=", all.Where(f.Partner.Not("a")), false, []string{"1", "2", "4", "5"})
		check(t, "!= and not nil", all.Where(f.Partner.Not("a"), repo.Not(f.Partner.IsNil())), false, []string{"1", "4"})
		check(t, ">=", all.Where(f.Partner.Gte("")), false, []string{"1", "3", "4"})
	})
}
