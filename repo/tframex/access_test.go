package tframex_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
)

func TestFindUser(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		ctx := t.Context()
		ann := &tframex.User{Username: "Ann", Email: new("Ann@Example.com"), IsActive: true, PasswordHash: new("hash1"), APIKey: new("key1")}
		odd := &tframex.User{Username: "bob@home", IsActive: true}
		must(t, s.Users.Create(ctx, ann))
		must(t, s.Users.Create(ctx, odd))
		for login, want := range map[string]string{"ANN": ann.ID, "ann@example.COM": ann.ID, "BOB@home": odd.ID} {
			if u, err := s.FindUser(ctx, login); err != nil || u.ID != want {
				t.Errorf("%s: %+v, %v", login, u, err)
			}
		}
		_, err := s.FindUser(ctx, "carl")
		wantError(t, err, repo.ErrNotFound)
		err = s.Users.Create(ctx, &tframex.User{Username: "ann", PasswordHash: new("hash2"), APIKey: new("key2")})
		if wantError(t, err, repo.ErrUnique); strings.Contains(err.Error(), "hash") || strings.Contains(err.Error(), "key2") {
			t.Errorf("the error shows a secret: %v", err)
		}
	})
}

// role stores a role, and returns it.
func role(t *testing.T, s *tframex.Store, name, parent string, permissions ...string) *tframex.Role {
	t.Helper()
	r := &tframex.Role{Name: name, Permissions: permissions}
	if parent != "" {
		r.ParentRole = &parent
	}
	must(t, s.Roles.Create(t.Context(), r))
	return r
}

func user(t *testing.T, s *tframex.Store, id string, roles ...string) {
	t.Helper()
	must(t, s.Users.Create(t.Context(), &tframex.User{ID: id, Username: id, IsActive: true, Roles: roles}))
}

func TestAccess(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		ctx := t.Context()
		role(t, s, "reader", "", "conversations:read", "flows:read")
		role(t, s, "Writer", "READER", "conversations:write")
		role(t, s, "left", "right", "left:go")
		role(t, s, "right", "left", "right:go")
		role(t, s, "self", "self", "self:go")
		role(t, s, "orphan", "nobody", "orphan:go")
		root := role(t, s, "root", "", "*")
		deploy := role(t, s, "ops", "", "deploy", "*:list", "nodes:eu:*")
		must(t, s.Permissions.Create(ctx, &tframex.Permission{Name: "deploy", Resource: "flows", Action: "deploy"}))
		user(t, s, "ann", "writer", "gone", "Orphan")
		user(t, s, "bob", "left", "self")
		user(t, s, "carl")
		user(t, s, "dora")
		for _, link := range []*tframex.UserRole{{UserID: "carl", RoleID: root.ID}, {UserID: "dora", RoleID: deploy.ID}, {UserID: "dora", RoleID: "lost"}} {
			link.AssignedAt = time.Now()
			must(t, s.UserRoles.Create(ctx, link))
		}
		user(t, s, "eve", "root")
		must(t, s.Users.Patch(ctx, "eve", tframex.UserFields.IsActive.Set(false)))

		for _, test := range []struct {
			user        string
			permissions string
			missing     string
		}{
			{"ann", "conversations:read conversations:write flows:read orphan:go", "gone nobody"},
			{"bob", "left:go right:go self:go", ""},
			{"carl", "*", ""},
			{"dora", "*:list flows:deploy nodes:eu:*", "lost"},
			{"eve", "*", ""},
		} {
			for range 2 { // the second time names of roles are known
				a, err := s.AccessOf(ctx, test.user)
				must(t, err)
				if got := strings.Join(a.Permissions, " "); got != test.permissions || strings.Join(a.Missing, " ") != test.missing || a.User.ID != test.user {
					t.Errorf("%s: %q, missing %q", test.user, got, a.Missing)
				}
			}
		}
		for _, test := range []struct {
			user, resource, action string
			want                   bool
		}{
			{"ann", "conversations", "read", true}, {"ann", "conversations", "write", true}, {"ann", "flows", "write", false},
			{"ann", "Conversations", "read", false}, {"carl", "anything", "at all", true}, {"dora", "users", "list", true},
			{"dora", "users", "read", false}, {"dora", "flows", "deploy", true}, {"dora", "nodes:eu", "stop", true}, {"dora", "nodes", "eu", false},
			{"eve", "users", "read", false}, {"nobody", "users", "read", false},
		} {
			if got, err := s.Allowed(ctx, test.user, test.resource, test.action); got != test.want || err != nil {
				t.Errorf("%s, %s:%s: %v, %v", test.user, test.resource, test.action, got, err)
			}
		}
		_, err := s.AccessOf(ctx, "nobody")
		wantError(t, err, repo.ErrNotFound)
	})
}

// Roles are found by the names that they bear now, also those that were found by another.
func TestRenamedRole(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		ctx := t.Context()
		r := role(t, s, "admin", "", "a:b")
		user(t, s, "ann", "admin")
		want := func(allowed bool) {
			t.Helper()
			if ok, err := s.Allowed(ctx, "ann", "a", "b"); ok != allowed || err != nil {
				t.Errorf("Allowed = %v, %v; want %v", ok, err, allowed)
			}
		}
		want(true)
		must(t, s.Roles.Patch(ctx, r.ID, tframex.RoleFields.Name.Set("other")))
		want(false)
		again := role(t, s, "ADMIN", "", "a:b")
		want(true)
		must(t, s.Roles.Delete(ctx, again.ID))
		want(false)
	})
}

// More levels than there may be permit nothing, and end.
func TestDeepRoles(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		for i := range 40 {
			role(t, s, fmt.Sprint(i), fmt.Sprint(i+1), fmt.Sprintf("%d:go", i))
		}
		user(t, s, "ann", "0")
		a, err := s.AccessOf(t.Context(), "ann")
		must(t, err)
		if len(a.Roles) != 32 || !slices.Equal(a.Missing, []string{"32"}) || !a.Allows("31", "go") || a.Allows("32", "go") {
			t.Errorf("%d roles, missing %v", len(a.Roles), a.Missing)
		}
	})
}

// With a cache only the links are asked for.
func TestCachedAccess(t *testing.T) {
	server := redisd.Shared(t)
	rdb, trips := redis.NewClient(server.Options()), new(roundTrips)
	defer rdb.Close()
	client, err := repo.New(rdb, repo.Config{Prefix: server.Prefix(), SweepInterval: -1, RoundTrip: time.Hour, Cache: &repo.Cache{MaxLag: time.Minute}})
	must(t, err)
	defer client.Close()
	s := storeOn(t, client, tframex.StoreOptions{})
	role(t, s, "reader", "", "a:read")
	role(t, s, "writer", "reader", "a:write")
	user(t, s, "ann", "writer")
	rdb.AddHook(trips)
	allowed := func() error {
		ok, err := s.Allowed(t.Context(), "ann", "a", "read")
		if !ok && err == nil {
			t.Error("not allowed")
		}
		return err
	}
	deadline := time.Now().Add(10 * time.Second)
	for n := 0; n != 1; { // once the cache has its link, and the records
		if n = trips.of(t, allowed); time.Now().After(deadline) {
			t.Fatalf("%d round trips, want 1", n)
		}
	}
}
