// Package durability shows what durability levels and reads from replicas promise, on
// real servers that fail.
package durability

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// prompt has a replica follow at once, and not after the five seconds that a primary
// waits for more replicas.
var prompt = redisd.Config("repl-diskless-sync-delay 0", "repl-ping-replica-period 1")

// startPair starts a primary and n replicas of it.
func startPair(t testing.TB, n int, opts ...redisd.Option) (primary *redisd.Server, replicas []*redisd.Server) {
	t.Helper()
	opts = append(opts, prompt)
	primary = redisd.Start(t, opts...)
	for range n {
		replicas = append(replicas, redisd.Start(t, append(opts, redisd.Config(fmt.Sprint("replicaof 127.0.0.1 ", primary.Port())))...))
	}
	follow(t, primary, replicas...)
	return primary, replicas
}

// follow waits until the replicas are in step.
func follow(t testing.TB, primary *redisd.Server, replicas ...*redisd.Server) {
	t.Helper()
	eventually(t, "the replicas follow", func() bool {
		online := 0
		for name, value := range info(t, primary, "replication") {
			if strings.HasPrefix(name, "slave") && strings.Contains(value, "state=online") {
				online++
			}
		}
		for _, r := range replicas {
			if info(t, r, "replication")["master_link_status"] != "up" {
				return false
			}
		}
		return online >= len(replicas)
	})
}

// info returns a section of INFO.
func info(t testing.TB, server *redisd.Server, section string) map[string]string {
	t.Helper()
	client := server.Client()
	defer client.Close()
	text, err := client.Info(context.Background(), section).Result()
	must(t, err)
	values := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			values[name] = value
		}
	}
	return values
}

// calls returns how often servers have carried out a command.
func calls(t testing.TB, command string, servers ...*redisd.Server) int {
	t.Helper()
	n := 0
	for _, server := range servers {
		_, text, _ := strings.Cut(info(t, server, "commandstats")["cmdstat_"+command], "calls=")
		text, _, _ = strings.Cut(text, ",")
		one, _ := strconv.Atoi(text)
		n += one
	}
	return n
}

// do sends a command to a server.
func do(t testing.TB, server *redisd.Server, args ...any) {
	t.Helper()
	client := server.Client()
	defer client.Close()
	must(t, client.Do(context.Background(), args...).Err())
}

// open returns a client of servers. It fails the test if it leaves goroutines behind.
func open(t testing.TB, config repo.Config) *repo.Client {
	t.Helper()
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		var leak error
		defer func() {
			if leak != nil {
				t.Log(leak)
			}
		}()
		servers := goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait")
		eventually(t, "no goroutine is left", func() bool { leak = goleak.Find(ignore, servers); return leak == nil })
	})
	config.SweepInterval = -1
	if config.MinRetryBackoff == 0 {
		config.MinRetryBackoff, config.MaxRetryBackoff = time.Millisecond, 4*time.Millisecond
	}
	if config.MaxRetries == 0 {
		config.MaxRetries = 3
	}
	client, err := repo.Open(context.Background(), config)
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })
	return client
}

func user(id string) *app.User {
	return &app.User{ID: id, Username: "name" + id, Status: app.Active, Age: 30}
}

func crowd(name string, n int) []*app.User {
	users := make([]*app.User, n)
	for i := range users {
		users[i] = user(fmt.Sprint(name, i))
	}
	return users
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		<-time.After(2 * time.Millisecond)
	}
}
