package behaviour

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

const workers = 32

// together runs f in many goroutines that begin at the same time.
func together(n int, f func(i int)) {
	var running sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		running.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	running.Wait()
}

// Of many who want the same value one gets it; what the others leave behind is
// nothing.
func TestOneWinsAUniqueValue(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		for round := range 5 {
			var winner atomic.Pointer[app.User]
			errs := make([]error, workers)
			together(workers, func(i int) {
				u := newUser(fmt.Sprintf("round%d", round))
				u.Email, u.Nickname = new(fmt.Sprint(i, "@example.com")), fmt.Sprint(i)
				if errs[i] = users.Create(t.Context(), u); errs[i] == nil && !winner.CompareAndSwap(nil, u) {
					t.Error("two created the same name")
				}
			})
			won := winner.Load()
			if won == nil {
				t.Fatalf("nobody won: %v", errs)
			}
			for i, err := range errs {
				var unique *repo.UniqueError
				if err != nil && (!errors.As(err, &unique) || unique.Owner != won.ID || unique.Index != "username") {
					t.Errorf("loser %d: %v", i, err)
				}
			}
			got := snapshot(t, client)
			must(t, users.Delete(t.Context(), won.ID))
			wantEmpty(t, client)
			alone := *won
			must(t, users.Create(t.Context(), &alone))
			stamp := raw(client).HSet(t.Context(), recordKey(client, "users", won.ID), "updated_at", won.UpdatedAt.Format("2006-01-02T15:04:05.000000Z"))
			must(t, stamp.Err())
			wantSame(t, "what the race left, next to what the winner alone makes", got, snapshot(t, client))
			must(t, users.Delete(t.Context(), won.ID))
		}
	})
}

func TestMutateLosesNoUpdate(t *testing.T) {
	const turns = 8
	each(t, func(t *testing.T, client *repo.Client) {
		users, memberships := app.NewUsers(client), app.NewMemberships(client)
		key := app.MembershipKey{Group: "g", User: "u"}
		must(t, users.Create(t.Context(), richUser("7")))
		must(t, memberships.Create(t.Context(), &app.Membership{Group: "g", User: "u", Rank: new(int32(0))}))
		together(workers, func(i int) {
			for range turns {
				if i%2 == 0 { // the version tells of changes
					if _, err := users.Mutate(t.Context(), "7", func(u *app.User) error { u.Age++; return nil }); err != nil {
						t.Errorf("Mutate of a user: %v", err)
					}
					continue
				}
				// Without a version the fields themselves tell.
				if _, err := memberships.Mutate(t.Context(), key, func(m *app.Membership) error { *m.Rank++; return nil }); err != nil {
					t.Errorf("Mutate of a membership: %v", err)
				}
			}
		})
		const total = workers / 2 * turns
		if got, err := users.Get(t.Context(), "7"); err != nil || got.Age != 30+total || got.Version != 1+total {
			t.Errorf("age %d, version %d, %v, want %d and %d", got.Age, got.Version, err, 30+total, 1+total)
		}
		if got, err := memberships.Get(t.Context(), key); err != nil || *got.Rank != total {
			t.Errorf("rank %d, %v, want %d", *got.Rank, err, total)
		}
		wantCount(t, "by the last age", users.Where(app.UserFields.Age.Eq(30+total)), 1)
		wantCount(t, "by the last rank", memberships.Where(app.MembershipFields.Rank.Eq(total)), 1)
		must(t, users.Delete(t.Context(), "7"))
		must(t, memberships.Delete(t.Context(), key))
		wantEmpty(t, client)
	})
}

func TestMutate(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		never := func(*app.User) error { t.Error("called for no record"); return nil }
		_, err := users.Mutate(t.Context(), "7", never)
		wantErr(t, "Mutate of no record", err, repo.ErrNotFound)
		must(t, users.Create(t.Context(), richUser("7")))
		before := snapshot(t, client)
		mine := errors.New("mine")
		_, err = users.Mutate(t.Context(), "7", func(u *app.User) error { u.Age = 1; return mine })
		wantErr(t, "Mutate with an error", err, mine)
		if _, err = users.Mutate(t.Context(), "7", func(u *app.User) error { u.ID = "8"; return nil }); err == nil {
			t.Error("Mutate of the key succeeded")
		}
		_, err = users.Mutate(t.Context(), "7", func(u *app.User) error { u.Status = "x"; return nil })
		wantErr(t, "Mutate to no constant", err, repo.ErrEnum)
		wantSame(t, "after refused mutations", snapshot(t, client), before)

		calls := 0
		got, err := users.Mutate(t.Context(), "7", func(u *app.User) error {
			if calls++; calls <= 2 { // somebody else is faster, twice
				must(t, users.Patch(t.Context(), "7", app.UserFields.Age.Add(1)))
			}
			u.Logins = int64(u.Age)
			return nil
		})
		if err != nil || calls != 3 || got.Logins != 32 || got.Version != 4 {
			t.Errorf("after %d calls: %+v, %v", calls, got, err)
		}
		wantUser(t, users, got)
		_, err = users.Mutate(t.Context(), "7", func(*app.User) error { return users.Delete(t.Context(), "7") })
		wantErr(t, "Mutate of a record that goes meanwhile", err, repo.ErrNotFound)
		wantEmpty(t, client)
	})
}

func TestCountersUnderManyHands(t *testing.T) {
	const turns = 50
	each(t, func(t *testing.T, client *repo.Client) {
		users, f := app.NewUsers(client), app.UserFields
		must(t, users.Create(t.Context(), newUserWithID("7")))
		together(workers, func(i int) {
			for n := range turns {
				switch n % 5 {
				case 4:
					b := client.Batch()
					users.In(b).Patch("7", f.Logins.Add(1), f.Age.Add(1))
					check(t, b.Run(t.Context()))
				default:
					check(t, users.Patch(t.Context(), "7", f.Logins.Add(1), f.Age.Add(1)))
				}
			}
		})
		const total = workers * turns
		if got, err := users.Get(t.Context(), "7"); err != nil || got.Logins != total || got.Age != 30+total || got.Version != 1+total {
			t.Errorf("Get = %+v, %v, want %d logins", got, err, total)
		}
		wantCount(t, "by the last age", users.Where(f.Age.Eq(30+total)), 1)
	})
}

func newUserWithID(id string) *app.User {
	u := newUser(id)
	u.ID = id
	return u
}

// check fails the test later because of an error, from any goroutine.
func check(t *testing.T, err error) {
	if err != nil {
		t.Error(err)
	}
}
