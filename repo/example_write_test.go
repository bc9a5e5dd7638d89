package repo_test

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

func ExampleRepository_Create() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)

	ann := &app.User{Username: "Ann", Status: app.Active}
	check(users.Create(ctx, ann))
	fmt.Println(len(ann.ID), ann.Version, ann.CreatedAt.Format("2006-01-02"))

	err := users.Create(ctx, ann)
	fmt.Println(errors.Is(err, repo.ErrExists))
	// Output:
	// 36 1 2026-01-01
	// true
}

func ExampleRepository_Get() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)
	check(users.Create(ctx, &app.User{ID: "7", Username: "Ann", Status: app.Active}))

	ann, err := users.Get(ctx, "7")
	fmt.Println(ann.Username, err)
	_, err = users.Get(ctx, "8")
	fmt.Println(errors.Is(err, repo.ErrNotFound), err)
	// Output:
	// Ann <nil>
	// true redisgen: Get users "8": not found
}

func ExampleRepository_GetMany() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)
	check(users.Create(ctx, &app.User{ID: "7", Username: "Ann", Status: app.Active}))

	list, err := users.GetMany(ctx, "6", "7")
	fmt.Println(list[0] == nil, list[1].Username, err)
	// Output: true Ann <nil>
}

func ExampleRepository_GetUnique() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)
	check(users.Create(ctx, &app.User{ID: "7", Username: "Ann", Status: app.Active}))

	// Generated finders call GetUnique. The field has the option fold.
	ann, err := users.GetByUsername(ctx, "ANN")
	fmt.Println(ann.ID, err)
	// Output: 7 <nil>
}

func ExampleRepository_Exists() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)

	there, err := users.Exists(ctx, "7")
	fmt.Println(there, err)
	// Output: false <nil>
}

func ExampleRepository_Save() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)
	check(users.Save(ctx, &app.User{ID: "7", Username: "ann", Status: app.Active, Email: new("ann@example.com")}))

	// What the new value does not have is removed.
	ann := &app.User{ID: "7", Username: "ann", Status: app.Blocked}
	check(users.Save(ctx, ann))
	fmt.Println(ann.Version)
	_, err := users.GetByEmail(ctx, "ann@example.com")
	fmt.Println(errors.Is(err, repo.ErrNotFound))
	// Output:
	// 2
	// true
}

func ExampleRepository_Update() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)
	mine := &app.User{ID: "7", Username: "ann", Status: app.Active}
	check(users.Create(ctx, mine))
	theirs, err := users.Get(ctx, "7")
	check(err)

	theirs.Status = app.Blocked
	fmt.Println(users.Update(ctx, theirs), theirs.Version)
	mine.Age = 30
	fmt.Println(errors.Is(users.Update(ctx, mine), repo.ErrConflict))
	// Output:
	// <nil> 2
	// true
}

func ExampleRepository_Patch() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)
	check(users.Create(ctx, &app.User{ID: "7", Username: "ann", Status: app.Active, Tags: []string{"new"}}))

	check(users.Patch(ctx, "7",
		app.UserFields.Username.Set("ann.lee"),
		app.UserFields.Tags.Clear(),
		app.UserFields.Logins.Add(3),
	))
	ann, err := users.Get(ctx, "7")
	check(err)
	fmt.Println(ann.Username, ann.Tags, ann.Logins)
	fmt.Println(users.Patch(ctx, "8", app.UserFields.Logins.Add(1)))
	// Output:
	// ann.lee [] 3
	// redisgen: Patch users "8": not found
}

func ExampleRepository_Mutate() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)
	check(users.Create(ctx, &app.User{ID: "7", Username: "ann", Status: app.Active}))

	ann, err := users.Mutate(ctx, "7", func(u *app.User) error {
		u.Tags = append(u.Tags, "editor")
		return nil
	})
	fmt.Println(ann.Tags, ann.Version, err)
	// Output: [editor] 2 <nil>
}

func ExampleRepository_Delete() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)
	check(users.Create(ctx, &app.User{ID: "7", Username: "ann", Status: app.Active}))

	fmt.Println(users.Delete(ctx, "7"))
	fmt.Println(users.Delete(ctx, "7"))
	// Output:
	// <nil>
	// redisgen: Delete users "7": not found
}

func ExampleRepository_CreateMany() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)

	err := users.CreateMany(ctx, []*app.User{
		{ID: "1", Username: "ann", Status: app.Active},
		{ID: "2", Username: "ANN", Status: app.Active},
		{ID: "3", Username: "bob", Status: app.Active},
	})
	var many *repo.ManyError
	if errors.As(err, &many) {
		for i, err := range many.Errs {
			fmt.Println(i, err)
		}
	}
	// Output:
	// 0 <nil>
	// 1 redisgen: CreateMany users "2": username "ANN" is taken by "1"
	// 2 <nil>
}

func ExampleRepository_SaveMany() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)
	list := make([]*app.User, 1000)
	for i := range list {
		list[i] = &app.User{ID: strconv.Itoa(i), Username: "user" + strconv.Itoa(i), Status: app.Active}
	}

	check(users.SaveMany(ctx, list, repo.Parallel(2)))
	n, err := users.Where().Count(ctx)
	fmt.Println(n, err)
	// Output: 1000 <nil>
}

func ExampleRepository_DeleteMany() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)
	check(users.Create(ctx, &app.User{ID: "7", Username: "ann", Status: app.Active}))

	fmt.Println(users.DeleteMany(ctx, []string{"7", "8"}))
	// Output: 1 of 2 failed, first: redisgen: DeleteMany users "8": not found
}

func ExampleUniqueError() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)
	check(users.Create(ctx, &app.User{ID: "7", Username: "Ann", Status: app.Active}))

	err := users.Create(ctx, &app.User{ID: "8", Username: "ANN", Status: app.Active})
	var taken *repo.UniqueError
	if errors.As(err, &taken) {
		fmt.Println(taken.Entity, taken.Index, taken.Value, taken.Owner)
	}
	fmt.Println(errors.Is(err, repo.ErrUnique))
	// Output:
	// users username ANN 7
	// true
}

func ExampleFieldError() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)

	err := users.Create(ctx, &app.User{ID: "7", Username: "ann", Status: "asleep"})
	var field *repo.FieldError
	if errors.As(err, &field) {
		fmt.Println(field.Entity, field.Field, field.Err)
	}
	fmt.Println(errors.Is(err, repo.ErrEnum))
	// Output:
	// User status not one of the declared constants
	// true
}

func ExampleRecordError() {
	client := open()
	defer client.close()
	users := app.NewUsers(client.Client)

	// The entity's own Validate refuses negative ages.
	err := users.Create(ctx, &app.User{ID: "7", Username: "ann", Status: app.Active, Age: -1})
	var record *repo.RecordError
	if errors.As(err, &record) {
		fmt.Println(record.Op, record.Entity, record.ID, record.Err)
	}
	fmt.Println(errors.Is(err, app.ErrAge))
	// Output:
	// Create users 7 age is negative
	// true
}
