package repo_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

func ExampleQuery_Before() {
	client := open()
	defer client.close()
	users := people(client)

	query := users.Where().OrderBy(app.UserFields.Age.Asc()).Limit(2)
	page, err := query.Before("").Page(ctx) // the last page
	check(err)
	fmt.Println(page.Items[0].Username, page.Items[1].Username)
	page, err = query.Before(page.Prev).Page(ctx)
	check(err)
	fmt.Println(page.Items[0].Username, page.Items[1].Username, page.Prev == "")
	// Output:
	// ann cid
	// dee bob true
}

func ExampleQuery_IDs() {
	client := open()
	defer client.close()
	users := people(client)

	for id, err := range users.Where(app.UserFields.Tags.Has("staff")).IDs(ctx) {
		check(err)
		fmt.Println(id)
	}
	// Output:
	// 1
	// 2
	// 4
}

func ExampleQuery_One() {
	client := open()
	defer client.close()
	users := people(client)

	cid, err := users.Where(app.UserFields.Status.Eq(app.Blocked)).One(ctx)
	check(err)
	fmt.Println(cid.Username)
	_, err = users.Where(app.UserFields.Status.Eq(app.Active)).One(ctx)
	fmt.Println(errors.Is(err, repo.ErrMultiple))
	// Output:
	// cid
	// true
}

func ExampleQuery_Exists() {
	client := open()
	defer client.close()
	users := people(client)

	there, err := users.Where(app.UserFields.Age.Gt(40), app.UserFields.Status.Eq(app.Active)).Exists(ctx)
	fmt.Println(there, err)
	// Output: false <nil>
}

func ExampleQuery_Select() {
	client := open()
	defer client.close()
	users := people(client)

	ann, err := users.Where(app.UserFields.Tags.Has("admin")).Select(app.UserFields.Username, app.UserFields.Age).First(ctx)
	check(err)
	fmt.Println(ann.ID, ann.Username, ann.Age, ann.Tags) // the key is always there, and no field that was not asked for
	// Output: 1 ann 34 []
}

func ExampleEqualField_CountBy() {
	client := open()
	defer client.close()
	users := people(client)

	groups, err := app.UserFields.Status.CountBy(ctx, users.Where(app.UserFields.Age.Gt(20)))
	check(err)
	slices.SortFunc(groups, func(a, b repo.Group[app.Status]) int { return cmp.Compare(a.Value, b.Value) })
	fmt.Println(groups)
	// Output: [{active 2} {blocked 1}]
}

func ExampleMemberField_CountBy() {
	client := open()
	defer client.close()
	users := people(client)

	groups, err := app.UserFields.Tags.CountBy(ctx, users.Where())
	check(err)
	slices.SortFunc(groups, func(a, b repo.Group[string]) int { return cmp.Compare(a.Value, b.Value) })
	fmt.Println(groups)
	// Output: [{admin 1} {staff 3}]
}

func ExampleRangeField_Min() {
	client := open()
	defer client.close()
	users := people(client)

	least, err := app.UserFields.Age.Min(ctx, users.Where(app.UserFields.Tags.Has("staff")))
	fmt.Println(least, err)
	// Output: 19 <nil>
}

func ExampleRangeField_Max() {
	client := open()
	defer client.close()
	users := people(client)

	greatest, err := app.UserFields.Age.Max(ctx, users.Where())
	fmt.Println(greatest, err)
	_, err = app.UserFields.Age.Max(ctx, users.Where(app.UserFields.Tags.Has("guest")))
	fmt.Println(errors.Is(err, repo.ErrNotFound))
	// Output:
	// 41 <nil>
	// true
}

func ExampleQuery_Explain() {
	client := open()
	defer client.close()
	users := people(client)

	// One index finds the records, the other condition is checked on them.
	plan, err := users.Where(app.UserFields.Status.Eq(app.Active), app.UserFields.Age.Lt(30)).Explain(ctx)
	check(err)
	fmt.Println(plan)

	// Nothing finds them.
	plan, err = users.Where(repo.Not(app.UserFields.Tags.Has("staff"))).Explain(ctx)
	check(err)
	fmt.Println(plan.Walks, plan.Examined, plan.Returned)
	// Output:
	// read s:age, 2 entries, check status =; rather than i:status/created_at
	// first page: 2 examined, 2 returned, 0 missing, 1 calls
	// true 4 1
}

func ExampleQuery_RequireIndex() {
	client := open()
	defer client.close()
	users := people(client)

	_, err := users.Where(repo.Not(app.UserFields.Tags.Has("staff"))).RequireIndex().Page(ctx)
	fmt.Println(errors.Is(err, repo.ErrNoIndex))
	_, err = users.Where(app.UserFields.Tags.Has("staff")).RequireIndex().Page(ctx)
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}

func ExampleClient_Stats() {
	client := open()
	defer client.close()
	users := people(client)

	check(client.Redis().Del(ctx, "{users}:r:2").Err()) // by another program
	show(users.Where(app.UserFields.Tags.Has("staff")))
	stats := client.Stats()
	fmt.Println(stats.Examined, "examined,", stats.Returned, "returned,", stats.Repaired, "removed")
	// Output:
	// ann dee
	// 3 examined, 2 returned, 1 removed
}
