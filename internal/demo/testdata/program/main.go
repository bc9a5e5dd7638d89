// Command demo uses the repositories that redisgen has generated beside it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/redisgen/redisgen/repo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	s, err := openStore(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	users, sessions := NewUsers(s.Client), NewSessions(s.Client)
	for _, step := range []func() error{
		func() error { return create(ctx, s, users, sessions) },
		func() error { return unique(ctx, users) },
		func() error { return conflict(ctx, users) },
		func() error { return patch(ctx, users) },
		func() error { return query(ctx, users) },
		func() error { return explain(ctx, users) },
		func() error { return expiry(ctx, s, sessions) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// create stores records and lists the keys that hold them.
func create(ctx context.Context, s *store, users *Users, sessions *Sessions) error {
	title("3. Create, on %s", s.name)
	for _, name := range []string{"ann", "bob", "cid", "dee"} {
		user := &User{ID: name, Email: name + "@example.com", Status: Active}
		if err := users.Create(ctx, user); err != nil {
			return err
		}
	}
	call(`users.Create(ctx, &User{ID: "ann", Email: "ann@example.com", Status: Active})`, "and three more, one round trip each")
	if err := sessions.Create(ctx, &Session{ID: "s1", UserID: "ann"}); err != nil {
		return err
	}
	call(`sessions.Create(ctx, &Session{ID: "s1", UserID: "ann"})`, "")
	keys, err := s.keys(ctx, "")
	if err != nil {
		return err
	}
	fmt.Println("   keys now in Redis, with their types:")
	for _, key := range keys {
		kind, text, err := s.contents(ctx, key)
		if err != nil {
			return err
		}
		fmt.Printf("     %-38s %-5s %s\n", strings.TrimPrefix(key, s.Prefix()), kind, short(text))
	}
	return nil
}

// unique tries to take an address that somebody has.
func unique(ctx context.Context, users *Users) error {
	title("4. A unique violation")
	err := users.Create(ctx, &User{Email: "ANN@example.com", Status: Active})
	var taken *repo.UniqueError
	if !errors.As(err, &taken) {
		return fmt.Errorf("want a *repo.UniqueError, got: %v", err)
	}
	call(`users.Create(ctx, &User{Email: "ANN@example.com", Status: Active})`, err.Error())
	return nil
}

// conflict writes an outdated copy of a record.
func conflict(ctx context.Context, users *Users) error {
	title("5. A version conflict")
	mine, err := users.GetByEmail(ctx, "bob@example.com")
	if err != nil {
		return err
	}
	theirs, err := users.Get(ctx, "bob")
	if err != nil {
		return err
	}
	theirs.Status = Blocked
	if err := users.Update(ctx, theirs); err != nil {
		return err
	}
	call(`users.Update(ctx, theirs)`, fmt.Sprintf("version %d", theirs.Version))
	err = users.Update(ctx, mine)
	if !errors.Is(err, repo.ErrConflict) {
		return fmt.Errorf("want repo.ErrConflict, got: %v", err)
	}
	call(`users.Update(ctx, mine)`, err.Error())
	return nil
}

// patch changes some fields of a record that it has not read.
func patch(ctx context.Context, users *Users) error {
	title("6. A patch with a counter")
	for range 3 {
		if err := users.Patch(ctx, "cid", UserFields.Logins.Add(1), UserFields.Email.Set("cid@example.org")); err != nil {
			return err
		}
	}
	call(`users.Patch(ctx, "cid", UserFields.Logins.Add(1), UserFields.Email.Set("cid@example.org"))`, "three times")
	cid, err := users.GetByEmail(ctx, "cid@example.org")
	if err != nil {
		return err
	}
	call(`users.GetByEmail(ctx, "cid@example.org")`, fmt.Sprintf("%d logins, version %d", cid.Logins, cid.Version))
	return nil
}

// query reads active users, newest first, page by page.
func query(ctx context.Context, users *Users) error {
	title("7. A query, page by page")
	query := users.Where(UserFields.Status.Eq(Active)).OrderBy(UserFields.CreatedAt.Desc()).Limit(2)
	page, err := query.Page(ctx)
	if err != nil {
		return err
	}
	call(`query := users.Where(UserFields.Status.Eq(Active)).OrderBy(UserFields.CreatedAt.Desc()).Limit(2)`, "")
	call(`page, err := query.Page(ctx)`, fmt.Sprintf("%s, and a cursor to go on from", ids(page.Items)))
	if page, err = query.After(page.Next).Page(ctx); err != nil {
		return err
	}
	call(`page, err = query.After(page.Next).Page(ctx)`, fmt.Sprintf("%s, the last page; bob is blocked", ids(page.Items)))
	return nil
}

// explain reads users by two indexes, and shows how.
func explain(ctx context.Context, users *Users) error {
	title("8. A query over two indexes")
	query := users.Where(repo.Or(UserFields.Email.Eq("ann@example.com"), UserFields.Status.Eq(Blocked)))
	page, err := query.Page(ctx)
	if err != nil {
		return err
	}
	call(`users.Where(repo.Or(UserFields.Email.Eq("ann@example.com"), UserFields.Status.Eq(Blocked))).Page(ctx)`, ids(page.Items))
	plan, err := query.Explain(ctx)
	if err != nil {
		return err
	}
	call(`the same with Explain(ctx)`, strings.ReplaceAll(plan.String(), "\n", "\n        "))
	return nil
}

// expiry has a session end.
func expiry(ctx context.Context, s *store, sessions *Sessions) error {
	title("9. An expiry")
	ttl, err := sessions.TTL(ctx, "s1")
	if err != nil {
		return err
	}
	call(`sessions.TTL(ctx, "s1")`, ttl.Round(1e9).String())
	how, err := s.expire(ctx, sessions, "s1")
	if err != nil {
		return err
	}
	call(how, "")
	_, err = sessions.Get(ctx, "s1")
	if !errors.Is(err, repo.ErrNotFound) {
		return fmt.Errorf("want repo.ErrNotFound, got: %v", err)
	}
	call(`sessions.Get(ctx, "s1")`, err.Error())
	count, err := sessions.Where(SessionFields.UserID.Eq("ann")).Count(ctx)
	if err != nil {
		return err
	}
	call(`sessions.Where(SessionFields.UserID.Eq("ann")).Count(ctx)`, fmt.Sprint(count))
	left, err := s.keys(ctx, "{sessions}:")
	if err != nil {
		return err
	}
	call(`keys of sessions in Redis`, fmt.Sprint(len(left)))
	return nil
}
