package behaviour

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/behaviour/numbers"
)

func TestValidate(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		must(t, users.Create(t.Context(), richUser("7")))
		before := snapshot(t, client)
		bad := richUser("7")
		bad.Age, bad.Version = -1, 1
		b := client.Batch()
		users.In(b).Save(bad)
		_, mutate := users.Mutate(t.Context(), "7", func(u *app.User) error { u.Age = -1; return nil })
		for name, err := range map[string]error{
			"Create": users.Create(t.Context(), bad), "Save": users.Save(t.Context(), bad), "Update": users.Update(t.Context(), bad),
			"CreateMany": users.CreateMany(t.Context(), []*app.User{bad}), "SaveMany": users.SaveMany(t.Context(), []*app.User{bad}),
			"Mutate": mutate, "Batch": b.Run(t.Context()),
		} {
			wantErr(t, name, err, app.ErrAge)
			var record *repo.RecordError
			if !errors.As(err, &record) || record.Entity != "users" || record.ID != "7" {
				t.Errorf("%s: %v does not name the record", name, err)
			}
		}
		wantSame(t, "after refused writes", snapshot(t, client), before)
	})
}

func TestRefusedValues(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, memberships := app.NewUsers(client), app.NewMemberships(client)
		for name, c := range map[string]struct {
			change func(*app.User)
			field  string
			target error
		}{
			"NaN":               {func(u *app.User) { u.Balance = math.NaN() }, "balance", repo.ErrNaN},
			"infinity":          {func(u *app.User) { u.Balance = math.Inf(-1) }, "balance", repo.ErrNaN},
			"beyond 2^53":       {func(u *app.User) { u.Age = 1<<53 + 1 }, "age", repo.ErrRange},
			"enum":              {func(u *app.User) { u.Status = "" }, "status", repo.ErrEnum},
			"bytes in a slice":  {func(u *app.User) { u.Tags = []string{"a", "\xff-secret"} }, "tags", repo.ErrUTF8},
			"bytes in a map":    {func(u *app.User) { u.Metadata = map[string]any{"k": "\xff-secret"} }, "metadata", repo.ErrUTF8},
			"JSON of a channel": {func(u *app.User) { u.Metadata = map[string]any{"k": make(chan int)} }, "metadata", nil},
			"time":              {func(u *app.User) { u.CreatedAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "created_at", repo.ErrRange},
		} {
			u := richUser("7")
			c.change(u)
			err := users.Create(t.Context(), u)
			var field *repo.FieldError
			if !errors.As(err, &field) || field.Field != c.field || c.target != nil && !errors.Is(err, c.target) {
				t.Errorf("%s: %v", name, err)
			} else if strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: the error shows the value: %v", name, err)
			}
		}
		far := time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC) // beyond 2^53 µs
		m := &app.Membership{Group: "g", User: "u", Since: &far}
		wantErr(t, "a sorted time beyond 2^53 µs", memberships.Create(t.Context(), m), repo.ErrRange)
		wantEmpty(t, client)

		// What is stored as JSON or bytes takes any valid text, U+FFFD too.
		u := richUser("7")
		u.Metadata, u.Tags = map[string]any{`\ufffd`: "\ufffd \\ufffd"}, []string{"\ufffd", `\ufffd`}
		must(t, users.Create(t.Context(), u))
		wantUser(t, users, u)
	})
}

func TestKeysThatAreMadeUp(t *testing.T) {
	var n atomic.Int64
	config := repo.Config{NewID: func() string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n.Add(1)) }}
	eachConfig(t, config, func(t *testing.T, client *repo.Client) {
		users, sessions := app.NewUsers(client), app.NewSessions(client)
		u, s := newUser("a"), &app.Session{}
		must(t, users.Create(t.Context(), u))
		must(t, sessions.Save(t.Context(), s))
		if !strings.HasPrefix(u.ID, "00000000-0000-4000-8000-") || s.ID.Version() != 4 {
			t.Errorf("keys are %q and %q", u.ID, s.ID)
		}
		tokens := app.NewTokens(client) // its key is a number: 0 is as good as any
		must(t, tokens.Create(t.Context(), &app.Token{}))
		wantErr(t, "a second token 0", tokens.Create(t.Context(), &app.Token{}), repo.ErrExists)
	})
	eachConfig(t, repo.Config{NewID: func() string { return "no-uuid" }}, func(t *testing.T, client *repo.Client) {
		var field *repo.FieldError
		if err := app.NewSessions(client).Create(t.Context(), &app.Session{}); !errors.As(err, &field) || field.Field != "id" {
			t.Errorf("Create with a key that is no UUID: %v", err)
		}
	})
	each(t, func(t *testing.T, client *repo.Client) {
		last := ""
		for range 20 { // UUIDv7: in the order they were made
			s := &app.Session{}
			must(t, app.NewSessions(client).Create(t.Context(), s))
			if s.ID.Version() != 7 || s.ID.Variant() != uuid.RFC4122 || s.ID.String() <= last {
				t.Fatalf("key is %v after %v", s.ID, last)
			}
			last = s.ID.String()
		}
	})
}

func TestClock(t *testing.T) {
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var calls atomic.Int64 // each later than the one before
	config := repo.Config{Clock: func() time.Time { return first.Add(time.Duration(calls.Add(1)) * time.Second) }}
	eachConfig(t, config, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		u := newUser("a")
		must(t, users.Create(t.Context(), u))
		created := u.CreatedAt
		if d := created.Sub(first); d <= 0 || d > time.Hour || !u.UpdatedAt.Equal(created) {
			t.Errorf("times are %v and %v, want those of the clock", created, u.UpdatedAt)
		}
		must(t, users.Save(t.Context(), u))
		if !u.CreatedAt.Equal(created) || !u.UpdatedAt.After(created) || u.UpdatedAt.Sub(first) > time.Hour {
			t.Errorf("after Save times are %v and %v", u.CreatedAt, u.UpdatedAt)
		}
	})
}

func TestCreatedIsKept(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		imported := richUser("7")
		imported.CreatedAt = time.Date(1999, 12, 31, 23, 59, 59, 999999999, time.FixedZone("X", -3600))
		imported.Version, imported.UpdatedAt = 99, time.Unix(0, 0)
		must(t, users.Create(t.Context(), imported))
		want := time.Date(2000, 1, 1, 0, 59, 59, 999999000, time.UTC)
		if !imported.CreatedAt.Equal(want) || imported.CreatedAt.Location() != time.UTC {
			t.Errorf("created_at is %v, want what was given, %v", imported.CreatedAt, want)
		}
		if imported.Version != 1 || time.Since(imported.UpdatedAt) > time.Minute {
			t.Errorf("version is %d, updated_at %v; want the repository's", imported.Version, imported.UpdatedAt)
		}
		wantUser(t, users, imported)
		for i, change := range []func(*app.User) error{
			func(u *app.User) error { return users.Save(t.Context(), u) },
			func(u *app.User) error { return users.SaveMany(t.Context(), []*app.User{u}) },
		} {
			u := *imported
			u.CreatedAt, u.Version = time.Now(), int64(i+1)
			must(t, change(&u))
			if !u.CreatedAt.Equal(want) || u.Version != int64(i+2) {
				t.Errorf("after write %d: created_at %v, version %d", i, u.CreatedAt, u.Version)
			}
			wantUser(t, users, &u)
		}
		wantCount(t, "by creation", users.Where(app.UserFields.CreatedAt.Eq(want)), 1)
		wantCount(t, "by later creation", users.Where(app.UserFields.CreatedAt.Gt(want)), 0)
	})
}

// Where the key stands among the fields makes no difference, nor whether those
// before it are stored.
func TestKeyBehindAbsentFields(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		entries, f := numbers.NewEntries(client), numbers.EntryFields
		e := &numbers.Entry{ID: "7", Word: "w", Rank: new(1), Codes: []int{-5, 7}}
		must(t, entries.Create(t.Context(), e))
		for name, q := range map[string]*repo.Query[*numbers.Entry, string]{
			"rank": entries.Where(f.Rank.Gte(0)), "word": entries.Where(f.Word.Prefix("w")), "codes": entries.Where(f.Codes.Has(-5)), "all": entries.Where(),
		} {
			for range 2 { // a query must not repair what is whole
				if got := list(t, q); len(got) != 1 || got[0].ID != "7" {
					t.Errorf("%s: %v", name, got)
				}
				wantCount(t, name, q, 1)
			}
		}
		got, err := entries.Get(t.Context(), "7")
		if err != nil || got.Word != "w" {
			t.Errorf("Get = %+v, %v", got, err)
		}
	})
}
