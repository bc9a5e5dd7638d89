package repo_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

var ctx = context.Background()

// check ends an example that does not go as it should.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// embedded is a store in this process, whose clock the examples set.
type embedded struct {
	*repo.Client
	server *miniredis.Miniredis
	now    time.Time
}

// open starts an embedded store. Its clock stands at the start of 2026.
func open() *embedded {
	server := miniredis.NewMiniRedis()
	check(server.Start())
	e := &embedded{server: server, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	server.ClockTTL(true)
	server.SetTime(e.now)
	client, err := repo.Open(ctx, repo.Config{Addrs: []string{server.Addr()}})
	check(err)
	e.Client = client
	return e
}

func (e *embedded) close() {
	check(e.Close())
	e.server.Close()
}

// pass has time pass on the store's clock.
func (e *embedded) pass(d time.Duration) {
	e.now = e.now.Add(d)
	e.server.SetTime(e.now)
}

func ExampleOpen() {
	server, err := miniredis.Run() // a server in this process
	check(err)
	defer server.Close()

	client, err := repo.Open(ctx, repo.Config{URL: "redis://" + server.Addr(), Prefix: "app:"})
	check(err)
	defer client.Close()
	users := app.NewUsers(client)
	check(users.Create(ctx, &app.User{ID: "7", Username: "ann", Status: app.Active}))
	fmt.Println(server.HGet("app:{users}:r:7", "username"))
	// Output: ann
}

func ExampleNew() {
	server, err := miniredis.Run()
	check(err)
	defer server.Close()
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer rdb.Close() // Close of the client leaves it open

	client, err := repo.New(rdb, repo.Config{Prefix: "app:"})
	check(err)
	defer client.Close()
	fmt.Println(client.Prefix(), client.Redis() == redis.UniversalClient(rdb))
	// Output: app: true
}

func ExampleConfig() {
	config := repo.Config{
		URL:   "redis://ann:secret@localhost:6379/2",
		Clock: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		NewID: func() string { return "id-1" },
	}
	fmt.Println(config) // without the password
	// Output: redisgen.Config{redis://ann:xxxxx@localhost:6379/2 prefix="" user=""}
}

func ExampleClient_Health() {
	client := open()
	defer client.close()

	health, err := client.Health(ctx)
	check(err)
	for _, node := range health.Nodes {
		if node.Evicts() {
			fmt.Println("set maxmemory-policy noeviction on", node.Addr)
		}
	}
	fmt.Println(len(health.Nodes), "server, writable")
	// Output: 1 server, writable
}

func ExampleClient_Close() {
	client := open()
	users := app.NewUsers(client.Client)
	client.close()

	_, err := users.Get(ctx, "7")
	fmt.Println(errors.Is(err, repo.ErrClosed))
	// Output: true
}

func ExampleClient_Batch() {
	client := open()
	defer client.close()
	users, sessions := app.NewUsers(client.Client), app.NewSessions(client.Client)
	check(users.Create(ctx, &app.User{ID: "7", Username: "ann", Status: app.Active}))

	// One round trip for operations of several repositories.
	batch := client.Batch()
	ann := users.In(batch).Get("7")
	patched := users.In(batch).Patch("7", app.UserFields.Logins.Add(1))
	session := sessions.In(batch).Create(&app.Session{UserID: "7"})
	missing := users.In(batch).Get("8")
	err := batch.Run(ctx)

	var many *repo.ManyError
	fmt.Println(errors.As(err, &many), many)
	fmt.Println(ann.Value.Username, patched.Err, session.Value.UserID, errors.Is(missing.Err, repo.ErrNotFound))
	// Output:
	// true 1 of 4 failed, first: redisgen: Get users "8": not found
	// ann <nil> 7 true
}
