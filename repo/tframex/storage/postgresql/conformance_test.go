package postgresql_test

import (
	"testing"

	"github.com/redisgen/redisgen/internal/postgresd"
	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/postgresql"
	"github.com/redisgen/redisgen/repo/tframex/storage/storagetest"
)

func TestConformance(t *testing.T) {
	server := postgresd.Shared(t)
	storagetest.Run(t, storagetest.Backend{
		Name:        "postgresql",
		Differences: storagetest.PostgreSQL,
		New:         func(t *testing.T) storage.Storage { return open(t, config(server.Login())) },
	})
}

// config returns what a login connects with.
func config(login postgresd.Login) postgresql.Config {
	return postgresql.Config{
		Host: login.Host, Port: login.Port, Database: login.Database, Username: login.Username, Password: login.Password, PoolSize: 1, PoolMaxSize: 8,
	}
}

// open returns an initialized storage, which is closed when the test ends.
func open(t testing.TB, config postgresql.Config) *postgresql.Storage {
	t.Helper()
	s, err := postgresql.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Initialize(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
