package behaviour

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/uuid"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// makeSessions stores n sessions that expire at the same time, some of them
// for each user.
func makeSessions(t *testing.T, sessions *app.Sessions, n int) []*app.Session {
	t.Helper()
	all := make([]*app.Session, n)
	for i := range all {
		all[i] = &app.Session{
			UserID: fmt.Sprint("user", i%10), Hits: uint32(i % 3), Device: fmt.Sprint("device", i), Origin: "o",
			LastSeen: time.Unix(int64(i), 0),
		}
	}
	must(t, sessions.CreateMany(t.Context(), all, repo.Parallel(2)))
	return all
}

// wantAllGone fails the test if anything but the leftovers themselves shows
// that there were sessions.
func wantAllGone(t *testing.T, sessions *app.Sessions, all []*app.Session) {
	t.Helper()
	f := app.SessionFields
	for i := 0; i < len(all); i += 1 + len(all)/50 {
		s := all[i]
		_, err := sessions.Get(t.Context(), s.ID)
		wantErr(t, "Get", err, repo.ErrNotFound)
		_, err = sessions.GetByDeviceAndOrigin(t.Context(), s.Device, s.Origin)
		wantErr(t, "GetBy", err, repo.ErrNotFound)
		wantErr(t, "Patch", sessions.Patch(t.Context(), s.ID, f.Hits.Add(1)), repo.ErrNotFound)
		if ok, err := sessions.Exists(t.Context(), s.ID); ok || err != nil {
			t.Errorf("Exists = %v, %v", ok, err)
		}
	}
	for name, q := range map[string]*repo.Query[*app.Session, uuid.UUID]{
		"user": sessions.Where(f.UserID.Eq("user3")), "hits": sessions.Where(f.Hits.Eq(2)),
		"user, by time": sessions.Where(f.UserID.Eq("user4")).OrderBy(f.LastSeen.Desc()),
		"unique":        sessions.Where(f.Device.Eq(all[1].Device), f.Origin.Eq("o")),
	} {
		page, err := q.Limit(10).Page(t.Context())
		if err != nil || len(page.Items) > 0 || page.Next != "" {
			t.Errorf("by %s: a page of %d sessions, next %q, %v", name, len(page.Items), page.Next, err)
		}
	}
}

// The moment they expire, 50,000 sessions are gone from everything that a
// caller can see, and the sweep gives back the memory without looking for keys.
func TestFiftyThousandSessionsExpire(t *testing.T) {
	const n = 50_000
	d := deployed(t, testclient.Start(t, redisd.Clock()))
	client := openOn(t, d, repo.Config{SweepInterval: -1, ReadTimeout: time.Minute}) // the machine may be busy
	sessions, f := app.NewSessions(client), app.SessionFields
	all := makeSessions(t, sessions, n)
	keeper := &app.Session{UserID: "user3", Hits: 2}
	must(t, sessions.Create(t.Context(), keeper, repo.NoTTL()))
	wantCount(t, "before", sessions.Where(), n+1)
	wantCount(t, "before, by user", sessions.Where(f.UserID.Eq("user3")), n/10+1)

	d.Advance(time.Hour + time.Millisecond)
	left := int64(0)
	for _, space := range layout.Spaces("sessions") {
		left += raw(client).ZCard(t.Context(), client.Prefix()+space+"x").Val()
	}
	if left < n*9/10 {
		t.Fatalf("the ledger has %d entries: something has swept already", left)
	}
	again := &app.Session{UserID: "again", Device: all[5].Device, Origin: "o"}
	must(t, sessions.Create(t.Context(), again)) // the claim is free at once
	if got, err := sessions.GetByDeviceAndOrigin(t.Context(), again.Device, "o"); err != nil || got.ID != again.ID {
		t.Errorf("GetBy = %v, %v", got, err)
	}
	page, err := sessions.Where(f.UserID.Eq("user3")).Page(t.Context())
	if err != nil || len(page.Items) != 1 || page.Items[0].ID != keeper.ID {
		t.Errorf("Page = %+v, %v, want the one that lives", page, err)
	}
	must(t, sessions.Delete(t.Context(), keeper.ID))
	must(t, sessions.Delete(t.Context(), again.ID))
	wantAllGone(t, sessions, all)
	sweeping := openOn(t, d, repo.Config{Prefix: client.Prefix(), SweepInterval: 10 * time.Millisecond})
	app.NewSessions(sweeping)
	notes := int64(0)
	if layout.Sharded("sessions") {
		notes = 1                // where records are
		d.Advance(2 * time.Hour) // after which it is forgotten which claims were given up
	}
	eventually(t, "nothing is left in memory", func() bool { return raw(client).DBSize(t.Context()).Val() == notes })
	must(t, sweeping.Close())

	// A count is exact before any sweep too, and leaves nothing to sweep.
	makeSessions(t, sessions, n/10)
	d.Advance(time.Hour + time.Millisecond)
	wantCount(t, "after, by hits", sessions.Where(f.Hits.Eq(1)), 0)
	wantCount(t, "after", sessions.Where(), 0)
	if layout.Sharded("sessions") { // but for claims
		d.Advance(2 * time.Hour)
		must(t, client.Sweep(t.Context()))
	}
	if left := raw(client).DBSize(t.Context()).Val(); left != notes {
		t.Errorf("%d keys are left", left)
	}
	stats := commands(t, raw(client))
	for _, command := range []string{"scan", "keys", "hscan", "zscan", "sscan"} {
		if strings.Contains(stats, "cmdstat_"+command+":") {
			t.Errorf("%s was called", command)
		}
	}
}

// In virtual time: expiry is exact to the millisecond, before any sweep.
func TestExpiryToTheMillisecond(t *testing.T) {
	eachClock(t, func(t *testing.T, client *repo.Client, advance func(time.Duration)) {
		sessions := app.NewSessions(client)
		s := &app.Session{UserID: "u", Device: "d", Origin: "o"}
		must(t, sessions.Create(t.Context(), s))
		advance(time.Hour - 20*time.Second)
		if _, err := sessions.Get(t.Context(), s.ID); err != nil {
			t.Errorf("Get before the expiry: %v", err)
		}
		wantCount(t, "before the expiry", sessions.Where(app.SessionFields.UserID.Eq("u")), 1)
		wantErr(t, "Create with a value that is taken", sessions.Create(t.Context(), &app.Session{Device: "d", Origin: "o"}), repo.ErrUnique)
		advance(20*time.Second + time.Millisecond)
		wantCount(t, "after the expiry", sessions.Where(app.SessionFields.UserID.Eq("u")), 0)
		must(t, sessions.Create(t.Context(), &app.Session{Device: "d", Origin: "o"}))
	})
}

// The new owner of an expired session's key or value keeps what is its own
// when the leftovers of the old one are swept.
func TestSweepSparesTheNewOwner(t *testing.T) {
	eachClock(t, func(t *testing.T, client *repo.Client, advance func(time.Duration)) {
		sessions, f := app.NewSessions(client), app.SessionFields
		all := makeSessions(t, sessions, 30)
		advance(time.Hour + time.Millisecond)
		var want []string
		for i, s := range all[:20] {
			next := &app.Session{UserID: "next", Device: s.Device, Origin: "o"}
			if i%2 == 0 {
				next.ID = s.ID
			}
			must(t, sessions.Create(t.Context(), next, repo.TTL(2*time.Hour)))
			want = append(want, next.ID.String())
		}
		wantCount(t, "all", sessions.Where(), 20) // releases the leftovers
		var got []string
		for _, s := range list(t, sessions.Where(f.UserID.Eq("next"))) {
			got = append(got, s.ID.String())
			if by, err := sessions.GetByDeviceAndOrigin(t.Context(), s.Device, "o"); err != nil || by.ID != s.ID {
				t.Errorf("GetBy = %v, %v", by, err)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("sessions are %q, want %q", got, want)
		}
		for _, old := range all {
			wantCount(t, "by the old user", sessions.Where(f.UserID.Eq(old.UserID)), 0)
		}
		advance(2*time.Hour + time.Millisecond)
		wantCount(t, "all", sessions.Where(), 0)
		wantEmpty(t, client)
	})
}

// An expiry that another program has changed holds.
func TestExpiryChangedByAnotherHand(t *testing.T) {
	eachClock(t, func(t *testing.T, client *repo.Client, advance func(time.Duration)) {
		sessions, f := app.NewSessions(client), app.SessionFields
		longer, forever, shorter := &app.Session{UserID: "u"}, &app.Session{UserID: "u"}, &app.Session{UserID: "u"}
		must(t, sessions.CreateMany(t.Context(), []*app.Session{longer, forever, shorter}))
		key := func(s *app.Session) string { return recordKey(client, "sessions", s.ID.String()) }
		must(t, raw(client).PExpire(t.Context(), key(longer), 3*time.Hour).Err())
		must(t, raw(client).Persist(t.Context(), key(forever)).Err())
		must(t, raw(client).PExpire(t.Context(), key(shorter), time.Minute).Err())
		advance(2 * time.Minute)
		if got := list(t, sessions.Where(f.UserID.Eq("u"))); len(got) != 2 {
			t.Errorf("%d sessions are left after two minutes, want 2", len(got))
		}
		advance(time.Hour)
		wantCount(t, "after an hour", sessions.Where(f.UserID.Eq("u")), 2)
		advance(2 * time.Hour)
		wantCount(t, "after three hours", sessions.Where(f.UserID.Eq("u")), 1)
		must(t, sessions.Delete(t.Context(), forever.ID))
		wantEmpty(t, client)
	})
}

// buffered is a connection that takes what is written before it is read, as those
// of a kernel do.
type buffered struct {
	net.Conn
	out    chan []byte
	closed chan struct{}
	once   sync.Once
}

func buffer(conn net.Conn) net.Conn {
	b := &buffered{Conn: conn, out: make(chan []byte, 1000), closed: make(chan struct{})}
	go func() {
		for {
			select {
			case p := <-b.out:
				_, _ = conn.Write(p)
			case <-b.closed:
				return
			}
		}
	}()
	return b
}

func (b *buffered) Write(p []byte) (int, error) {
	select {
	case b.out <- slices.Clone(p):
		return len(p), nil
	case <-b.closed:
		return 0, net.ErrClosed
	}
}

func (b *buffered) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.Conn.Close()
}

// The sweeper gives memory back by itself, in time that does not pass here.
func TestSweeper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := miniredis.NewMiniRedis()
		server.ClockTTL(true)
		defer server.Close()
		config := repo.Config{Addrs: []string{"embedded:0"}, Dialer: func(context.Context, string, string) (net.Conn, error) {
			conn, err := server.Dial()
			return buffer(conn), err
		}}
		client, err := repo.Open(t.Context(), config)
		must(t, err)
		sessions, tokens := app.NewSessions(client), app.NewTokens(client)
		all := makeSessions(t, sessions, 300)
		must(t, tokens.Create(t.Context(), &app.Token{Number: 1, UserID: "u"}))

		time.Sleep(10*time.Minute - time.Second)
		wantCount(t, "tokens", tokens.Where(), 1)
		time.Sleep(3 * time.Second)
		for _, key := range server.Keys() {
			if strings.Contains(key, "{tokens") && !isNote(key) {
				t.Errorf("%s is left two seconds after the expiry", key)
			}
		}
		time.Sleep(50*time.Minute - 3*time.Second)
		if _, err := sessions.Get(t.Context(), all[0].ID); err != nil {
			t.Errorf("Get before the expiry: %v", err)
		}
		time.Sleep(time.Second + time.Millisecond)
		wantAllGone(t, sessions, all)
		time.Sleep(3 * time.Second)
		if keys := slices.DeleteFunc(server.Keys(), isNote); len(keys) > 0 {
			t.Errorf("left two seconds after the expiry: %q", keys)
		}
		must(t, client.Close())
	})
}
