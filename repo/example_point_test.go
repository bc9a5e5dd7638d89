package repo_test

import (
	"errors"
	"fmt"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

func ExamplePoint() {
	berlin := repo.Point{Lat: 52.52, Lon: 13.405}
	text, err := berlin.MarshalText()
	fmt.Printf("%s %v\n", text, err)

	var sydney repo.Point
	fmt.Println(sydney.UnmarshalText([]byte("-33.8568,151.2153")), sydney.Lat, sydney.Lon)

	_, err = repo.Point{Lat: 90}.MarshalText()
	fmt.Println(errors.Is(err, repo.ErrPoint))
	// Output:
	// 52.52,13.405 <nil>
	// <nil> -33.8568 151.2153
	// true
}

func ExamplePoint_Distance() {
	berlin := repo.Point{Lat: 52.52, Lon: 13.405}
	paris := repo.Point{Lat: 48.8566, Lon: 2.3522}
	fmt.Printf("%.0f km\n", berlin.Distance(paris)/1000)
	// Output: 878 km
}

// market returns a repository of some shops.
func market(client *embedded) *app.Shops {
	shops := app.NewShops(client.Client)
	check(shops.CreateMany(ctx, []*app.Shop{
		{ID: "1", Name: "Forno", Kind: "bakery", Place: &repo.Point{Lat: 41.8957, Lon: 12.4723}},
		{ID: "2", Name: "Libri", Kind: "books", Place: &repo.Point{Lat: 41.9009, Lon: 12.4833}},
		{ID: "3", Name: "Marina", Kind: "bakery", Place: &repo.Point{Lat: 41.7315, Lon: 12.2786}},
		{ID: "4", Name: "Online"},
	}))
	return shops
}

func ExampleGeoField_Within() {
	client := open()
	defer client.close()
	shops := market(client)

	pantheon := repo.Point{Lat: 41.8986, Lon: 12.4769}
	for shop, err := range shops.Where(app.ShopFields.Place.Within(pantheon, 1000), app.ShopFields.Kind.Eq("bakery")).All(ctx) {
		check(err)
		fmt.Printf("%s, %.0f m\n", shop.Name, pantheon.Distance(*shop.Place))
	}
	// Output: Forno, 499 m
}

func ExampleGeoField_InBox() {
	client := open()
	defer client.close()
	shops := market(client)

	southWest, northEast := repo.Point{Lat: 41.7, Lon: 12.2}, repo.Point{Lat: 41.8, Lon: 12.4}
	for shop, err := range shops.Where(app.ShopFields.Place.InBox(southWest, northEast)).All(ctx) {
		check(err)
		fmt.Println(shop.Name)
	}
	// Output: Marina
}

func ExampleGeoField_Nearest() {
	client := open()
	defer client.close()
	shops := market(client)

	colosseum := repo.Point{Lat: 41.8902, Lon: 12.4922}
	for shop, err := range shops.Where().OrderBy(app.ShopFields.Place.Nearest(colosseum)).All(ctx) {
		check(err)
		fmt.Printf("%s, %.1f km\n", shop.Name, colosseum.Distance(*shop.Place)/1000)
	}
	// Output:
	// Libri, 1.4 km
	// Forno, 1.8 km
	// Marina, 25.0 km
}
