package repo_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// left prints how long a session still lives.
func left(sessions *app.Sessions, id uuid.UUID) {
	ttl, err := sessions.TTL(ctx, id)
	if errors.Is(err, repo.ErrNotFound) {
		fmt.Println("gone")
		return
	}
	check(err)
	fmt.Println(ttl)
}

func ExampleRepository_TTL() {
	client := open()
	defer client.close()
	sessions := app.NewSessions(client.Client) // redisgen:entity sessions ttl=1h

	session := &app.Session{UserID: "7"}
	check(sessions.Create(ctx, session))
	ttl, err := sessions.TTL(ctx, session.ID)
	fmt.Println(ttl, err)

	client.pass(time.Hour + time.Millisecond)
	_, err = sessions.TTL(ctx, session.ID)
	fmt.Println(errors.Is(err, repo.ErrNotFound))
	n, err := sessions.Where(app.SessionFields.UserID.Eq("7")).Count(ctx)
	fmt.Println(n, err)
	// Output:
	// 1h0m0s <nil>
	// true
	// 0 <nil>
}

func ExampleRepository_Touch() {
	client := open()
	defer client.close()
	sessions := app.NewSessions(client.Client)
	session := &app.Session{UserID: "7"}
	check(sessions.Create(ctx, session))

	client.pass(50 * time.Minute)
	left(sessions, session.ID)
	check(sessions.Touch(ctx, session.ID))
	left(sessions, session.ID)
	check(sessions.Touch(ctx, session.ID, repo.TTL(5*time.Minute)))
	left(sessions, session.ID)
	// Output:
	// 10m0s
	// 1h0m0s
	// 5m0s
}

func ExampleTTL() {
	client := open()
	defer client.close()
	sessions := app.NewSessions(client.Client)

	session := &app.Session{UserID: "7"}
	check(sessions.Create(ctx, session, repo.TTL(10*time.Minute)))
	fmt.Println(session.ExpiresAt.Format(time.TimeOnly))
	client.pass(5 * time.Minute)
	check(sessions.Save(ctx, &app.Session{ID: session.ID, UserID: "8"})) // keeps the expiry
	left(sessions, session.ID)
	// Output:
	// 00:10:00
	// 5m0s
}

func ExampleExpireAt() {
	client := open()
	defer client.close()
	sessions := app.NewSessions(client.Client)

	session := &app.Session{UserID: "7"}
	check(sessions.Create(ctx, session, repo.ExpireAt(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))))
	left(sessions, session.ID)
	// Output: 24h0m0s
}

func ExampleNoTTL() {
	client := open()
	defer client.close()
	sessions := app.NewSessions(client.Client)

	session := &app.Session{UserID: "7"}
	check(sessions.Create(ctx, session, repo.NoTTL()))
	fmt.Println(session.ExpiresAt)
	client.pass(1000 * time.Hour)
	there, err := sessions.Exists(ctx, session.ID)
	fmt.Println(there, err)
	// Output:
	// <nil>
	// true <nil>
}

func ExampleKeepTTL() {
	client := open()
	defer client.close()
	tokens := app.NewTokens(client.Client) // redisgen:entity tokens ttl=10m sliding

	check(tokens.Create(ctx, &app.Token{Number: 1, UserID: "7"}))
	client.pass(4 * time.Minute)
	check(tokens.Save(ctx, &app.Token{Number: 1, UserID: "8"}, repo.KeepTTL()))
	ttl, err := tokens.TTL(ctx, 1)
	fmt.Println(ttl, err)
	check(tokens.Save(ctx, &app.Token{Number: 1, UserID: "8"})) // renews it
	ttl, err = tokens.TTL(ctx, 1)
	fmt.Println(ttl, err)
	// Output:
	// 6m0s <nil>
	// 10m0s <nil>
}

func ExampleParallel() {
	client := open()
	defer client.close()
	tokens := app.NewTokens(client.Client)

	list := make([]*app.Token, 500)
	for i := range list {
		list[i] = &app.Token{Number: int64(i), UserID: "7"}
	}
	check(tokens.CreateMany(ctx, list, repo.Parallel(4)))
	n, err := tokens.Where(app.TokenFields.UserID.Eq("7")).Count(ctx)
	fmt.Println(n, err)
	// Output: 500 <nil>
}
