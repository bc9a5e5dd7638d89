package fragments

import (
	"context"
	"fmt"
	"log"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// market is a store of 2,000 shops: 200 in Rome, 667 bakeries, 400 that have
// one of 20 owners, the others none, 667 that are organic, ratings from 0 to 9.9
// and places around Rome.
var market = sync.OnceValue(func() *app.Shops {
	server := miniredis.NewMiniRedis()
	check(server.Start())
	client, err := repo.Open(context.Background(), repo.Config{Addrs: []string{server.Addr()}})
	check(err)
	shops := app.NewShops(client)
	var list []*app.Shop
	for i := range 2000 {
		shop := &app.Shop{
			ID:     fmt.Sprintf("%04d", i),
			Name:   fmt.Sprintf("Shop %04d", i),
			City:   []string{"Rome", "Milan", "Milan", "Milan", "Turin", "Turin", "Bari", "Bari", "Pisa", "Siena"}[i%10],
			Kind:   []string{"bakery", "books", "flowers"}[i%3],
			Rating: float64(i*37%100) / 10,
			Opened: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i),
			Place:  &repo.Point{Lat: 41.8 + 0.005*float64(i%40), Lon: 12.3 + 0.01*float64(i/40)},
		}
		if i%5 == 0 {
			shop.Owner = new(fmt.Sprintf("owner%d", i%100/5))
		}
		if i%3 == 1 {
			shop.Badges = append(shop.Badges, "organic")
		}
		if i%8 == 0 {
			shop.Badges = append(shop.Badges, "late")
		}
		list = append(list, shop)
	}
	check(shops.CreateMany(context.Background(), list))
	return shops
})

// show runs the body of an example.
func show(body func(context.Context, *app.Shops) error) { check(body(context.Background(), market())) }

// explain prints how a query is answered.
func explain(query *repo.Query[*app.Shop, string]) {
	explanation, err := query.Explain(context.Background())
	check(err)
	fmt.Println(explanation)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
