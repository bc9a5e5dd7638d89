// Package functions has the tests of programs that call their scripts as Redis
// Functions, on servers of every version.
package functions

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// The users of a server: program may run functions and no scripts, deploy may
// load them and nothing else.
var (
	adminUser = redisd.Password("admin's")
	program   = redisd.User("program", "program's", "~*", "+@all", "-@admin", "-@dangerous", "-@scripting", "+info", "+fcall", "+fcall_ro")
	deploy    = redisd.User("deploy", "deploy's", "-@all", "+ping", "+hello", "+info", "+client",
		"+cluster|slots", "+cluster|shards", "+command", "+function|load", "+function|list", "+function|delete")
)

// start starts a server with those users; its own client is the administrator's.
func start(t *testing.T, opts ...redisd.Option) *redisd.Server {
	t.Helper()
	return redisd.Start(t, append([]redisd.Option{adminUser, program, deploy}, opts...)...)
}

// open returns a client as one of the users.
func open(t *testing.T, user string, config repo.Config) *repo.Client {
	t.Helper()
	config.Username, config.Password = user, user+"'s"
	if user == "admin" {
		config.Username = ""
	}
	config.Logger = slog.New(slog.DiscardHandler)
	client, err := repo.Open(t.Context(), config)
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })
	return client
}

// program returns the client of a program that calls functions.
func openProgram(t *testing.T, s *redisd.Server) *repo.Client {
	t.Helper()
	return open(t, "program", repo.Config{Addrs: []string{s.Addr()}, Prefix: s.Prefix(), Functions: true, SweepInterval: 10 * time.Millisecond, RoundTrip: time.Hour, MaxRetries: -1})
}

// load puts the functions of all of tests/app on a server.
func load(t *testing.T, s *redisd.Server) {
	t.Helper()
	client := open(t, "deploy", repo.Config{Addrs: []string{s.Addr()}, SweepInterval: -1})
	must(t, repo.LoadFunctions(t.Context(), client, appEntities(client)...))
}

func appEntities(client *repo.Client) []repo.AnyEntity {
	return []repo.AnyEntity{
		app.NewUsers(client), app.NewSessions(client), app.NewTokens(client),
		app.NewMemberships(client), app.NewWallets(client), app.NewShops(client),
	}
}

// loaded returns the names of the libraries on a server, in order.
func loaded(t *testing.T, rdb redis.Cmdable) []string {
	t.Helper()
	list, err := rdb.FunctionList(t.Context(), redis.FunctionListQuery{}).Result()
	must(t, err)
	var names []string
	for _, l := range list {
		names = append(names, l.Name)
	}
	slices.Sort(names)
	return names
}

// wantNothingRefused fails the test if the server has refused a user anything, or
// was sent a script.
func wantNothingRefused(t *testing.T, s *redisd.Server) {
	t.Helper()
	log, err := s.Client().ACLLog(t.Context(), 10).Result()
	must(t, err)
	for _, entry := range log {
		t.Errorf("refused: %+v", entry)
	}
	stats, err := s.Client().Info(t.Context(), "commandstats").Result()
	must(t, err)
	for line := range strings.Lines(stats) {
		if strings.HasPrefix(line, "cmdstat_eval") || strings.HasPrefix(line, "cmdstat_script") {
			t.Errorf("a script was sent: %s", line)
		}
	}
	if !strings.Contains(stats, "cmdstat_fcall:") {
		t.Error("no function was called")
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}
