// Package testclient connects the clients of suites to the deployment that they run on: see
// [redisd.DeploymentVariable].
package testclient

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

// Deployment is what a suite runs on.
type Deployment struct {
	*redisd.Deployment
}

// Shared returns the deployment that all tests of this process share. Tests keep apart by its prefix.
func Shared(t testing.TB) Deployment {
	t.Helper()
	return Deployment{redisd.SharedDeployment(t)}
}

// Start starts the deployment for t alone, with options in addition to its own.
func Start(t testing.TB, opts ...redisd.Option) Deployment {
	t.Helper()
	return Deployment{redisd.StartDeployment(t, opts...)}
}

// Config returns config with what a client needs to reach the deployment.
func (d Deployment) Config(config repo.Config) repo.Config {
	o := d.Options()
	config.Addrs, config.MasterName, config.Cluster = o.Addrs, o.MasterName, o.IsClusterMode
	config.Username, config.Password, config.TLS = o.Username, o.Password, o.TLSConfig
	config.SentinelUsername, config.SentinelPassword = o.SentinelUsername, o.SentinelPassword
	config.Functions = d.Functions()
	if o.Protocol == 2 { // which only a URL says
		config.URL = fmt.Sprintf("redis://%s?protocol=2", o.Addrs[0])
	}
	return config
}

// Load puts the functions of the entities, or their repositories, that of returns on the servers, if the deployment
// wants scripts to be functions.
func (d Deployment) Load(t testing.TB, of func(*repo.Client) []repo.AnyEntity) {
	t.Helper()
	if !d.Functions() {
		return
	}
	client, err := repo.Open(t.Context(), d.Config(repo.Config{SweepInterval: -1}))
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
