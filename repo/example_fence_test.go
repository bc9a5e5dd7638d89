package repo_test

import (
	"errors"
	"fmt"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// Tokens come from package lock, or from another lock service.
func ExampleClient_WithFence() {
	client := open()
	defer client.close()
	first := app.NewUsers(client.WithFence(repo.Fence{Name: "user 7", Token: 1}))
	next := app.NewUsers(client.WithFence(repo.Fence{Name: "user 7", Token: 2}))

	check(first.Create(ctx, &app.User{ID: "7", Username: "ann", Status: app.Active}))
	check(next.Patch(ctx, "7", app.UserFields.Username.Set("bob")))
	err := first.Patch(ctx, "7", app.UserFields.Username.Set("cid"))
	fmt.Println(errors.Is(err, repo.ErrFenced))
	// Output: true
}

// Who has shown the fence before it reads, reads what no earlier holder changes any more.
func ExampleRepository_Fence() {
	client := open()
	defer client.close()
	check(app.NewUsers(client.Client).Create(ctx, &app.User{ID: "7", Username: "ann", Status: app.Active}))
	first := app.NewUsers(client.WithFence(repo.Fence{Name: "user 7", Token: 1}))
	next := app.NewUsers(client.WithFence(repo.Fence{Name: "user 7", Token: 2}))

	check(next.Fence(ctx, "7"))
	user, err := next.Get(ctx, "7")
	check(err)
	err = first.Patch(ctx, "7", app.UserFields.Username.Set("cid"))
	fmt.Println(user.Username, errors.Is(err, repo.ErrFenced))
	// Output: ann true
}
