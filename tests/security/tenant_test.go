package security

import (
	"errors"
	"maps"
	"testing"

	"github.com/redisgen/redisgen/internal/acl"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// tenantOf returns the client of a tenant.
func tenantOf(t *testing.T, client *repo.Client, name string) *repo.Client {
	t.Helper()
	tenant, err := client.Tenant(name)
	must(t, err)
	t.Cleanup(func() { _ = tenant.Close() })
	return tenant
}

// Tenants of one client see nothing of each other, and the client nothing of them.
func TestTenantsAreApart(t *testing.T) {
	g := guard(t)
	g.allow("all", acl.Options{Role: acl.Writer, Prefix: "app:"})
	g.redisCLI("ACL SETUSER all ~* +@all")
	client := g.open("all", repo.Config{Prefix: "app:"})
	names := []string{"acme", "acm", "Acme", "acme-2", "a", "users"}
	for _, c := range append(tenantsOf(t, client, names), client) {
		run(t, writes(c))
	}
	for _, c := range append(tenantsOf(t, client, names), client) {
		run(t, reads(c))
	}
	before, err := app.NewUsers(client).Where().Count(t.Context())
	must(t, err)
	for i, c := range tenantsOf(t, client, names) {
		users := app.NewUsers(c)
		if _, err := users.Where().Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := users.Where().Count(t.Context()); n != 0 || err != nil {
			t.Errorf("%s: %d users are left, %v", names[i], n, err)
		}
		for _, other := range names[i+1:] {
			if n, err := app.NewUsers(tenantOf(t, client, other)).Where().Count(t.Context()); n != before || err != nil {
				t.Errorf("%s has %d users, want %d, after those of %s were deleted; %v", other, n, before, names[i], err)
			}
		}
		if n, err := app.NewUsers(client).Where().Count(t.Context()); n != before || err != nil {
			t.Errorf("%d users without a tenant, want %d; %v", n, before, err)
		}
	}
}

func tenantsOf(t *testing.T, client *repo.Client, names []string) []*repo.Client {
	t.Helper()
	list := make([]*repo.Client, len(names))
	for i, name := range names {
		list[i] = tenantOf(t, client, name)
	}
	return list
}

// A user with the rules of one tenant can do everything there, and nothing
// elsewhere.
func TestTenantRules(t *testing.T) {
	g := guard(t)
	for _, name := range []string{"acme", "beta"} {
		line := redisgen(t, "acl", "../app", "../places", "-prefix", "app:", "-tenant", name, "-user", name)
		g.redisCLI(line)
		must(t, g.admin.Do(t.Context(), "acl", "setuser", name, ">"+password).Err())
	}
	acme, beta := g.open("acme", repo.Config{Prefix: "app:", SweepInterval: -1}), g.open("beta", repo.Config{Prefix: "app:", SweepInterval: -1})
	own := tenantOf(t, acme, "acme")
	run(t, writes(own))
	run(t, reads(own))
	run(t, writes(tenantOf(t, beta, "beta")))
	g.wantNoDenials()

	before := g.snapshot()
	for name, c := range map[string]*repo.Client{
		"another tenant": tenantOf(t, acme, "beta"), "no tenant": acme, "a tenant of a tenant": tenantOf(t, tenantOf(t, acme, "acme"), "acme"),
		"another prefix": tenantOf(t, g.open("acme", repo.Config{Prefix: "other:", SweepInterval: -1}), "acme"),
	} {
		for _, op := range append(writes(c), reads(c)...) {
			if err := op.call(t.Context()); !errors.Is(err, repo.ErrDenied) {
				t.Fatalf("%s: %s: %v, want that the ACL denies it", name, op.name, err)
			}
		}
	}
	if after := g.snapshot(); !maps.Equal(after, before) {
		t.Error("somebody else's data has changed")
	}
	for _, key := range []string{"app:acme2:{users}:r:7", "app:acm:{users}:r:7", "app:acme{users}:r:7", "app:{users}:r:7", "app:acme:beta:{users}:r:7", "app:acme:x"} {
		if g.dryRun("acme", "hget", key, "f") == "" {
			t.Errorf("acme may read %s", key)
		}
	}
}
