package places_test

import (
	"math"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/gen/testdata/places"
	"github.com/redisgen/redisgen/repo"
)

var (
	rome  = repo.Point{Lat: 41.9028, Lon: 12.4964}
	milan = repo.Point{Lat: 45.4642, Lon: 9.19}
)

func connect(t *testing.T) (*redis.Client, *repo.Client) {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	client, err := repo.New(rdb, repo.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return rdb, client
}

// TestIndexes checks that the points of a record are where Redis's own geo
// commands find them, from its creation to its end.
func TestIndexes(t *testing.T) {
	ctx := t.Context()
	rdb, client := connect(t)
	shops, f := places.NewShops(client), places.ShopFields

	check := func(step string, err error, points map[string]repo.Point) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		for _, index := range []string{"door", "depot", "van"} {
			found, err := rdb.GeoPos(ctx, "{shops}:g:"+index, "1").Result()
			if err != nil {
				t.Fatal(err)
			}
			want, ok := points[index]
			if got := found[0]; (got != nil) != ok || ok && !near(got, want) {
				t.Errorf("%s: %s is at %+v, want %+v, %t", step, index, got, want, ok)
			}
		}
	}

	shop := &places.Shop{ID: "1", Name: "Shop", Door: rome, Depot: &milan, Seen: milan}
	check("create", shops.Create(ctx, shop), map[string]repo.Point{"door": rome, "depot": milan})
	shop.Door, shop.Depot, shop.Van = milan, nil, rome
	check("save", shops.Save(ctx, shop), map[string]repo.Point{"door": milan, "van": rome})
	err := shops.Patch(ctx, "1", f.Name.Set("New"), f.Depot.Set(rome), f.Van.Set(repo.Point{}))
	check("patch", err, map[string]repo.Point{"door": milan, "depot": rome})
	check("clear", shops.Patch(ctx, "1", f.Door.Clear()), map[string]repo.Point{"depot": rome})
	check("delete", shops.Delete(ctx, "1"), nil)
	if keys, err := rdb.Keys(ctx, "{shops}:*").Result(); err != nil || len(keys) > 0 {
		t.Errorf("a deleted shop has left %q, %v", keys, err)
	}
}

// near tells whether a position that Redis has decoded is that of a point: the
// score has 26 bits of each coordinate.
func near(got *redis.GeoPos, want repo.Point) bool {
	return math.Abs(got.Latitude-want.Lat) < 1e-5 && math.Abs(got.Longitude-want.Lon) < 1e-5
}

// TestQueries asks for shops by where they are, and reads some of their fields.
func TestQueries(t *testing.T) {
	ctx := t.Context()
	_, client := connect(t)
	shops, f := places.NewShops(client), places.ShopFields
	for _, shop := range []*places.Shop{
		{ID: "1", Name: "One", Door: rome, Depot: &milan},
		{ID: "2", Name: "Two", Door: rome, Van: milan},
		{ID: "3", Name: "Three", Door: milan, Depot: &rome},
	} {
		if err := shops.Create(ctx, shop); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name  string
		query repo.Predicate[*places.Shop]
		want  int64
	}{
		{"a door in a circle", f.Door.Within(rome, 1000), 2},
		{"a depot in a box", f.Depot.InBox(repo.Point{Lat: 41, Lon: 9}, repo.Point{Lat: 42, Lon: 13}), 1},
		{"a van that is not stored", f.Van.Within(repo.Point{}, 1000), 0},
		{"no depot", f.Depot.IsNil(), 1},
		{"two points", repo.And(f.Door.Within(rome, 1000), f.Depot.Within(milan, 1000)), 1},
	} {
		if n, err := shops.Where(test.query).Count(ctx); err != nil || n != test.want {
			t.Errorf("%s: %d, %v, want %d", test.name, n, err, test.want)
		}
	}
	shop, err := shops.Where(f.Door.Within(milan, 1000)).Select(f.Depot, f.Version).First(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if shop.ID != "3" || shop.Depot == nil || *shop.Depot != rome || shop.Version != 1 || shop.Name != "" || shop.Door != (repo.Point{}) {
		t.Errorf("selected the depot and version of shop 3, and got %+v", shop)
	}
}
