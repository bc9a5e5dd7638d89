package peers

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/redisgen/redisgen/repo"
)

// accounts are numbers that differ by one: about 10^18, where a double has one
// value for 128 of them, and at the ends of what 64 bits hold.
var accounts = []int64{
	math.MinInt64, math.MinInt64 + 1, math.MinInt64 + 2, -1e18 - 1, -1e18, -1e18 + 1, -1<<53 - 1, -1 << 53, -1<<53 + 1, -10, -9, -1, 0, 1, 9, 10,
	1<<53 - 1, 1 << 53, 1<<53 + 1, 1e18 - 2, 1e18 - 1, 1e18, 1e18 + 1, 1e18 + 2, math.MaxInt64 - 2, math.MaxInt64 - 1, math.MaxInt64,
}

// zoom: filters and order of an int64, which it keeps as scores: those are
// doubles, to which some of these numbers are the same.
func TestZoomIntegers(t *testing.T) {
	by := ordered[3]
	doubles := map[float64]bool{}
	for _, v := range accounts {
		doubles[float64(v)] = true
	}
	if len(doubles) > len(accounts)-10 {
		t.Fatalf("doubles tell %d of %d numbers apart", len(doubles), len(accounts))
	}
	each(t, func(t *testing.T, client *repo.Client) {
		all := NewPeople(client)
		var list []*Person
		for i, j := range random(t).Perm(len(accounts)) {
			list = append(list, &Person{ID: fmt.Sprintf("%03d", i), Account: accounts[j], Age: j % 3, Name: "same"})
		}
		must(t, all.CreateMany(t.Context(), list))
		check(t, "in order", all.Where().OrderBy(by.asc), true, idsOf(sortedBy(list, by, false)))
		check(t, "backward", all.Where().OrderBy(by.desc), true, idsOf(sortedBy(list, by, true)))
		for _, than := range list {
			for operator, holds := range operators {
				want := matching(sortedBy(list, by, false), func(p *Person) bool { return holds(by.compare(p, than)) })
				got, err := keys(t.Context(), all.Where(by.filter(operator, than)).OrderBy(by.asc))
				must(t, err)
				if !slices.Equal(got, want) {
					t.Errorf("%s %d: %q, want %q", operator, than.Account, got, want)
				}
				// Another index finds them, so that the server compares and sorts.
				want = matching(sortedBy(list, by, true), func(p *Person) bool { return p.Age == 1 && holds(by.compare(p, than)) })
				got, err = keys(t.Context(), all.Where(PersonFields.Age.Eq(1), by.filter(operator, than)).OrderBy(by.desc))
				must(t, err)
				if !slices.Equal(got, want) {
					t.Errorf("%s %d of age 1: %q, want %q", operator, than.Account, got, want)
				}
			}
		}
		wantExtremes(t, all)
	})
}

// wantExtremes checks what is least and greatest, and how often each is there.
func wantExtremes(t *testing.T, all *People) {
	t.Helper()
	f := &PersonFields
	low, err := f.Account.Min(t.Context(), all.Where())
	if err != nil || low != math.MinInt64 {
		t.Errorf("Min = %d, %v", low, err)
	}
	high, err := f.Account.Max(t.Context(), all.Where(f.Name.Eq("same")))
	if err != nil || high != math.MaxInt64 {
		t.Errorf("Max = %d, %v", high, err)
	}
	groups, err := f.Account.CountBy(t.Context(), all.Where(f.Account.Gte(1e18-2)))
	must(t, err)
	slices.SortFunc(groups, func(a, b repo.Group[int64]) int { return cmp.Compare(a.Value, b.Value) })
	want := accounts[slices.Index(accounts, 1e18-2):]
	for i, v := range want {
		if len(groups) != len(want) || groups[i] != (repo.Group[int64]{Value: v, Count: 1}) {
			t.Errorf("CountBy = %v, want one of each of %d", groups, want)
			break
		}
	}
	for _, v := range want {
		one, err := all.Where(f.Account.Between(v, v)).One(t.Context())
		if err != nil || one.Account != v {
			t.Errorf("One of %d = %+v, %v", v, one, err)
		}
	}
}

// zoom: the same numbers in an index that has scores here too. What a double
// cannot hold is refused, and not rounded.
func TestZoomIntegersAsScores(t *testing.T) {
	f := &PersonFields
	each(t, func(t *testing.T, client *repo.Client) {
		all := NewPeople(client)
		for i, v := range accounts {
			err := all.Create(t.Context(), &Person{ID: fmt.Sprint(i), Points: v})
			if fits := v >= -1<<53 && v <= 1<<53; fits != (err == nil) || !fits && !errors.Is(err, repo.ErrRange) {
				t.Errorf("Create with %d points: %v", v, err)
			}
		}
		for _, v := range []int64{-1 << 53, -1<<53 + 1, 1<<53 - 1, 1 << 53} {
			one, err := all.Where(f.Points.Eq(v)).One(t.Context())
			if err != nil || one.Points != v {
				t.Errorf("One of %d = %+v, %v", v, one, err)
			}
		}
		check(t, "> 2^53-1", all.Where(f.Points.Gt(1<<53-1)), false, []string{fmt.Sprint(slices.Index(accounts, 1<<53))})
		if _, err := all.Where(f.Points.Gt(1e18)).Count(t.Context()); !errors.Is(err, repo.ErrRange) {
			t.Errorf("a bound of 10^18: %v", err)
		}
	})
}
