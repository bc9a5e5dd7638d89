package bench

import (
	"strconv"
	"sync"
	"testing"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

const (
	crowd      = "crowd:" // the prefix of the members' keyspace
	population = 100_000
	scores     = 1_000_003 // scores are below, and spread evenly
)

var settled sync.Once

// peopled returns the server that has the members; the first call stores them.
func peopled(b *testing.B) *redisd.Server {
	b.Helper()
	server := redisd.Shared(b)
	settled.Do(func() {
		s, err := open(server.Options(), crowd)
		check(b, err)
		defer s.close()
		check(b, s.members.SaveMany(ctx, members(population), repo.Parallel(2)))
	})
	return server
}

// members returns the first n members.
func members(n int) []*Member {
	list := make([]*Member, n)
	for i := range list {
		list[i] = &Member{*account("u", "a", i, 0)}
	}
	return list
}

// status returns the status that an operation asks for.
func status(i int) string { return "status-" + strconv.Itoa(i%statuses) }
