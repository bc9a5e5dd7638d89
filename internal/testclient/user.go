package testclient

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/acl"
	"github.com/redisgen/redisgen/internal/redisd"
)

const password = "the user's"

// mine is what the names of users begin with that are made here.
const mine = "repo"

var users atomic.Int64

// as returns what a client of repositories with a prefix needs to connect: on a deployment with ACLs, as a user who is
// made for it.
func (d Deployment) as(t testing.TB, role acl.Role, prefix string) *redis.UniversalOptions {
	t.Helper()
	o := d.Options()
	o.DisableIdentity = true
	if !d.ACL() {
		return o
	}
	if len(d.packages) == 0 {
		t.Fatal("testclient: users of a deployment with ACLs are made for packages: call For")
	}
	rules := acl.Options{Role: role, Prefix: prefix, Functions: d.Functions(), Cluster: o.IsClusterMode}
	o.Username, o.Password = d.user(t, d.Nodes(), rules), password
	if len(d.Sentinels()) > 0 {
		o.SentinelUsername, o.SentinelPassword = d.user(t, d.Sentinels(), acl.Options{Role: acl.Sentinel}), password
	}
	return o
}

// user makes a user on servers, until the test ends. They must have denied it nothing by then.
func (d Deployment) user(t testing.TB, servers []*redisd.Server, o acl.Options) string {
	t.Helper()
	rules, err := acl.Rules(d.packages, o)
	if err != nil {
		t.Fatalf("testclient: %v", err)
	}
	name, sum := fmt.Sprint(mine, users.Add(1)), sha256.Sum256([]byte(password))
	var command []any
	for word := range strings.FieldsSeq(acl.SetUser(name, hex.EncodeToString(sum[:]), rules)) {
		command = append(command, word)
	}
	onAll(t, servers, func(ctx context.Context, rdb *redis.Client) error { return rdb.Do(ctx, command...).Err() })
	t.Cleanup(func() {
		onAll(t, servers, func(ctx context.Context, rdb *redis.Client) error {
			for _, denied := range denials(ctx, t, rdb, name) {
				t.Errorf("%s: %s", rdb.Options().Addr, denied)
			}
			return rdb.ACLDelUser(ctx, name).Err()
		})
	})
	return name
}

// onAll calls f with an administrator's connection to each server.
func onAll(t testing.TB, servers []*redisd.Server, f func(context.Context, *redis.Client) error) {
	t.Helper()
	for _, server := range servers {
		rdb := redis.NewClient(server.Options())
		err := f(context.Background(), rdb)
		_ = rdb.Close()
		if err != nil {
			t.Fatalf("testclient: %s: %v", server.Addr(), err)
		}
	}
}

// denials returns what a server has denied a user, and all others who were not made here.
func denials(ctx context.Context, t testing.TB, rdb *redis.Client, name string) (list []string) {
	t.Helper()
	entries, err := rdb.ACLLog(ctx, 1000).Result()
	if err != nil {
		t.Fatalf("testclient: ACL LOG: %v", err)
	}
	for _, e := range entries {
		if e.Username == name || !strings.HasPrefix(e.Username, mine) {
			list = append(list, fmt.Sprintf("the ACL denied %s: %s %s (%s)", e.Username, e.Reason, e.Object, e.Context))
		}
	}
	return list
}
