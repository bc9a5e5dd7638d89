package behaviour

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// somewhere returns a point: half of them are in a town, the others anywhere,
// some of them where the map ends.
func somewhere(r *rand.Rand) repo.Point {
	switch r.IntN(20) {
	case 0:
		return repo.Point{Lat: 0, Lon: 180 - float64(r.IntN(2))*360}
	case 1:
		return repo.Point{Lat: 85, Lon: r.Float64()*360 - 180}
	case 2, 3, 4, 5, 6:
		return repo.Point{Lat: r.Float64()*170 - 85, Lon: r.Float64()*360 - 180}
	case 7:
		return repo.Point{Lat: 48.2, Lon: 16.37} // one place for many
	}
	return repo.Point{Lat: 48.2 + r.NormFloat64()/50, Lon: 16.37 + r.NormFloat64()/50}
}

func TestGeo(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		seed := uint64(time.Now().UnixNano())
		r := rand.New(rand.NewPCG(seed, 1))
		defer func() {
			if t.Failed() {
				t.Log("seed", seed)
			}
		}()
		shops, f := app.NewShops(client), app.ShopFields
		var all []*app.Shop
		for i := range 600 {
			s := &app.Shop{ID: fmt.Sprintf("%04d", i), Kind: fmt.Sprintf("k%d", i%40), Rating: float64(i % 5)}
			if i%50 != 0 {
				s.Place = new(somewhere(r))
			}
			all = append(all, s)
		}
		must(t, shops.CreateMany(t.Context(), all))
		for _, s := range all[:100] { // some move, some lose their place
			if s.Place = nil; r.IntN(3) > 0 {
				s.Place = new(somewhere(r))
				must(t, shops.Patch(t.Context(), s.ID, f.Place.Set(*s.Place)))
			} else {
				must(t, shops.Patch(t.Context(), s.ID, f.Place.Clear()))
			}
		}

		for range 15 {
			center := somewhere(r)
			meters := []float64{0, 10, 2000, 5e4, 1e6, 3e7}[r.IntN(6)]
			within := f.Place.Within(center, meters)
			near := func(s *app.Shop) bool { return s.Place != nil && center.Distance(*s.Place) <= meters }
			border := func(s *app.Shop) bool {
				return s.Place != nil && meters > 0 && cmp.Compare(center.Distance(*s.Place)/meters, 1-1e-9) > 0 && near(s)
			}
			if slices.ContainsFunc(all, border) {
				continue // the server may round it to the other side
			}
			where := []repo.Predicate[*app.Shop]{within}
			if r.IntN(2) == 0 {
				where = append(where, f.Rating.Gte(3))
			}
			if r.IntN(3) == 0 {
				where = append(where, f.Kind.In("k1", "k2", "k3", "k4"))
			}
			var want []*app.Shop
			q := shops.Where(where...)
			for _, s := range shopsOf(t, shops.Where(where[1:]...)) {
				if near(s) {
					want = append(want, s)
				}
			}
			wantShops(t, fmt.Sprintf("within %v m of %v", meters, center), idsOfShops(shopsOf(t, q)), want, nil)
			wantCount(t, "within", q, int64(len(want)))

			byDistance := func(a, b *app.Shop) int {
				return cmp.Or(cmp.Compare(center.Distance(*a.Place), center.Distance(*b.Place)), cmp.Compare(a.ID, b.ID))
			}
			slices.SortFunc(want, byDistance)
			nearest := q.OrderBy(f.Place.Nearest(center))
			wantShops(t, fmt.Sprintf("nearest to %v within %v m", center, meters), idsOfShops(shopsOf(t, nearest)), want, &center)
			both(t, nearest.Limit(10+r.IntN(100)), want, center)
		}

		box := func(south, west, north, east float64) []string {
			return idsOfShops(shopsOf(t, shops.Where(f.Place.InBox(repo.Point{Lat: south, Lon: west}, repo.Point{Lat: north, Lon: east}))))
		}
		for range 15 {
			a, b := somewhere(r), somewhere(r)
			south, north := min(a.Lat, b.Lat), max(a.Lat, b.Lat)
			var want []*app.Shop
			for _, s := range all {
				if s.Place == nil || s.Place.Lat < south || s.Place.Lat > north {
					continue
				}
				if lon := s.Place.Lon; a.Lon <= b.Lon && lon >= a.Lon && lon <= b.Lon || a.Lon > b.Lon && (lon >= a.Lon || lon <= b.Lon) {
					want = append(want, s)
				}
			}
			wantShops(t, fmt.Sprintf("box %v %v", a, b), box(south, a.Lon, north, b.Lon), want, nil)
		}

		center := repo.Point{Lat: 48.2, Lon: 16.37}
		var placed []*app.Shop
		for _, s := range all {
			if s.Place != nil {
				placed = append(placed, s)
			}
		}
		slices.SortFunc(placed, func(a, b *app.Shop) int {
			return cmp.Or(cmp.Compare(center.Distance(*a.Place), center.Distance(*b.Place)), cmp.Compare(a.ID, b.ID))
		})
		both(t, shops.Where().OrderBy(f.Place.Nearest(center)).Limit(100), placed, center)
		wantCount(t, "nil", shops.Where(f.Place.IsNil()), int64(len(all)-len(placed)))

		_, err := shops.Where(f.Place.Within(center, -1)).Page(t.Context())
		wantErr(t, "a negative radius", err, repo.ErrArea)
		_, err = shops.Where().OrderBy(f.Place.Nearest(repo.Point{Lat: 91})).Page(t.Context())
		wantErr(t, "a point off the map", err, repo.ErrPoint)
		wantErr(t, "a record off the map", shops.Create(t.Context(), &app.Shop{ID: "x", Place: &repo.Point{Lon: 181}}), repo.ErrPoint)
	})
}

func shopsOf(t *testing.T, q *repo.Query[*app.Shop, string]) (all []*app.Shop) {
	t.Helper()
	for s, err := range q.All(t.Context()) {
		must(t, err)
		all = append(all, s)
	}
	return all
}

func idsOfShops(list []*app.Shop) (all []string) {
	for _, s := range list {
		all = append(all, s.ID)
	}
	return all
}

// wantShops compares ids with shops: as sets, or in the order of their distance
// from a center, where a server may round the distances of two the other way.
func wantShops(t *testing.T, what string, got []string, want []*app.Shop, center *repo.Point) {
	t.Helper()
	ids := idsOfShops(want)
	if center != nil {
		away := map[string]float64{}
		for _, s := range want {
			away[s.ID] = center.Distance(*s.Place)
		}
		for i := 1; i < len(got); i++ {
			if before, after := away[got[i-1]], away[got[i]]; before > after*(1+1e-9)+1e-5 {
				t.Errorf("%s: %q at %v m comes before %q at %v m", what, got[i-1], before, got[i], after)
			}
		}
	}
	got, ids = slices.Clone(got), slices.Clone(ids)
	slices.Sort(got)
	slices.Sort(ids)
	if !slices.Equal(got, ids) {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, ids)
	}
}

// both goes through the pages of a query to the end and back.
func both(t *testing.T, q *repo.Query[*app.Shop, string], want []*app.Shop, center repo.Point) {
	t.Helper()
	var there, back []string
	for cursor, more := "", true; more; {
		page, err := q.After(cursor).Page(t.Context())
		must(t, err)
		there = append(there, idsOfShops(page.Items)...)
		cursor, more = page.Next, page.Next != ""
	}
	for cursor, more := "", true; more; {
		page, err := q.Before(cursor).Page(t.Context())
		must(t, err)
		back = append(idsOfShops(page.Items), back...)
		cursor, more = page.Prev, page.Prev != ""
	}
	wantShops(t, "page by page", there, want, &center)
	wantShops(t, "backward", back, want, &center)
}
