package places_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/places"
)

// claims returns the keys that hold claims of a client's keyspace.
func claims(t *testing.T, client *repo.Client) []string {
	t.Helper()
	return slices.DeleteFunc(keys(t, client), func(key string) bool { return !strings.Contains(key, "}:u:") })
}

// Sixteen programs that want the same values leave each to one record at most.
func TestManyHandsAndFewValues(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		const hands, turns = 16, 60
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		accounts, f := places.NewAccounts(client), places.AccountFields
		expected := []error{repo.ErrUnique, repo.ErrExists, repo.ErrNotFound}
		var running sync.WaitGroup
		for hand := range hands {
			running.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(hand)))
				for range turns {
					id, email, name := fmt.Sprint(r.IntN(8)), fmt.Sprintf("e%d@example.com", r.IntN(5)), fmt.Sprint("n", r.IntN(5))
					a := &places.Account{ID: id, Email: &email, Name: name, TenantID: "t", Slug: &name}
					var err error
					switch r.IntN(5) {
					case 0:
						err = accounts.Create(t.Context(), a)
					case 1:
						err = accounts.Save(t.Context(), a)
					case 2:
						err = accounts.Patch(t.Context(), id, f.Email.Set(email), f.Visits.Add(1))
					case 3:
						err = accounts.Patch(t.Context(), id, f.Name.Clear(), f.Slug.Clear())
					case 4:
						err = accounts.Delete(t.Context(), id)
					}
					if err != nil && !slices.ContainsFunc(expected, func(e error) bool { return errors.Is(err, e) }) {
						t.Errorf("hand %d: %v", hand, err)
					}
				}
			})
		}
		running.Wait()
		owners := map[string]string{}
		for a, err := range accounts.Where().All(t.Context()) {
			must(t, err)
			for _, value := range []*string{a.Email, &a.Name} {
				if value == nil || *value == "" {
					continue
				}
				if other := owners[*value]; other != "" {
					t.Errorf("%s belongs to %s and to %s", *value, other, a.ID)
				}
				owners[*value] = a.ID
			}
			if a.Email == nil {
				continue
			}
			if by, err := accounts.GetByEmail(t.Context(), *a.Email); err != nil || by.ID != a.ID {
				t.Errorf("GetByEmail(%s) = %+v, %v, want %s", *a.Email, by, err, a.ID)
			}
		}
		check(t, client)
	})
}

// The value of a record that has expired is free at once, and a sweep leaves nothing of
// it; after an hour it is forgotten too which claims were given up.
func TestClaimsExpire(t *testing.T) {
	eachClock(t, func(t *testing.T, client *repo.Client, advance func(time.Duration)) {
		tickets := places.NewTickets(client)
		var all []*places.Ticket
		for i := range 1000 {
			all = append(all, &places.Ticket{ID: fmt.Sprint(i), Code: fmt.Sprint("code", i)})
		}
		must(t, tickets.CreateMany(t.Context(), all))
		must(t, tickets.SaveMany(t.Context(), all)) // changes nothing
		wantErr(t, "Create of what is there", tickets.Create(t.Context(), &places.Ticket{ID: "7", Code: "code7"}), repo.ErrExists)
		wantErr(t, "Create with a code that is taken", tickets.Create(t.Context(), &places.Ticket{ID: "x", Code: "code7"}), repo.ErrUnique)
		advance(time.Hour + time.Millisecond)
		for i := range 10 {
			must(t, tickets.Create(t.Context(), &places.Ticket{ID: fmt.Sprint("next", i), Code: fmt.Sprint("code", i)}))
			if got, err := tickets.GetByCode(t.Context(), fmt.Sprint("code", i)); err != nil || got.ID != fmt.Sprint("next", i) {
				t.Errorf("GetByCode = %+v, %v", got, err)
			}
		}
		_, err := tickets.GetByCode(t.Context(), "code50")
		wantErr(t, "GetBy of what has expired", err, repo.ErrNotFound)
		check(t, client)
		if n, err := tickets.Where().Count(t.Context()); n != 10 || err != nil {
			t.Errorf("Count = %d, %v, want 10", n, err)
		}
		advance(time.Hour + time.Millisecond)
		check(t, client)
		advance(time.Hour)
		must(t, client.Sweep(t.Context()))
		if left := keys(t, client); len(left) > 0 {
			t.Errorf("%d keys are left: %q", len(left), left[:min(10, len(left))])
		}
	})
}

// A record whose expiry is past when it is written gives up its value at once.
func TestClaimOfWhatHasExpiredAlready(t *testing.T) {
	eachClock(t, func(t *testing.T, client *repo.Client, advance func(time.Duration)) {
		tickets := places.NewTickets(client)
		for _, id := range []string{"1", "2", "3"} { // each claims the value of the one before
			must(t, tickets.Create(t.Context(), &places.Ticket{ID: id, Code: "c"}, repo.ExpireAt(time.Unix(1, 0))))
			_, err := tickets.Get(t.Context(), id)
			wantErr(t, "Get", err, repo.ErrNotFound)
		}
		if n, err := tickets.Where().Count(t.Context()); n != 0 || err != nil {
			t.Errorf("Count = %d, %v", n, err)
		}
		check(t, client)
		if left := claims(t, client); len(left) > 0 {
			t.Errorf("left %q", left)
		}
	})
}

// What a record gives up is its own again, also if no time has passed.
func TestValueThatIsGivenUpAndTakenBack(t *testing.T) {
	eachClock(t, func(t *testing.T, client *repo.Client, advance func(time.Duration)) {
		accounts, f := places.NewAccounts(client), places.AccountFields
		must(t, accounts.Create(t.Context(), &places.Account{ID: "1", Email: new("a")}))
		for _, sweep := range []bool{false, true, false} {
			must(t, accounts.Patch(t.Context(), "1", f.Email.Set("b")))
			if sweep {
				must(t, client.Sweep(t.Context()))
			}
			must(t, accounts.Patch(t.Context(), "1", f.Email.Set("a")))
			must(t, accounts.Delete(t.Context(), "1"))
			if sweep {
				must(t, client.Sweep(t.Context()))
			}
			must(t, accounts.Create(t.Context(), &places.Account{ID: "1", Email: new("a")}))
		}
		check(t, client)
	})
}

// A write that the server refuses leaves no claim behind.
func TestClaimsOfWritesThatFail(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		accounts := places.NewAccounts(client)
		tag := placement.Tag("accounts", placement.Shard("1", 16), 16)
		key := client.Prefix() + "{" + tag + "}:s:age"
		must(t, testclient.Admin(client).Set(t.Context(), key, "foreign", 0).Err())
		if err := accounts.Create(t.Context(), &places.Account{ID: "1", Email: new("a"), Name: "n"}); err == nil {
			t.Error("Create succeeded")
		}
		var many *repo.ManyError
		err := accounts.SaveMany(t.Context(), []*places.Account{{ID: "1", Email: new("b")}})
		if !errors.As(err, &many) {
			t.Errorf("SaveMany: %v", err)
		}
		if left := claims(t, client); len(left) > 0 {
			t.Errorf("left %q", left)
		}
	})
}

// A value that one record of a call gives up is that of a later one, in its order; but
// not of an earlier one that is to have it as well.
func TestValuesThatPassWithinACall(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		accounts := places.NewAccounts(client)
		var list []*places.Account
		for i := range 20 {
			list = append(list, &places.Account{ID: fmt.Sprint(i), Email: new(fmt.Sprint("e", i)), Name: fmt.Sprint("n", i)})
		}
		must(t, accounts.CreateMany(t.Context(), list))
		for i, a := range list { // each takes what the one before has
			*a.Email, a.Name = fmt.Sprint("e", i-1), fmt.Sprint("n", i-1)
		}
		must(t, accounts.SaveMany(t.Context(), list))
		for i, a := range list {
			if got, err := accounts.GetByEmail(t.Context(), fmt.Sprint("e", i-1)); err != nil || got.ID != a.ID || got.Name != a.Name {
				t.Errorf("GetByEmail(e%d) = %+v, %v", i-1, got, err)
			}
		}
		// In a ring nobody can begin.
		*list[0].Email, *list[1].Email = *list[1].Email, *list[0].Email
		err := accounts.SaveMany(t.Context(), list[:2])
		var many *repo.ManyError
		if !errors.As(err, &many) || !errors.Is(many.Errs[0], repo.ErrUnique) || !errors.Is(many.Errs[1], repo.ErrUnique) {
			t.Errorf("SaveMany of a ring: %v", err)
		}
		// Of those that are to have the same the first gets it that can.
		first := &places.Account{ID: "first", Email: new("same"), Name: list[5].Name}
		second := &places.Account{ID: "second", Email: new("same"), Name: "same"}
		third := &places.Account{ID: "third", Email: new("other"), Name: "same"}
		err = accounts.CreateMany(t.Context(), []*places.Account{first, second, third})
		var unique *repo.UniqueError
		if !errors.As(err, &many) || !errors.Is(many.Errs[0], repo.ErrUnique) || many.Errs[1] != nil || !errors.As(many.Errs[2], &unique) || unique.Owner != "second" {
			t.Errorf("CreateMany: %v", err)
		}
		check(t, client)
	})
}

// What a batch has claimed for a record that a fence keeps out is free at once.
func TestFencedBatchLeavesNoClaim(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		email := "one@example.com"
		late, early := client.WithFence(repo.Fence{Name: "l", Token: 2}), client.WithFence(repo.Fence{Name: "l", Token: 1})
		must(t, places.NewAccounts(late).Create(t.Context(), &places.Account{ID: "a"}))
		b := early.Batch()
		places.NewAccounts(early).In(b).Create(&places.Account{ID: "a", Email: &email})
		wantErr(t, "Batch", b.Run(t.Context()), repo.ErrFenced)
		must(t, client.Sweep(t.Context()))
		if left := claims(t, client); len(left) > 0 {
			t.Errorf("claims are left: %q", left)
		}
		check(t, client)
	})
}
