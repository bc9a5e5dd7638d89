package indexes_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/gen/testdata/indexes"
	"github.com/redisgen/redisgen/repo"
)

func TestFinders(t *testing.T) {
	ctx := t.Context()
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	client, err := repo.New(rdb, repo.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	products := indexes.NewProducts(client)

	seen := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	host := netip.MustParseAddr("127.0.0.1")
	p := indexes.Product{
		ID: "1", Shop: "s", SKU: "K", Serial: 1 << 63, Hash: []byte{0}, Weight: 0.1, Seen: &seen, Host: &host, Fresh: time.Hour,
		Price: new(int64(5)), Labels: []indexes.Label{"l"}, Sizes: []int8{-1}, Masks: []uint{1}, Hosts: []netip.Addr{host},
	}
	if err := products.Create(ctx, &p); err != nil {
		t.Fatal(err)
	}
	for name, find := range map[string]func() (*indexes.Product, error){
		"GetByShopAndSKU": func() (*indexes.Product, error) { return products.GetByShopAndSKU(ctx, "s", "k") },
		"GetBySerial":     func() (*indexes.Product, error) { return products.GetBySerial(ctx, 1<<63) },
		"GetByHash":       func() (*indexes.Product, error) { return products.GetByHash(ctx, []byte{0}) },
		"GetByWeight":     func() (*indexes.Product, error) { return products.GetByWeight(ctx, 0.1) },
		"GetBySeen":       func() (*indexes.Product, error) { return products.GetBySeen(ctx, seen) },
		"GetByHost":       func() (*indexes.Product, error) { return products.GetByHost(ctx, host) },
		"GetByFresh":      func() (*indexes.Product, error) { return products.GetByFresh(ctx, time.Hour) },
	} {
		if got, err := find(); err != nil || got.ID != "1" || got.Version != 1 {
			t.Errorf("%s = %+v, %v; want product 1", name, got, err)
		}
	}
}
