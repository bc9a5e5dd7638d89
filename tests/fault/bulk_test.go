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

// writing matches the calls that change records in this way.
func writing(op string) faultproxy.Match {
	return func(args []string) bool { return scripts(args) && slices.Contains(args, op) }
}

// batch is how many users a Patch or Delete by query writes at a time.
const batch = 40

// eachLoss runs a test for each way to lose a call; effects is how often one
// that is lost takes effect.
func eachLoss(t *testing.T, test func(t *testing.T, f fixture, lose func(match faultproxy.Match, nth int), effects int)) {
	t.Helper()
	for name, loss := range map[string]struct {
		arm     func(p *faultproxy.Proxy, match faultproxy.Match, nth ...int)
		effects int
	}{
		"reply lost": {(*faultproxy.Proxy).DropReply, 1}, "reply held": {(*faultproxy.Proxy).HoldReply, 1}, "request lost": {(*faultproxy.Proxy).DropRequest, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t, repo.Config{ReadTimeout: 400 * time.Millisecond})
			test(t, f, func(match faultproxy.Match, nth int) {
				f.proxy.Reset()
				loss.arm(f.proxy, match, nth)
			}, loss.effects)
		})
	}
}

// A lost reply ends a Patch by query with ErrUncertain; the cursor of its
// progress goes on with the batch of which nobody knows, and in the end all are
// patched.
func TestPatchByQueryWithLostReplies(t *testing.T) {
	eachLoss(t, func(t *testing.T, f fixture, lose func(faultproxy.Match, int), effects int) {
		population(t, f, 350)
		users, direct, fields := app.NewUsers(f.client), app.NewUsers(f.direct), app.UserFields
		q := users.Where(fields.Status.Eq(app.Active)).OrderBy(fields.CreatedAt.Asc()) // 233 of 350
		_, err := q.Patch(t.Context(), fields.Nickname.Set("n0"))                      // tells the server the script
		must(t, err)
		for nth := 1; nth <= 3; nth++ { // the batch that is lost
			name := fmt.Sprint("n", nth)
			patched := direct.Where(fields.Nickname.Eq(name))
			lose(writing("patch"), nth)
			done, err := q.Patch(t.Context(), fields.Nickname.Set(name))
			if !errors.Is(err, repo.ErrUncertain) || done.Done != int64(batch*(nth-1)) || (done.Cursor == "") != (nth == 1) {
				t.Fatalf("batch %d: %+v, %v", nth, done, err)
			}
			wantStored(t, "patched", patched, min(batch*(nth-1+effects), 233))
			rest, err := q.After(done.Cursor).Patch(t.Context(), fields.Nickname.Set(name))
			if err != nil || rest.Done != 233-done.Done || rest.Cursor != "" {
				t.Errorf("behind batch %d: %+v, %v", nth, rest, err)
			}
			wantStored(t, "patched in the end", patched, 233)
		}
		wantStored(t, "all", direct.Where(), 350)
	})
}

// The same of Delete, which goes on with what is left.
func TestDeleteByQueryWithLostReplies(t *testing.T) {
	eachLoss(t, func(t *testing.T, f fixture, lose func(faultproxy.Match, int), effects int) {
		users, direct, fields := app.NewUsers(f.client), app.NewUsers(f.direct), app.UserFields
		active, q := direct.Where(fields.Status.Eq(app.Active)), users.Where(fields.Status.Eq(app.Active))
		for nth := 1; nth <= 3; nth++ {
			population(t, f, 350) // its own deletion tells the server the script
			lose(writing("delete"), nth)
			done, err := q.Delete(t.Context())
			if !errors.Is(err, repo.ErrUncertain) || done.Done != int64(batch*(nth-1)) {
				t.Fatalf("batch %d: %+v, %v", nth, done, err)
			}
			left := max(233-batch*(nth-1+effects), 0)
			wantStored(t, "left", active, left)
			rest, err := q.After(done.Cursor).Delete(t.Context())
			if err != nil || rest != (repo.Progress{Done: int64(left)}) {
				t.Errorf("behind batch %d: %+v, %v", nth, rest, err)
			}
			wantStored(t, "left in the end", active, 0)
			wantStored(t, "the others", direct.Where(), 117)
		}
	})
}

// stored returns how many records a query finds.
func stored(t *testing.T, q *repo.Query[*app.User, string]) int {
	t.Helper()
	n, err := q.Count(context.Background())
	must(t, err)
	return int(n)
}

func wantStored(t *testing.T, what string, q *repo.Query[*app.User, string], n int) {
	t.Helper()
	if got := stored(t, q); got != n {
		t.Errorf("%s: %d records, want %d", what, got, n)
	}
}

// Of an entity with the retry option, a Patch by query whose replies are lost is
// sent again, and each record is changed once, also if it then no longer meets
// the condition.
func TestBulkPatchesTakeEffectOnce(t *testing.T) {
	t.Logf("to repeat: -seed=%d", *seed)
	random := rand.New(rand.NewPCG(*seed, 4))
	server := testclient.Start(t, redisd.Clock())
	f := setupOn(t, server, repo.Config{MaxRetries: 10})
	wallets, direct, cents := app.NewWallets(f.client), app.NewWallets(f.direct), app.WalletFields.Cents
	var list []*app.Wallet
	for i := range 250 {
		list = append(list, &app.Wallet{ID: fmt.Sprint(i), Owner: fmt.Sprint(i)})
	}
	must(t, direct.CreateMany(t.Context(), list))
	_, err := direct.Where().Patch(t.Context(), cents.Add(0)) // tells the server the script
	must(t, err)
	total := int64(0)
	for round := range int64(20) {
		server.Advance(time.Second) // the write before is not the one that was lost
		f.proxy.Reset()
		for n := range 3 + random.IntN(4) {
			arm := []func(faultproxy.Match, ...int){f.proxy.DropReply, f.proxy.DropRequest}[random.IntN(2)]
			arm(scripts, 2*n+1+random.IntN(2))
		}
		q := wallets.Where(cents.Lt(1_000_000))
		if round%2 == 1 {
			q = wallets.Where(cents.Lte(total)) // no longer met by what is patched
		}
		done, err := q.Patch(t.Context(), cents.Add(round+1))
		total += round + 1
		if err != nil || done.Done != 250 || done.Cursor != "" {
			t.Fatalf("round %d: %+v, %v", round, done, err)
		}
		for w, err := range direct.Where().All(t.Context()) {
			if err != nil || w.Cents != total || w.Version != int(round)+3 {
				t.Fatalf("round %d: %+v, %v; want %d cents", round, w, err, total)
			}
		}
	}
}
