package lock_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/lock"
	"github.com/redisgen/redisgen/tests/app"
)

// check ends an example that does not go as it should.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// open returns a client of a store in this process.
func open() (client *repo.Client, end func()) {
	server, err := miniredis.Run()
	check(err)
	client, err = repo.Open(context.Background(), repo.Config{Addrs: []string{server.Addr()}})
	check(err)
	return client, func() { check(client.Close()); server.Close() }
}

func ExampleMutex_TryLock() {
	client, end := open()
	defer end()
	ctx := context.Background()
	report := lock.New(client, "report", lock.Options{TTL: 30 * time.Second})

	l, err := report.TryLock(ctx)
	check(err)
	defer l.Unlock(ctx)
	_, err = report.TryLock(ctx)
	fmt.Println(errors.Is(err, lock.ErrHeld))
	// Output: true
}

func ExampleMutex_Lock() {
	client, end := open()
	defer end()
	ctx := context.Background()

	waiting, cancel := context.WithTimeout(ctx, time.Second) // for the lock; the work may take longer
	defer cancel()
	l, err := lock.New(client, "report", lock.Options{}).Lock(waiting)
	check(err)
	defer l.Unlock(ctx)

	work := l.Context() // ends if the lock is lost
	fmt.Println(work.Err())
	// Output: <nil>
}

func ExampleMutex_Do() {
	client, end := open()
	defer end()
	ctx := context.Background()
	users := app.NewUsers(client)
	check(users.Create(ctx, &app.User{ID: "7", Username: "ann", Status: app.Active}))

	err := lock.New(client, "user 7", lock.Options{}).Do(ctx, func(ctx context.Context, l *lock.Lock) error {
		fenced := app.NewUsers(client.WithFence(l.Fence()))
		return fenced.Patch(ctx, "7", app.UserFields.Logins.Add(1))
	})
	fmt.Println(err)
	// Output: <nil>
}

// Who was paused until the lock went to another overwrites nothing.
func ExampleLock_Fence() {
	client, end := open()
	defer end()
	ctx := context.Background()
	m := lock.New(client, "user 7", lock.Options{TTL: 50 * time.Millisecond, Manual: true})

	paused, err := m.Lock(ctx)
	check(err)
	check(client.Redis().FlushAll(ctx).Err()) // in place of the pause
	next, err := m.Lock(ctx)
	check(err)

	check(app.NewUsers(client.WithFence(next.Fence())).Save(ctx, &app.User{ID: "7", Username: "next", Status: app.Active}))
	err = app.NewUsers(client.WithFence(paused.Fence())).Save(ctx, &app.User{ID: "7", Username: "paused", Status: app.Active})
	fmt.Println(errors.Is(err, repo.ErrFenced))
	// Output: true
}

func ExampleMutex_Holder() {
	client, end := open()
	defer end()
	ctx := context.Background()
	l, err := lock.New(client, "report", lock.Options{Label: "worker 3"}).Lock(ctx)
	check(err)

	holder, err := lock.New(client, "report", lock.Options{}).Holder(ctx)
	check(err)
	fmt.Println(holder.Label, holder.Token == l.Token())
	check(l.Unlock(ctx))
	_, err = lock.New(client, "report", lock.Options{}).Holder(ctx)
	fmt.Println(errors.Is(err, lock.ErrNotHeld))
	// Output:
	// worker 3 true
	// true
}

func ExampleLock_Extend() {
	client, end := open()
	defer end()
	ctx := context.Background()
	l, err := lock.New(client, "report", lock.Options{TTL: time.Second, Manual: true}).Lock(ctx)
	check(err)
	check(l.Extend(ctx, time.Minute))
	fmt.Println(time.Until(l.Until()) > 50*time.Second)
	check(l.Unlock(ctx))
	// Output: true
}

func ExampleLead() {
	client, end := open()
	defer end()

	err := lock.Lead(context.Background(), client, "scheduler", func(ctx context.Context, term *lock.Lock) error {
		users := app.NewUsers(client.WithFence(term.Fence()))
		return users.Save(ctx, &app.User{ID: "7", Username: "ann", Status: app.Active}) // and resigns
	}, lock.Options{})
	fmt.Println(err)
	// Output: <nil>
}
