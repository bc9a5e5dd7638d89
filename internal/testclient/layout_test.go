package testclient_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/places"
)

// A layout knows where repositories put records, and in which order queries find them.
func TestLayout(t *testing.T) {
	packages, err := testclient.LoadPackages("../../tests/app", "../../tests/places")
	if err != nil {
		t.Fatal(err)
	}
	layout := testclient.LayoutOf(packages)
	server := miniredis.RunT(t)
	client, err := repo.Open(t.Context(), repo.Config{Addrs: []string{server.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	accounts := places.NewAccounts(client)
	ids := []string{"a", "b", "c", "d", "e"}
	for _, id := range ids {
		if err := accounts.Create(t.Context(), &places.Account{ID: id}); err != nil {
			t.Fatal(err)
		}
		if key := layout.Space("accounts", id) + "r:" + id; !server.Exists(key) {
			t.Errorf("%s is not there; there are %q", key, server.Keys())
		}
	}
	var found []string
	for a, err := range accounts.Where().All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, a.ID)
	}
	slices.SortStableFunc(found, func(a, b string) int { // created at the same time, perhaps
		if layout.Shard("accounts", a) == layout.Shard("accounts", b) {
			return strings.Compare(a, b)
		}
		return 0
	})
	if want := layout.ByShard("accounts", ids...); !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
	if err := app.NewMemberships(client).Create(t.Context(), &app.Membership{Group: "g", User: "u"}); err != nil {
		t.Fatal(err)
	}
	if key := layout.Space("memberships", "1:gu") + "r:1:gu"; !server.Exists(key) {
		t.Errorf("%s is not there", key)
	}
	if spaces := layout.Spaces("messages"); len(spaces) != 16 || !strings.HasSuffix(spaces[15], "}messages:") {
		t.Errorf("Spaces of messages = %q", spaces)
	}
	if !layout.Sharded("accounts") || layout.Shards("entries") != 1 {
		t.Errorf("accounts have %d shards, entries %d", layout.Shards("accounts"), layout.Shards("entries"))
	}
}
