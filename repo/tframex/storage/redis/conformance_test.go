package redis_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/redis"
	"github.com/redisgen/redisgen/repo/tframex/storage/storagetest"
	"github.com/redisgen/redisgen/schema"
)

// open returns a storage that is initialized, and closed with the test.
func open(t *testing.T, config redis.Config) *redis.Storage {
	t.Helper()
	s, err := redis.New(config)
	if err == nil {
		err = s.Initialize(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// onServer returns the configuration of a storage on the deployment of REDISGEN_DEPLOYMENT, by
// default a server, under a prefix of its own.
func onServer(t *testing.T, prefix string) redis.Config {
	t.Helper()
	d := testclient.Shared(t)
	if d.ACL() {
		packages, err := entities()
		must(t, err)
		d = d.For(packages...)
	}
	loadFunctions(t, d)
	prefix += d.Prefix() + strings.NewReplacer("/", ":", "{", "", "}", "").Replace(t.Name()) + ":"
	return redis.Config{Connection: d.Config(t, repo.Config{Prefix: prefix})}
}

var entities = sync.OnceValues(func() ([]*schema.Package, error) {
	return testclient.LoadPackages("../../../../schema/tframex")
})

// On the embedded server, package memory does the same.
func TestConformance(t *testing.T) {
	storagetest.Run(t, storagetest.Backend{
		Name: "redis",
		New:  func(t *testing.T) storage.Storage { return open(t, onServer(t, "")) },
		Bounded: func(t *testing.T, most int) storage.Storage {
			config := onServer(t, "bounded:")
			config.MaxScan = most
			return open(t, config)
		},
		Differences: storagetest.Redis,
	})
}

// loadFunctions puts the functions of all entities on a deployment where scripts are such.
func loadFunctions(t *testing.T, d testclient.Deployment) {
	t.Helper()
	d.Load(t, func(c *repo.Client) []repo.AnyEntity {
		s := tframex.NewStore(c, tframex.StoreOptions{})
		return []repo.AnyEntity{
			s.Users, s.Roles, s.Permissions, s.UserRoles, s.Conversations, s.Messages, s.Flows, s.FlowSteps, s.AgentExecutions,
			s.ToolCalls, s.AuditLogs, s.Events, s.Metrics, s.Sessions, s.TempData, s.Documents, s.Tables,
		}
	})
}
