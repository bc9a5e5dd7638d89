package keys_test

import (
	"net/netip"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/gen/testdata/keys"
	"github.com/redisgen/redisgen/repo"
)

func TestKeys(t *testing.T) {
	ctx := t.Context()
	server := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	client, err := repo.New(rdb, repo.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })

	accounts := keys.NewAccounts(client)
	account := &keys.Account{}
	if err := accounts.Create(ctx, account); err != nil {
		t.Fatal(err)
	}
	if account.ID == "" || account.Version != 1 {
		t.Errorf("Create made %+v, want an id and version 1", account)
	}
	if got, err := accounts.Get(ctx, account.ID); err != nil || *got != *account {
		t.Errorf("Get = %+v, %v; want %+v", got, err, account)
	}

	devices := keys.NewDevices(client)
	if err := devices.Create(ctx, &keys.Device{Serial: 7}); err != nil {
		t.Fatal(err)
	}
	if got, err := devices.Get(ctx, 7); err != nil || got.Serial != 7 {
		t.Errorf("Get(7) = %+v, %v", got, err)
	}

	hosts := keys.NewHosts(client)
	host := &keys.Host{Addr: netip.MustParseAddr("127.0.0.1")}
	if err := hosts.Create(ctx, host); err != nil {
		t.Fatal(err)
	}
	if host.CreatedAt == nil || host.UpdatedAt == nil || !host.ExpiresAt.After(*host.CreatedAt) {
		t.Errorf("Create stamped %+v, want times", host)
	}
	if got, err := hosts.Get(ctx, host.Addr); err != nil || !got.ExpiresAt.Equal(host.ExpiresAt) {
		t.Errorf("Get = %+v, %v; want %+v", got, err, host)
	}

	leases := keys.NewLeases(client)
	lease := keys.Lease{Account: "a:1", Serial: 2, Number: -3, Slot: 4, Host: host.Addr}
	if err := leases.Create(ctx, &lease); err != nil {
		t.Fatal(err)
	}
	key := keys.LeaseKey{Account: "a:1", Serial: 2, Number: -3, Slot: 4, Host: host.Addr}
	if got, err := leases.Get(ctx, key); err != nil || *got != lease {
		t.Errorf("Get(%+v) = %+v, %v; want %+v", key, got, err, lease)
	}
}
