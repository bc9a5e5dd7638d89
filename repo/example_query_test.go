package repo_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// people returns a repository of some users.
func people(client *embedded) *app.Users {
	users := app.NewUsers(client.Client)
	check(users.CreateMany(ctx, []*app.User{
		{ID: "1", Username: "ann", Nickname: "Annie", Status: app.Active, Age: 34, Tags: []string{"admin", "staff"}},
		{ID: "2", Username: "bob", Nickname: "Bobby", Status: app.Active, Age: 28, Tags: []string{"staff"}},
		{ID: "3", Username: "cid", Nickname: "anton", Status: app.Blocked, Age: 41},
		{ID: "4", Username: "dee", Status: app.Active, Age: 19, Tags: []string{"staff"}},
	}))
	return users
}

// show prints the users of a query.
func show(query *repo.Query[*app.User, string]) {
	var names []string
	for user, err := range query.All(ctx) {
		check(err)
		names = append(names, user.Username)
	}
	fmt.Println(strings.Join(names, " "))
}

func ExampleRepository_Where() {
	client := open()
	defer client.close()
	users := people(client)

	show(users.Where()) // all
	show(users.Where(app.UserFields.Status.Eq(app.Active)))
	show(users.Where(app.UserFields.Tags.Has("staff")))
	show(users.Where(app.UserFields.Age.Gte(28), app.UserFields.Age.Lt(41)))

	show(users.Where(app.UserFields.Status.Eq(app.Active), app.UserFields.Age.Gt(30))) // one index, and a check of each record
	show(users.Where(repo.Or(app.UserFields.Age.Lt(30), repo.Not(app.UserFields.Tags.Has("staff")))).OrderBy(app.UserFields.Age.Asc()))
	// Output:
	// ann bob cid dee
	// ann bob dee
	// ann bob dee
	// bob ann
	// ann
	// dee bob cid
}

func ExampleQuery_Page() {
	client := open()
	defer client.close()
	users := people(client)

	query := users.Where(app.UserFields.Status.Eq(app.Active)).OrderBy(app.UserFields.CreatedAt.Asc()).Limit(2)
	for cursor, more := "", true; more; {
		page, err := query.After(cursor).Page(ctx)
		check(err)
		for _, user := range page.Items {
			fmt.Print(user.Username, " ")
		}
		fmt.Println("more:", page.Next != "")
		cursor, more = page.Next, page.Next != ""
	}
	// Output:
	// ann bob more: true
	// dee more: false
}

func ExampleQuery_All() {
	client := open()
	defer client.close()
	users := people(client)

	for user, err := range users.Where(app.UserFields.Tags.Has("staff")).Limit(2).All(ctx) {
		check(err)
		fmt.Println(user.Username)
	}
	// Output:
	// ann
	// bob
}

func ExampleQuery_OrderBy() {
	client := open()
	defer client.close()
	users := people(client)

	show(users.Where().OrderBy(app.UserFields.Age.Desc()))
	// Output: cid ann bob dee
}

func ExampleQuery_After() {
	client := open()
	defer client.close()
	users := people(client)

	page, err := users.Where().Limit(1).Page(ctx)
	check(err)
	show(users.Where().After(page.Next))
	_, err = users.Where().OrderBy(app.UserFields.Age.Asc()).After(page.Next).Page(ctx)
	fmt.Println(errors.Is(err, repo.ErrCursor))
	// Output:
	// bob cid dee
	// true
}

func ExampleQuery_Limit() {
	client := open()
	defer client.close()
	users := people(client)

	page, err := users.Where().Limit(3).Page(ctx)
	fmt.Println(len(page.Items), err)
	// Output: 3 <nil>
}

func ExampleQuery_First() {
	client := open()
	defer client.close()
	users := people(client)

	oldest, err := users.Where().OrderBy(app.UserFields.Age.Desc()).First(ctx)
	check(err)
	fmt.Println(oldest.Username)
	_, err = users.Where(app.UserFields.Tags.Has("guest")).First(ctx)
	fmt.Println(errors.Is(err, repo.ErrNotFound))
	// Output:
	// cid
	// true
}

func ExampleQuery_Count() {
	client := open()
	defer client.close()
	users := people(client)

	n, err := users.Where(app.UserFields.Status.Eq(app.Active)).Count(ctx)
	fmt.Println(n, err)
	// Output: 3 <nil>
}

func ExampleRangeNumber_Add() {
	client := open()
	defer client.close()
	users := people(client)

	check(users.Patch(ctx, "1", app.UserFields.Logins.Add(2), app.UserFields.Age.Add(1)))
	ann, err := users.Get(ctx, "1")
	check(err)
	fmt.Println(ann.Logins, ann.Age)
	// Output: 2 35
}
