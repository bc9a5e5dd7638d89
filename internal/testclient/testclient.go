// Package testclient connects the clients of suites to the deployment that they run on: see
// [redisd.DeploymentVariable].
package testclient

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/acl"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
)

// Deployment is what a suite runs on.
type Deployment struct {
	*redisd.Deployment
	packages []*schema.Package
}

// Shared returns the deployment that all tests of this process share. Tests keep apart by its prefix.
func Shared(t testing.TB) Deployment {
	t.Helper()
	return Deployment{Deployment: redisd.SharedDeployment(t)}
}

// Start starts the deployment for t alone, with options in addition to its own.
func Start(t testing.TB, opts ...redisd.Option) Deployment {
	t.Helper()
	return Deployment{Deployment: redisd.StartDeployment(t, opts...)}
}

// For returns the deployment for repositories of the entities of packages. One with ACLs has to know them.
func (d Deployment) For(packages ...*schema.Package) Deployment {
	d.packages = packages
	return d
}

// Open returns a client for repositories, closed when the test ends.
func (d Deployment) Open(t testing.TB, config repo.Config) *repo.Client {
	t.Helper()
	client, err := repo.Open(t.Context(), d.Config(t, config))
	if err != nil {
		t.Fatal(err)
	}
	if d.ACL() {
		admins.Store(client, d.Client())
	}
	t.Cleanup(func() {
		_ = client.Close()
		admins.Delete(client)
	})
	return client
}

// admins are the connections of administrators, by the clients of repositories.
var admins sync.Map

// Admin returns the connection for what a test does by itself, past the repositories of client: that of client, but on
// a deployment with ACLs the administrator's.
func Admin(client *repo.Client) redis.UniversalClient {
	if admin, ok := admins.Load(client); ok {
		return admin.(redis.UniversalClient)
	}
	return client.Redis()
}

// Config returns config with what a client needs to reach the deployment. On one with ACLs that is a user of its own,
// who may do what redisgen acl says that a writer with the prefix of config needs. When the test ends, the servers must
// have denied it nothing.
func (d Deployment) Config(t testing.TB, config repo.Config) repo.Config {
	t.Helper()
	return d.config(t, acl.Writer, config)
}

func (d Deployment) config(t testing.TB, role acl.Role, config repo.Config) repo.Config {
	t.Helper()
	o := d.as(t, role, config.Prefix)
	config.Addrs, config.MasterName, config.Cluster = o.Addrs, o.MasterName, o.IsClusterMode
	config.Username, config.Password, config.TLS = o.Username, o.Password, o.TLSConfig
	config.SentinelUsername, config.SentinelPassword = o.SentinelUsername, o.SentinelPassword
	config.Functions = d.Functions()
	if o.Protocol == 2 { // which only a URL says
		config.URL = fmt.Sprintf("redis://%s?protocol=2", o.Addrs[0])
	}
	return config
}

// Connect returns a connection for repositories with a prefix, closed when the test ends. It is one of the user that
// [Deployment.Config] speaks of.
func (d Deployment) Connect(t testing.TB, prefix string) redis.UniversalClient {
	t.Helper()
	rdb := redis.NewUniversalClient(d.as(t, acl.Writer, prefix))
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// Load puts the functions of the entities, or their repositories, that of returns on the servers, if the deployment
// wants scripts to be functions.
func (d Deployment) Load(t testing.TB, of func(*repo.Client) []repo.AnyEntity) {
	t.Helper()
	if !d.Functions() {
		return
	}
	client, err := repo.Open(t.Context(), d.config(t, acl.Migrator, repo.Config{SweepInterval: -1}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := repo.LoadFunctions(t.Context(), client, of(client)...); err != nil {
		t.Fatal(err)
	}
}

// Keys returns the keys that begin with a prefix, of all nodes. One may be there twice.
func Keys(ctx context.Context, rdb redis.UniversalClient, prefix string) ([]string, error) {
	var keys []string
	err := EachPrimary(ctx, rdb, func(node redis.Cmdable) error {
		iter := node.Scan(ctx, 0, globs.Replace(prefix)+"*", 1000).Iterator()
		for iter.Next(ctx) {
			keys = append(keys, iter.Val())
		}
		return iter.Err()
	})
	return keys, err
}

// globs escapes what has a meaning in patterns.
var globs = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`)

// Stats returns how often the servers have executed each command: INFO commandstats of all primaries.
func Stats(ctx context.Context, rdb redis.UniversalClient) (string, error) {
	var all strings.Builder
	err := EachPrimary(ctx, rdb, func(node redis.Cmdable) error {
		info, err := node.Info(ctx, "commandstats").Result()
		all.WriteString(info)
		return err
	})
	return all.String(), err
}

// EachPrimary calls f with a client of each server that keeps data of its own, one after the other.
func EachPrimary(ctx context.Context, rdb redis.UniversalClient, f func(redis.Cmdable) error) error {
	cluster, ok := rdb.(*redis.ClusterClient)
	if !ok {
		return f(rdb)
	}
	one := make(chan struct{}, 1) // ForEachMaster would call them at the same time
	return cluster.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		one <- struct{}{}
		defer func() { <-one }()
		return f(node)
	})
}
