package repo_test

import (
	"context"
	"fmt"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

func ExampleRepository_GetOrLoad() {
	client := open()
	defer client.close()
	wallets := app.NewWallets(client.Client)
	load := func(ctx context.Context, id string) (*app.Wallet, error) {
		fmt.Println("loading", id) // from a database, say
		if id != "ann" {
			return nil, repo.ErrNotFound
		}
		return &app.Wallet{ID: id, Owner: "Ann", Cents: 100}, nil
	}
	for _, id := range []string{"ann", "ann", "bob", "bob"} {
		w, err := wallets.GetOrLoad(ctx, id, load, repo.LoadOptions{TTL: time.Minute, Early: -1})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(w.Owner, w.Cents)
	}
	// Output:
	// loading ann
	// Ann 100
	// Ann 100
	// loading bob
	// redisgen: GetOrLoad wallets "bob": not found
	// redisgen: GetOrLoad wallets "bob": not found
}

func ExampleCache() {
	config := repo.Config{Cache: &repo.Cache{MaxBytes: 16 << 20}}
	client, err := repo.Open(ctx, config)
	if err != nil {
		return // there is no server on this machine
	}
	defer client.Close()
	users := app.NewUsers(client)
	for range 1000 { // one round trip, or a few
		_, err = users.Get(ctx, "7")
	}
	fmt.Println(err, client.CacheStats().Hits)
}
