package store_test

import (
	"errors"
	"os"
	"testing"

	"example.com/consumer/schema"
	"example.com/consumer/store"
	"github.com/alicebob/miniredis/v2"
	"github.com/redisgen/redisgen/repo"
)

func TestParts(t *testing.T) {
	for name, url := range map[string]string{
		"miniredis": "redis://" + miniredis.RunT(t).Addr(),
		"redis":     os.Getenv("REDIS_URL"),
	} {
		t.Run(name, func(t *testing.T) {
			client, err := repo.Open(t.Context(), repo.Config{URL: url, Prefix: "consumer-store:"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = client.Close() })
			testParts(t, store.NewParts(client))
		})
	}
}

func testParts(t *testing.T, parts *store.Parts) {
	ctx := t.Context()
	part := &store.Part{Serial: 7, Kind: store.Wheel, Labels: []string{"new", "round"}}
	if err := parts.Save(ctx, part); err != nil {
		t.Fatal(err)
	}
	if err := parts.Save(ctx, &schema.Part{Serial: 8, Kind: "cog"}); !errors.Is(err, repo.ErrEnum) {
		t.Errorf("Save of an unknown kind: %v", err)
	}
	for found, err := range parts.Where(store.PartFields.Labels.Has("round")).All(ctx) {
		if err != nil || found.Kind != schema.Wheel {
			t.Errorf("found %+v, %v", found, err)
		}
	}
	if err := parts.Delete(ctx, 7); err != nil {
		t.Fatal(err)
	}
	if _, err := parts.Get(ctx, 7); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("Get after Delete: %v", err)
	}
}
