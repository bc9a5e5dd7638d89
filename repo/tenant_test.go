package repo

import (
	"errors"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/internal/tenant"
)

func TestTenantName(t *testing.T) {
	client := offline(t, Config{Prefix: "app:"})
	if acme, err := client.Tenant("acme"); err != nil || acme.Prefix() != "app:acme:" || acme.Redis() != client.Redis() {
		t.Errorf("Tenant = %v, %v", acme, err)
	}
	for _, name := range []string{"", "a:b", "{a}", "a*", "a b", "\xff"} {
		if got, err := client.Tenant(name); got != nil || !errors.Is(err, tenant.ErrName) {
			t.Errorf("Tenant(%q) = %v, %v", name, got, err)
		}
	}
}

// A tenant has the settings of the client it is derived from.
func TestTenantSettings(t *testing.T) {
	config := Config{
		Prefix: "app:", MaxIDSize: 5, RequireIndex: true, MaxRetries: 7, RoundTrip: time.Hour, SweepInterval: time.Minute,
		Clock: func() time.Time { return time.Unix(1, 0) },
	}
	client := offline(t, config)
	acme, err := client.Tenant("acme")
	if err != nil {
		t.Fatal(err)
	}
	if acme.limits.id != 5 || !acme.indexed || acme.retries != 7 || acme.trip != client.trip || acme.clock == nil || acme.log != client.log ||
		acme.sweeper.interval != time.Minute {
		t.Errorf("settings %+v, sweeps every %v", acme.settings, acme.sweeper.interval)
	}
}

// Closing a tenant leaves the client open; closing the client closes its tenants.
func TestTenantClose(t *testing.T) {
	client, err := Open(t.Context(), Config{Addrs: []string{miniredis.RunT(t).Addr()}, Prefix: "app:"})
	if err != nil {
		t.Fatal(err)
	}
	open := func(c *Client, name string) (*Client, *Repository[*thing, string]) {
		tenant, err := c.Tenant(name)
		if err != nil {
			t.Fatal(err)
		}
		r := NewRepository(tenant, things)
		return tenant, &r
	}
	acme, things := open(client, "acme")
	beta, others := open(client, "beta")
	part, parts := open(beta, "part")
	for _, r := range []*Repository[*thing, string]{things, others, parts} {
		if _, err := r.Exists(t.Context(), "7"); err != nil {
			t.Fatal(err)
		}
	}
	if err := acme.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := things.Exists(t.Context(), "7"); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed tenant: %v", err)
	}
	if acme.sweeper.ctx.Err() == nil || beta.sweeper.ctx.Err() != nil {
		t.Error("the sweeper of the closed tenant should have ended, and no other")
	}
	for _, r := range []*Repository[*thing, string]{others, parts} {
		if _, err := r.Exists(t.Context(), "7"); err != nil {
			t.Errorf("another tenant: %v", err)
		}
	}
	if _, err := client.Health(t.Context()); err != nil {
		t.Errorf("the client: %v", err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*Client{"beta": beta, "part": part} {
		if _, err := c.Health(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("%s after its client was closed: %v", name, err)
		}
		if c.sweeper.ctx.Err() == nil {
			t.Errorf("%s sweeps after its client was closed", name)
		}
		if err := c.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
