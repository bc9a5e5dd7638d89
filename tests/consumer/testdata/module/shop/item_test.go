package shop

import (
	"errors"
	"os"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redisgen/redisgen/repo"
)

func TestItems(t *testing.T) {
	for name, url := range map[string]string{
		"miniredis": "redis://" + miniredis.RunT(t).Addr(),
		"redis":     os.Getenv("REDIS_URL"),
	} {
		t.Run(name, func(t *testing.T) {
			client, err := repo.Open(t.Context(), repo.Config{URL: url, Prefix: "consumer-shop:"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = client.Close() })
			testItems(t, NewItems(client))
		})
	}
}

func testItems(t *testing.T, items *Items) {
	ctx := t.Context()
	for i, code := range []string{"a", "b", "c"} {
		if err := items.Create(ctx, &Item{ID: code, Code: code, Shelf: "top", Price: int64(30 - 10*i)}); err != nil {
			t.Fatal(err)
		}
	}
	var unique *repo.UniqueError
	if err := items.Create(ctx, &Item{Code: "A"}); !errors.As(err, &unique) || unique.Owner != "a" {
		t.Errorf("Create with a taken code: %v", err)
	}
	page, err := items.Where(ItemFields.Shelf.Eq("top"), ItemFields.Price.Lt(30)).OrderBy(cheapest).Limit(1).Page(ctx)
	if err != nil || len(page.Items) != 1 || page.Items[0].ID != "c" || page.Next == "" {
		t.Errorf("Page = %+v, %v", page, err)
	}
	if err := items.Patch(ctx, "c", ItemFields.Price.Add(5), ItemFields.Shelf.Set("low")); err != nil {
		t.Fatal(err)
	}
	c, err := items.GetByCode(ctx, "C")
	if err != nil || c.Price != 15 || c.Version != 2 {
		t.Errorf("GetByCode = %+v, %v", c, err)
	}
	for _, id := range []string{"a", "b", "c"} {
		if err := items.Delete(ctx, id); err != nil {
			t.Error(err)
		}
	}
	if n, err := items.Where().Count(ctx); n != 0 || err != nil {
		t.Errorf("Count = %d, %v", n, err)
	}
}
