package linear

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/places"
)

// store does operations on a repository.
type store interface {
	do(ctx context.Context, in input) (output, error)
}

// records is a store of records of type T.
type records[T any] struct {
	*repo.Repository[T, string]
	byEmail func(ctx context.Context, email string) (T, error)
	encode  func(fields) T
	decode  func(T) fields
	patch   func(fields) []repo.Change[T]
}

// fields are those of a record that the model knows.
type fields struct {
	id      string
	email   *string
	text    string
	version int64
	created time.Time
}

// users returns a store of users, which are all in one shard.
func users(client *repo.Client) store {
	users, names := app.NewUsers(client), app.UserFields
	return &records[*app.User]{
		&users.Repository, users.GetByEmail,
		func(f fields) *app.User {
			return &app.User{ID: f.id, Username: f.id, Email: f.email, Nickname: f.text, Status: app.Active, Version: f.version, CreatedAt: f.created}
		},
		func(u *app.User) fields { return fields{u.ID, u.Email, u.Nickname, u.Version, u.CreatedAt} },
		func(f fields) []repo.Change[*app.User] {
			if f.email == nil {
				return []repo.Change[*app.User]{names.Nickname.Set(f.text), names.Email.Clear()}
			}
			return []repo.Change[*app.User]{names.Nickname.Set(f.text), names.Email.Set(*f.email)}
		},
	}
}

// accounts returns a store of accounts, which are in 16 shards and claim their emails across them.
func accounts(client *repo.Client) store {
	accounts, names := places.NewAccounts(client), places.AccountFields
	return &records[*places.Account]{
		&accounts.Repository, accounts.GetByEmail,
		func(f fields) *places.Account {
			return &places.Account{ID: f.id, Name: f.id, Email: f.email, Status: f.text, Version: f.version, CreatedAt: f.created}
		},
		func(a *places.Account) fields { return fields{a.ID, a.Email, a.Status, a.Version, a.CreatedAt} },
		func(f fields) []repo.Change[*places.Account] {
			if f.email == nil {
				return []repo.Change[*places.Account]{names.Status.Set(f.text), names.Email.Clear()}
			}
			return []repo.Change[*places.Account]{names.Status.Set(f.text), names.Email.Set(*f.email)}
		},
	}
}

// do returns what came of an operation. An error is that of one that was not carried out, and will not be.
func (r *records[T]) do(ctx context.Context, in input) (output, error) {
	f, err := fieldsOf(in), error(nil)
	var read T
	switch in.verb {
	case create:
		err = r.Create(ctx, r.encode(f))
	case save:
		err = r.Save(ctx, r.encode(f))
	case update:
		err = r.Update(ctx, r.encode(f))
	case patch:
		err = r.Patch(ctx, f.id, r.patch(f)...)
	case remove:
		err = r.Delete(ctx, f.id)
	case get:
		read, err = r.Get(ctx, f.id)
	case byEmail:
		read, err = r.byEmail(ctx, *f.email)
	}
	var unique *repo.UniqueError
	switch {
	case err == nil && (in.verb == get || in.verb == byEmail):
		return output{done, rowOf(r.decode(read))}, nil
	case err == nil:
		return output{result: done}, nil
	case errors.As(err, &unique):
		return output{taken, rowOf(fields{id: unique.Owner})}, nil
	}
	for outcome, result := range map[error]result{
		repo.ErrNotFound: notFound, repo.ErrExists: exists, repo.ErrConflict: conflict,
		repo.ErrUncertain: uncertain, repo.ErrNotDurable: uncertain,
	} {
		if errors.Is(err, outcome) {
			return output{result: result}, nil
		}
	}
	return output{}, err
}

// fieldsOf and rowOf translate between the model and the store.
func fieldsOf(in input) fields {
	f := fields{id: fmt.Sprintf("%d-%d", in.group, in.row.id), text: in.row.text, version: in.row.version, created: time.UnixMicro(in.row.created)}
	if in.row.email != 0 {
		f.email = new(fmt.Sprintf("%d-%d", in.group, in.row.email))
	}
	return f
}

func rowOf(f fields) row {
	r := row{text: f.text, version: f.version}
	var of int
	_, _ = fmt.Sscanf(f.id, "%d-%d", &of, &r.id)
	if f.email != nil {
		_, _ = fmt.Sscanf(*f.email, "%d-%d", &of, &r.email)
	}
	if !f.created.IsZero() {
		r.created = f.created.UnixMicro()
	}
	return r
}
