package tframex_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
)

func TestSessions(t *testing.T) {
	bubble(t, tframex.StoreOptions{SessionTTL: 10 * time.Minute}, func(t *testing.T, s *tframex.Store) {
		ctx := t.Context()
		session := &tframex.Session{UserID: "ann", Data: map[string]any{"theme": "dark"}}
		must(t, s.CreateSession(ctx, session))
		if len(session.SessionID) < 26 || !session.IsActive || !session.ExpiresAt.Equal(time.Now().Add(10*time.Minute)) {
			t.Errorf("created %+v", session)
		}
		for range 5 { // each use has it live on
			time.Sleep(9 * time.Minute)
			got, err := s.GetSession(ctx, session.SessionID)
			must(t, err)
			stored, err := s.Sessions.Get(ctx, session.SessionID)
			must(t, err)
			for _, one := range []*tframex.Session{got, stored} {
				if !one.LastActivity.Equal(time.Now()) || !one.ExpiresAt.Equal(time.Now().Add(10*time.Minute)) || one.Data["theme"] != "dark" {
					t.Errorf("used at %v: %+v", time.Now(), one)
				}
			}
			if ttl, err := s.Sessions.TTL(ctx, session.SessionID); ttl != 10*time.Minute || err != nil {
				t.Errorf("lives for %v, %v", ttl, err)
			}
		}
		time.Sleep(10*time.Minute + time.Second)
		_, err := s.GetSession(ctx, session.SessionID)
		wantError(t, err, repo.ErrNotFound)
		if n, err := s.SessionsOf("ann").Count(ctx); n != 0 || err != nil {
			t.Errorf("%d sessions, %v", n, err)
		}
		must(t, s.CleanUp(ctx))
		if keys := s.Client().Redis().Keys(ctx, "*i:user_id*").Val(); len(keys) != 0 {
			t.Errorf("left in memory: %v", keys)
		}
	})
}

// A session that lives longer than others, or is not active, keeps its expiry.
func TestSessionsKeepTheirExpiry(t *testing.T) {
	bubble(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		ctx, month := t.Context(), time.Now().Add(30*24*time.Hour)
		long := &tframex.Session{SessionID: "long", UserID: "ann", ExpiresAt: month}
		short := &tframex.Session{SessionID: "short", UserID: "ann", ExpiresAt: time.Now().Add(time.Minute)}
		off := &tframex.Session{SessionID: "off", UserID: "ann", ExpiresAt: time.Now().Add(time.Minute)}
		for _, session := range []*tframex.Session{long, short, off} {
			must(t, s.CreateSession(ctx, session))
		}
		must(t, s.Sessions.Create(ctx, &tframex.Session{SessionID: "ever", UserID: "ann", IsActive: true}, repo.NoTTL()))
		must(t, s.Sessions.Patch(ctx, "off", tframex.SessionFields.IsActive.Set(false)))
		for id, want := range map[string]time.Time{"long": month, "short": time.Now().Add(time.Hour), "ever": {}} {
			got, err := s.GetSession(ctx, id)
			must(t, err)
			if !got.ExpiresAt.Equal(want) {
				t.Errorf("%s expires at %v, want %v", id, got.ExpiresAt, want)
			}
			if stored, err := s.Sessions.Get(ctx, id); err != nil || !stored.ExpiresAt.Equal(want) {
				t.Errorf("%s is stored as %+v, %v", id, stored, err)
			}
		}
		_, err := s.GetSession(ctx, "off")
		wantError(t, err, tframex.ErrInactive)
		if ttl, err := s.Sessions.TTL(ctx, "off"); ttl != time.Minute || err != nil {
			t.Errorf("the inactive session lives for %v, %v", ttl, err)
		}
	})
}

func TestRevoke(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		ctx := t.Context()
		var last string
		for range 130 {
			session := &tframex.Session{UserID: "ann"}
			must(t, s.CreateSession(ctx, session))
			last = session.SessionID
		}
		must(t, s.CreateSession(ctx, &tframex.Session{UserID: "bob"}))
		if page, err := s.SessionsOf("ann").Limit(1).Page(ctx); err != nil || page.Items[0].SessionID != last {
			t.Errorf("newest session: %+v, %v", page.Items, err)
		}
		must(t, s.RevokeSession(ctx, last))
		_, err := s.GetSession(ctx, last)
		wantError(t, err, repo.ErrNotFound)
		if strings.Contains(err.Error(), last) {
			t.Errorf("the error shows the session: %v", err)
		}
		wantError(t, s.RevokeSession(ctx, last), repo.ErrNotFound)
		if n, err := s.RevokeSessions(ctx, "ann"); n != 129 || err != nil {
			t.Errorf("RevokeSessions = %d, %v", n, err)
		}
		if n, err := s.SessionsOf("bob").Count(ctx); n != 1 || err != nil {
			t.Errorf("bob has %d sessions, %v", n, err)
		}
	})
}

// Uses of sessions that are revoked at the same time bring none back.
func TestRevokeWhileUsed(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		ctx := t.Context()
		var all sync.WaitGroup
		var used atomic.Int64
		var ids []string
		for range 4 {
			session := &tframex.Session{UserID: "ann"}
			must(t, s.CreateSession(ctx, session))
			ids = append(ids, session.SessionID)
		}
		warm := make(chan struct{})
		for _, id := range ids {
			all.Go(func() {
				for {
					if _, err := s.GetSession(ctx, id); errors.Is(err, repo.ErrNotFound) {
						return
					} else if err != nil {
						t.Error(err)
						return
					}
					if used.Add(1) == 20 {
						close(warm)
					}
				}
			})
		}
		<-warm
		if n, err := s.RevokeSessions(ctx, "ann"); n != 4 || err != nil {
			t.Errorf("RevokeSessions = %d, %v", n, err)
		}
		all.Wait()
		if n, err := s.SessionsOf("ann").Count(ctx); n != 0 || err != nil {
			t.Errorf("%d sessions, %v", n, err)
		}
	})
}

// Expiry of a real server, by its own clock.
func TestSessionsExpireOnServer(t *testing.T) {
	server := redisd.Start(t, redisd.Clock())
	client := open(t, server.Addr(), "tframex:")
	s := storeOn(t, client, tframex.StoreOptions{})
	session := &tframex.Session{UserID: "ann"}
	must(t, s.CreateSession(t.Context(), session))
	must(t, s.PutTemp(t.Context(), "k", 1, time.Minute))
	server.Advance(59 * time.Minute)
	must(t, s.Sessions.Patch(t.Context(), session.SessionID, tframex.SessionFields.IsActive.Set(true))) // which renews nothing
	_, err := tframex.GetTemp[int](t.Context(), s, "k")
	wantError(t, err, repo.ErrNotFound)
	server.Advance(61 * time.Second)
	_, err = s.GetSession(t.Context(), session.SessionID)
	wantError(t, err, repo.ErrNotFound)
}

func TestTemp(t *testing.T) {
	type code struct{ Digits string }
	bubble(t, tframex.StoreOptions{TempTTL: time.Minute}, func(t *testing.T, s *tframex.Store) {
		ctx := t.Context()
		must(t, s.PutTemp(ctx, "ann", code{"1234"}, 0))
		must(t, s.PutTemp(ctx, "list", []int{1, 2}, time.Hour))
		if got, err := tframex.GetTemp[code](ctx, s, "ann"); got.Digits != "1234" || err != nil {
			t.Errorf("GetTemp = %+v, %v", got, err)
		}
		time.Sleep(time.Minute + time.Second)
		_, err := tframex.GetTemp[code](ctx, s, "ann")
		wantError(t, err, repo.ErrNotFound)
		if _, err := tframex.GetTemp[code](ctx, s, "list"); err == nil || strings.Contains(err.Error(), "[1,2]") {
			t.Errorf("a list as a code: %v", err)
		}
		if got, err := tframex.TakeTemp[[]int](ctx, s, "list"); len(got) != 2 || err != nil {
			t.Errorf("TakeTemp = %v, %v", got, err)
		}
		_, err = tframex.TakeTemp[[]int](ctx, s, "list")
		wantError(t, err, repo.ErrNotFound)
		wantError(t, s.DeleteTemp(ctx, "list"), repo.ErrNotFound)
		must(t, s.PutTemp(ctx, "list", 1, 0))
		must(t, s.DeleteTemp(ctx, "list"))
		if err := s.PutTemp(ctx, "f", func() {}, 0); err == nil {
			t.Error("a function is kept")
		}
	})
}

// Of many who take a value one gets it.
func TestTakeOnce(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		must(t, s.PutTemp(t.Context(), "k", 7, 0))
		var all sync.WaitGroup
		var taken atomic.Int64
		for range 8 {
			all.Go(func() {
				v, err := tframex.TakeTemp[int](t.Context(), s, "k")
				if err == nil && v == 7 {
					taken.Add(1)
				} else {
					wantError(t, err, repo.ErrNotFound)
				}
			})
		}
		if all.Wait(); taken.Load() != 1 {
			t.Errorf("%d have taken it", taken.Load())
		}
	})
}
