package behaviour

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// use writes and reads a record, and asks for its health.
func use(t *testing.T, config repo.Config) {
	t.Helper()
	client, err := repo.Open(t.Context(), config)
	must(t, err)
	defer client.Close()
	users := app.NewUsers(client)
	u := newUser("ann")
	must(t, users.Create(t.Context(), u))
	must(t, users.Patch(t.Context(), u.ID, app.UserFields.Logins.Add(1)))
	wantCount(t, "active", users.Where(app.UserFields.Status.Eq(app.Active)), 1)
	if _, err := users.GetByUsername(t.Context(), "ANN"); err != nil {
		t.Error(err)
	}
	_, err = client.Health(t.Context())
	must(t, err)
	must(t, users.Delete(t.Context(), u.ID))
}

func TestTLS(t *testing.T) {
	server := redisd.Start(t, redisd.TLS())
	t.Run("Config", func(t *testing.T) {
		use(t, repo.Config{Addrs: []string{server.Addr()}, TLS: server.TLS().Config()})
	})
	t.Run("URL", func(t *testing.T) {
		use(t, repo.Config{URL: "rediss://" + server.Addr(), TLS: server.TLS().Config()})
	})
	t.Run("unknown authority", func(t *testing.T) {
		_, err := repo.Open(t.Context(), repo.Config{Addrs: []string{server.Addr()}, TLS: &tls.Config{}, MaxRetries: -1})
		if err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("Open = %v, want a complaint of the certificate", err)
		}
	})
}

// What a repository needs of an ACL user is its keys and a few commands.
func TestUserWithFewRights(t *testing.T) {
	server := redisd.Start(t, redisd.User("app", "s3cret", "~app:*", "-@all",
		"+evalsha", "+eval", "+get", "+hmget", "+hset", "+hdel", "+hget", "+hlen", "+exists", "+del", "+zadd", "+zrem", "+zcard", "+zcount",
		"+zscore", "+zrank", "+zrange", "+zrangebyscore", "+zrangebylex", "+zrevrangebylex", "+zlexcount", "+pexpireat", "+pexpiretime",
		"+persist", "+pttl", "+time", "+set", "+ping", "+info", "+hello", "+client"))
	config := repo.Config{Addrs: []string{server.Addr()}, Prefix: "app:", Username: "app", Password: "s3cret"}
	t.Run("its own keys", func(t *testing.T) { use(t, config) })
	t.Run("URL", func(t *testing.T) {
		use(t, repo.Config{URL: "redis://app:s3cret@" + server.Addr(), Prefix: "app:"})
	})
	t.Run("other keys", func(t *testing.T) {
		other := config
		other.Prefix = "other:"
		client, err := repo.Open(t.Context(), other)
		must(t, err)
		defer client.Close()
		if err := app.NewUsers(client).Create(t.Context(), newUser("ann")); err == nil || !strings.Contains(err.Error(), "NOPERM") {
			t.Errorf("Create = %v, want NOPERM", err)
		}
	})
	t.Run("wrong password", func(t *testing.T) {
		wrong := config
		wrong.Password = "hunter2"
		_, err := repo.Open(t.Context(), wrong)
		if err == nil || !strings.Contains(err.Error(), "WRONGPASS") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open = %v, want WRONGPASS and no password", err)
		}
	})
}

func TestUnixSocket(t *testing.T) {
	server := redisd.Start(t, redisd.Unix())
	use(t, repo.Config{URL: server.URL()})
}

// New leaves the caller's connection open, and keeps go-redis from retrying
// writes whatever that connection is set to.
func TestNewOverAnOpenConnection(t *testing.T) {
	server := redisd.Shared(t)
	for _, protocol := range []int{2, 3} {
		rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), Protocol: protocol, MaxRetries: 5})
		defer rdb.Close()
		client, err := repo.New(rdb, repo.Config{Prefix: server.Prefix()})
		must(t, err)
		users := app.NewUsers(client)
		u := newUser("ann")
		must(t, users.Create(t.Context(), u))
		if got, err := users.GetMany(t.Context(), u.ID, "nobody"); err != nil || got[0].ID != u.ID || got[1] != nil {
			t.Errorf("RESP%d: GetMany = %v, %v", protocol, got, err)
		}
		must(t, users.Delete(t.Context(), u.ID))
		must(t, client.Close())
		must(t, rdb.Ping(t.Context()).Err())
	}
}

func TestOpenWarnsOfEviction(t *testing.T) {
	server := redisd.Start(t, redisd.Config("maxmemory 100mb", "maxmemory-policy allkeys-lru"))
	var log bytes.Buffer
	client, err := repo.Open(t.Context(), repo.Config{Addrs: []string{server.Addr()}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	must(t, err)
	defer client.Close()
	if !strings.Contains(log.String(), "allkeys-lru") {
		t.Errorf("logged %q, want a warning", log.String())
	}
	health, err := client.Health(t.Context())
	must(t, err)
	if n := health.Nodes[0]; !n.Evicts() || n.Role != "master" || n.MaxMemory != 100<<20 || n.Addr != server.Addr() {
		t.Errorf("Health = %+v", n)
	}
}

// A server that answers but cannot write is not healthy.
func TestHealthOfAServerThatCannotWrite(t *testing.T) {
	server := redisd.Start(t, redisd.Config("min-replicas-to-write 1"))
	client, err := repo.Open(t.Context(), repo.Config{Addrs: []string{server.Addr()}, MaxRetries: -1})
	must(t, err)
	defer client.Close()
	if _, err := client.Health(t.Context()); err == nil || !strings.Contains(err.Error(), "NOREPLICAS") {
		t.Errorf("Health = %v, want NOREPLICAS", err)
	}
}
