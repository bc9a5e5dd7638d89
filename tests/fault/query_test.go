package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// population stores n users in place of user 7: five ages, every third blocked,
// every second with a tag.
func population(t *testing.T, f fixture, n int) {
	t.Helper()
	users := app.NewUsers(f.direct)
	if _, err := users.Where().Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	var list []*app.User
	for i := range n {
		u := &app.User{ID: fmt.Sprintf("%03d", i), Username: fmt.Sprint("name", i), Status: app.Active, Age: i % 5, Balance: float64(i)}
		if i%3 == 0 {
			u.Status = app.Blocked
		}
		if i%2 == 0 {
			u.Tags = []string{"even"}
		}
		list = append(list, u)
	}
	must(t, users.CreateMany(t.Context(), list))
}

// walks returns queries that go through many users in different ways.
func walks(client *repo.Client) map[string]*repo.Query[*app.User, string] {
	users, f := app.NewUsers(client), app.UserFields
	return map[string]*repo.Query[*app.User, string]{
		"all":        users.Where(),
		"ties":       users.Where().OrderBy(f.Age.Desc()),
		"filtered":   users.Where(f.Status.Not(app.Blocked), f.Balance.Gt(20)).OrderBy(f.CreatedAt.Desc()),
		"merged":     users.Where(f.Age.In(1, 2, 4)).OrderBy(f.Age.Asc()),
		"sorted":     users.Where(f.Age.Eq(3)).OrderBy(f.Balance.Desc()),
		"two orders": users.Where(repo.Or(f.Age.Lt(2), f.Tags.Has("even"))),
	}
}

// reading matches the calls that read pages, of scripts and of plain commands.
var reading = faultproxy.Command("evalsha", "eval", "hmget", "zrangebyscore", "zrevrangebyscore", "zrangebylex", "zrevrangebylex")

// collect returns the ids of all records of a query, up to an error.
func collect(ctx context.Context, q *repo.Query[*app.User, string]) (ids []string, err error) {
	for u, err := range q.All(ctx) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, u.ID)
	}
	return ids, nil
}

// Whatever happens to replies and requests between the pages, and to a page
// itself: the pages together have each record once, in order. Where nothing is
// sent again, asking for the page once more goes on.
func TestPagesThroughFaults(t *testing.T) {
	for name, retries := range map[string]int{"retries": 3, "no retries": -1} {
		t.Run(name, func(t *testing.T) {
			t.Logf("to repeat: -seed=%d", *seed)
			random := rand.New(rand.NewPCG(*seed, 3))
			var cut cutter
			f := setup(t, repo.Config{Dialer: cut.dial, MaxRetries: retries})
			population(t, f, 300)
			failed := 0
			for name, q := range walks(f.client) {
				want, err := collect(t.Context(), walks(f.direct)[name])
				must(t, err)
				var got []string
				for q = q.Limit(1 + random.IntN(40)); ; {
					f.proxy.Reset()
					switch random.IntN(5) {
					case 0:
						f.proxy.DropReply(reading, 1, 1+random.IntN(3))
					case 1:
						f.proxy.DropRequest(reading, 1, 1+random.IntN(3))
					case 2, 3:
						cut.arm(random.IntN(4000))
					}
					page, err := q.Page(t.Context())
					cut.armed.Store(false)
					if err != nil {
						failed++
						if retries > 0 || errors.Is(err, repo.ErrUncertain) || page.Items != nil || page.Next != "" || page.Prev != "" {
							t.Fatalf("%s: %v, with %+v", name, err, page)
						}
						continue
					}
					for _, u := range page.Items {
						got = append(got, u.ID)
					}
					if page.Next == "" {
						break
					}
					q = q.After(page.Next)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if retries < 0 && failed == 0 {
				t.Error("no page failed")
			}
		})
	}
}

// All goes on through faults as long as calls may be sent again. If they may
// not, what it has yielded before its error is the beginning of what there is.
func TestAllThroughFaults(t *testing.T) {
	for name, retries := range map[string]int{"retries": 3, "no retries": -1} {
		t.Run(name, func(t *testing.T) {
			f := setup(t, repo.Config{MaxRetries: retries})
			population(t, f, 450)
			for name, q := range walks(f.client) {
				want, err := collect(t.Context(), walks(f.direct)[name])
				must(t, err)
				f.proxy.Reset()
				f.proxy.DropReply(reading, 1, 3, 4)
				f.proxy.DropRequest(reading, 6)
				got, err := collect(t.Context(), q)
				switch {
				case retries > 0 && (err != nil || !slices.Equal(got, want)):
					t.Errorf("%s: %d of %d records, %v", name, len(got), len(want), err)
				case retries < 0 && (err == nil || errors.Is(err, repo.ErrUncertain) || len(got) >= len(want) || !slices.Equal(got, want[:len(got)])):
					t.Errorf("%s: %q of %q, %v", name, got, want, err)
				}
			}
		})
	}
}

// A context that ends while All is under way ends it: with an error, after
// records that were read already, and without waiting for a silent server.
func TestAllIsCancelled(t *testing.T) {
	const timeout = 30 * time.Second
	f := setup(t, repo.Config{ReadTimeout: timeout})
	population(t, f, 450)
	q := app.NewUsers(f.client).Where()

	ctx, cancel := context.WithCancel(t.Context())
	n, last := 0, error(nil)
	for _, err := range q.All(ctx) {
		if last != nil {
			t.Errorf("something came after the error %v", last)
		}
		if last = err; err != nil {
			continue
		}
		if n++; n == 150 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) || n != 200 {
		t.Errorf("cancelled: %d records, %v", n, last)
	}

	f.proxy.Reset()
	ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	n, last = 0, nil
	for _, err := range q.All(ctx) {
		if last = err; err != nil {
			continue
		}
		if n++; n == 200 { // a page ends here
			f.proxy.HoldReply(reading)
		}
	}
	if took := time.Since(start); took > timeout/3 {
		t.Errorf("a deadline of 300 ms took %v", took)
	}
	if last == nil || errors.Is(last, repo.ErrUncertain) || ctx.Err() == nil || n != 200 {
		t.Errorf("deadline: %d records, %v", n, last)
	}

	f.proxy.Reset()
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if got, err := collect(ctx, q); !errors.Is(err, context.Canceled) || len(got) > 0 || len(f.proxy.Counts()) > 0 {
		t.Errorf("a context that has ended: %d records, %v, %v", len(got), err, f.proxy.Counts())
	}
}

// A server that restarts between two pages, or two batches, has lost the scripts
// and all connections; the walk goes on.
func TestRestartInTheMiddle(t *testing.T) {
	server := redisd.Start(t, redisd.AOF())
	client := open(t, server.Addr(), repo.Config{MaxRetries: 20, SweepInterval: -1, MinRetryBackoff: time.Millisecond, MaxRetryBackoff: 4 * time.Millisecond})
	f := fixture{client: client, direct: client}
	population(t, f, 350)
	users, fields := app.NewUsers(f.client), app.UserFields

	want, err := collect(t.Context(), users.Where().OrderBy(fields.Age.Asc()))
	must(t, err)
	var got []string
	for u, err := range users.Where().OrderBy(fields.Age.Asc()).All(t.Context()) {
		must(t, err)
		if got = append(got, u.ID); len(got) == 150 {
			server.Restart()
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("All: %q, want %q", got, want)
	}

	batches := 0
	done, err := users.Where(fields.Age.Gte(0)).OnProgress(func(repo.Progress) {
		if batches++; batches == 2 {
			server.Restart()
		}
	}).Patch(t.Context(), fields.Logins.Add(1))
	if err != nil || done != (repo.Progress{Done: 350}) {
		t.Errorf("Patch: %+v, %v", done, err)
	}
	for u, err := range app.NewUsers(f.direct).Where().All(t.Context()) {
		if err != nil || u.Logins != 1 {
			t.Fatalf("after the patch: %+v, %v", u, err)
		}
	}
}

// Scripts that a server forgets just before a call are sent to it again, and the
// call takes effect once.
func TestScriptsForgottenInTheMiddle(t *testing.T) {
	f := setupOn(t, testclient.Start(t), repo.Config{MaxRetries: -1})
	population(t, f, 250)
	users, fields := app.NewUsers(f.client), app.UserFields
	f.proxy.Reset()
	flushes := 0
	f.proxy.DropReply(func(args []string) bool {
		if faultproxy.Command("evalsha")(args) {
			flushes++
			must(t, f.admin.ScriptFlush(context.Background()).Err())
		}
		return false
	})
	want, err := collect(t.Context(), users.Where())
	if err != nil || len(want) != 250 {
		t.Errorf("All: %d records, %v", len(want), err)
	}
	done, err := users.Where(fields.Age.Gte(0)).Patch(t.Context(), fields.Logins.Add(1))
	if err != nil || done.Done != 250 || flushes < 6 {
		t.Errorf("Patch: %+v, %v; %d times the scripts were forgotten", done, err, flushes)
	}
	for u, err := range users.Where().All(t.Context()) {
		if err != nil || u.Logins != 1 {
			t.Fatalf("after the patch: %+v, %v", u, err)
		}
	}
}

// A replica answers queries. It leaves out what has no record, and leaves it to
// the primary to remove the entries.
func TestQueriesOfAReplica(t *testing.T) {
	f := setupOn(t, testclient.Start(t), repo.Config{MaxRetries: 1})
	population(t, f, 300)
	rdb := f.admin
	for i := range 10 {
		must(t, rdb.Del(t.Context(), fmt.Sprintf("%s{users}:r:%03d", f.direct.Prefix(), 250+i)).Err())
	}
	q := app.NewUsers(f.client).Where().OrderBy(app.UserFields.Balance.Asc()).Limit(100)
	must(t, rdb.Do(t.Context(), "replicaof", "127.0.0.1", "1").Err())
	first, err := q.Page(t.Context())
	if err != nil || len(first.Items) != 100 {
		t.Fatalf("a page without missing records: %d, %v", len(first.Items), err)
	}
	second, err := q.After(first.Next).Page(t.Context())
	if err != nil || len(second.Items) != 100 {
		t.Fatalf("a page without missing records: %d, %v", len(second.Items), err)
	}
	if page, err := q.After(second.Next).Page(t.Context()); err != nil || len(page.Items) != 90 || page.Next != "" {
		t.Errorf("a page with missing records: %d, %v", len(page.Items), err)
	}
	if got := f.client.Stats().Repaired; got != 0 {
		t.Errorf("%d entries removed by a replica", got)
	}
	if n, err := q.Count(t.Context()); err != nil || n != 300 {
		t.Errorf("Count, by the index: %d, %v", n, err)
	}
	must(t, rdb.Do(t.Context(), "replicaof", "no", "one").Err())
	third, err := q.After(second.Next).Page(t.Context())
	if err != nil || len(third.Items) != 90 || third.Next != "" || third.Items[89].ID != "299" {
		t.Errorf("of the primary: %d records, %v", len(third.Items), err)
	}
	if got := f.client.Stats().Repaired; got != 10 {
		t.Errorf("%d entries removed, want 10", got)
	}
}
