package repo_test

import (
	"fmt"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

func ExampleQuery_Delete() {
	client := open()
	defer client.close()
	users := people(client)

	progress, err := users.Where(app.UserFields.Status.Eq(app.Active), app.UserFields.Age.Lt(30)).Delete(ctx)
	check(err)
	fmt.Println(progress.Done)
	show(users.Where())
	// Output:
	// 2
	// ann cid
}

func ExampleQuery_Patch() {
	client := open()
	defer client.close()
	users := people(client)

	progress, err := users.Where(app.UserFields.Tags.Has("staff")).Patch(ctx, app.UserFields.Age.Add(1), app.UserFields.Status.Set(app.Blocked))
	check(err)
	fmt.Println(progress.Done)
	show(users.Where(app.UserFields.Age.Eq(35), app.UserFields.Status.Eq(app.Blocked)))
	// Output:
	// 3
	// ann
}

func ExampleQuery_OnProgress() {
	client := open()
	defer client.close()
	users := people(client)

	report := func(p repo.Progress) { fmt.Println(p.Done, "deleted; more:", p.Cursor != "") }
	query := users.Where(app.UserFields.Tags.Has("staff")).OnProgress(report)
	first, err := query.Limit(2).Delete(ctx)
	check(err)
	_, err = query.After(first.Cursor).Delete(ctx) // goes on
	check(err)
	// Output:
	// 2 deleted; more: true
	// 1 deleted; more: false
}
