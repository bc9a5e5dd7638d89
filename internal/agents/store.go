package main

import (
	"context"
	"errors"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
)

// openStore opens the store that c names, and makes sure of its roles and users. What it
// returns beside the store closes that and all that is behind it.
func openStore(ctx context.Context, c config) (store *tframex.Store, end func() error, err error) {
	connection := repo.Config{URL: c.redis, Prefix: c.prefix}
	stop := func() {}
	if c.redis == "" {
		server := miniredis.NewMiniRedis()
		if err := server.Start(); err != nil {
			return nil, nil, err
		}
		server.ClockTTL(true) // sessions end by the clock
		connection.Addrs, stop = []string{server.Addr()}, server.Close
	}
	client, err := repo.Open(ctx, connection)
	if err != nil {
		stop()
		return nil, nil, err
	}
	store = tframex.NewStore(client, tframex.StoreOptions{
		SessionTTL:     c.sessionTTL,
		UserLimits:     c.userLimits,
		AuditRetention: c.auditFor,
		MaxMessageSize: c.maxMessage,
		Notify:         true, // streams wait for it
	})
	end = func() error {
		defer stop()
		return errors.Join(store.Close(), client.Close())
	}
	if err := seed(ctx, store); err != nil {
		return nil, nil, errors.Join(err, end())
	}
	return store, end, nil
}

// seed creates the roles and users that are not there yet. A writer may also do what a
// reader may, and an admin what both may.
func seed(ctx context.Context, store *tframex.Store) error {
	for _, role := range []*tframex.Role{
		{Name: "reader", Permissions: []string{"conversations:read"}},
		{Name: "writer", Permissions: []string{"conversations:write"}, ParentRole: new("reader")},
		{Name: "admin", Permissions: []string{"audit:read", "stats:read"}, ParentRole: new("writer")},
	} {
		if err := store.Roles.Create(ctx, role); err != nil && !errors.Is(err, repo.ErrUnique) {
			return err
		}
	}
	for name, role := range map[string]string{"ann": "writer", "bob": "reader", "root": "admin"} {
		user := &tframex.User{ID: name, Username: name, IsActive: true, Roles: []string{role}}
		if err := store.Users.Create(ctx, user); err != nil && !errors.Is(err, repo.ErrExists) && !errors.Is(err, repo.ErrUnique) {
			return err
		}
	}
	return nil
}
