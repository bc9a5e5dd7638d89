package repo_test

import (
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

func ExampleAnd() {
	client := open()
	defer client.close()
	users := people(client)

	young := repo.And(app.UserFields.Status.Eq(app.Active), app.UserFields.Age.Lt(30))
	admin := app.UserFields.Tags.Has("admin")
	show(users.Where(repo.Or(young, admin)).OrderBy(app.UserFields.Age.Asc()))
	// Output: dee bob ann
}

func ExampleOr() {
	client := open()
	defer client.close()
	users := people(client)

	show(users.Where(repo.Or(app.UserFields.Age.Lt(20), app.UserFields.Age.Gt(40))))
	show(users.Where(repo.Or[*app.User]())) // none of nothing
	show(users.Where(repo.Or(app.UserFields.Username.Eq("cid"), app.UserFields.Tags.Has("admin"))).OrderBy(app.UserFields.Age.Desc()))
	// Output:
	// dee cid
	//
	// cid ann
}

func ExampleNot() {
	client := open()
	defer client.close()
	users := people(client)

	// Also those who have no tags at all.
	show(users.Where(repo.Not(app.UserFields.Tags.Has("admin"))))
	// Output: bob cid dee
}

func ExampleEqualField_Eq() {
	client := open()
	defer client.close()
	users := people(client)

	show(users.Where(app.UserFields.Username.Eq("ANN"))) // the field has the option fold
	show(users.Where(app.UserFields.Age.Eq(41)))
	// Output:
	// ann
	// cid
}

func ExampleEqualField_In() {
	client := open()
	defer client.close()
	users := people(client)

	show(users.Where(app.UserFields.Age.In(19, 34, 50)))
	show(users.Where(app.UserFields.Age.In())) // none of nothing
	// Output:
	// dee ann
	//
}

func ExampleEqualField_Not() {
	client := open()
	defer client.close()
	users := people(client)

	show(users.Where(app.UserFields.Status.Not(app.Blocked)))
	// Output: ann bob dee
}

func ExampleMemberField_Has() {
	client := open()
	defer client.close()
	users := people(client)

	show(users.Where(app.UserFields.Tags.Has("admin")))
	// Output: ann
}

func ExampleMemberField_HasAny() {
	client := open()
	defer client.close()
	users := people(client)

	show(users.Where(app.UserFields.Tags.HasAny("admin", "guest")))
	// Output: ann
}

func ExampleMemberField_HasAll() {
	client := open()
	defer client.close()
	users := people(client)

	show(users.Where(app.UserFields.Tags.HasAll("admin", "staff")))
	show(users.Where(app.UserFields.Tags.HasAll("admin", "guest")))
	// Output:
	// ann
	//
}

func ExampleNilableMemberField_IsNil() {
	client := open()
	defer client.close()
	users := people(client)

	show(users.Where(app.UserFields.Tags.IsNil()))
	show(users.Where(repo.Not(app.UserFields.Tags.IsNil()), app.UserFields.Age.Gt(30)))
	// Output:
	// cid
	// ann
}

func ExampleRangeField_Between() {
	client := open()
	defer client.close()
	users := people(client)

	show(users.Where(app.UserFields.Age.Between(28, 34))) // both included
	show(users.Where(app.UserFields.Age.Gt(28), app.UserFields.Age.Lte(41)))
	// Output:
	// bob ann
	// ann cid
}

func ExampleLexField_Prefix() {
	client := open()
	defer client.close()
	users := people(client)

	show(users.Where(app.UserFields.Nickname.Prefix("an"))) // the field has the option fold
	// Output: ann cid
}
