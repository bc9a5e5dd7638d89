package storm

import (
	"context"
	"errors"
	"fmt"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/places"
)

// addWriters adds 24 writers. Those of unique values are durable, for a failover may
// lose a claim that is not.
func (w *world) addWriters() {
	durable := w.client.Durable(w.d.durable())
	add := func(name string, durable bool, what work) {
		w.writers = append(w.writers, &writer{name: name, durable: durable, work: what})
	}
	openLedger(w)
	for i := range 4 {
		name := fmt.Sprint("user", i)
		add(name, false, logins(w, name))
		name = fmt.Sprint("wallet", i)
		add(name, true, cents(w, name))
	}
	for i := range 6 {
		name := fmt.Sprint("accounts", i)
		add(name, true, newHolders(w, durable, name))
	}
	for i := range 6 {
		name := fmt.Sprint("talk", i)
		client := []*repo.Client{durable, durable, w.client}[i%3]
		add(name, client == durable, newTalker(client, name))
	}
	for i := range 4 {
		name := fmt.Sprint("transfers", i)
		client := []*repo.Client{durable, w.client}[i%2]
		add(name, client == durable, transfers(w, client, name))
	}
}

// readers returns what 4 readers do.
func (w *world) readers() []func(context.Context) error {
	random := w.another()
	all := places.NewAccounts(w.client)
	entries, users := places.NewEntries(w.client), app.NewUsers(w.client)
	messages := places.NewMessages(w.client)
	return []func(context.Context) error{
		func(ctx context.Context) error { return pages(ctx, all) },
		func(ctx context.Context) error {
			total, err := sum(ctx, w.client, entries)
			if err == nil && total != money {
				err = fmt.Errorf("%d cents of %d", total, money)
			}
			return ignore(err, repo.ErrConflict) // what it reads changes all the time
		},
		func(ctx context.Context) error {
			email := sharedEmail(random.IntN(shared))
			a, err := all.GetByEmail(ctx, email)
			if err == nil && *a.Email != email {
				err = fmt.Errorf("%s has %s, not %s", a.ID, *a.Email, email)
			}
			return ignore(err, repo.ErrNotFound)
		},
		func(ctx context.Context) error {
			f := app.UserFields
			_, err := users.Where(f.Status.Eq(app.Active)).OrderBy(f.CreatedAt.Desc()).Limit(3).Page(ctx)
			if err == nil {
				_, err = messages.Where(places.MessageFields.Role.Eq("bot")).Count(ctx)
			}
			return err
		},
	}
}

// ignore returns nil for an error that is as good.
func ignore(err, as error) error {
	if errors.Is(err, as) {
		return nil
	}
	return err
}

// readOnce reads once, and returns what should not happen.
func readOnce(once func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := once(ctx)
	if err == nil || passing(err) && ctx.Err() == nil {
		return nil
	}
	return fmt.Errorf("a reader: %w", err)
}

// pages walks through accounts, none of which may come twice.
func pages(ctx context.Context, all *places.Accounts) error {
	seen := map[string]bool{}
	q := all.Where(places.AccountFields.Status.Eq("new")).OrderBy(places.AccountFields.CreatedAt.Asc()).Limit(7)
	for cursor := ""; ; {
		page, err := q.After(cursor).Page(ctx)
		if err != nil {
			return err
		}
		for _, a := range page.Items {
			if seen[a.ID] {
				return fmt.Errorf("account %s comes twice", a.ID)
			}
			seen[a.ID] = true
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

// together returns what is wrong that no writer knows by itself.
func (w *world) together() (problems []string) {
	ctx := w.t.Context()
	total, err := sum(ctx, w.client, places.NewEntries(w.client))
	if err != nil || total != money {
		problems = append(problems, fmt.Sprintf("%d cents of %d, %v", total, money, err))
	}
	all := places.NewAccounts(w.client)
	owner := map[string]string{}
	for a, err := range all.Where().All(ctx) {
		if err != nil {
			return append(problems, err.Error())
		}
		if other := owner[*a.Email]; other != "" {
			problems = append(problems, fmt.Sprintf("%s and %s both have %s", other, a.ID, *a.Email))
		}
		owner[*a.Email] = a.ID
	}
	for email, id := range owner {
		if a, err := all.GetByEmail(ctx, email); err != nil || a.ID != id {
			problems = append(problems, fmt.Sprintf("%s is that of %s, and leads to %v, %v", email, id, a, err))
		}
	}
	return problems
}
