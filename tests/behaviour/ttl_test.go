package behaviour

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// wantTTL fails the test unless a record lives about d: 0 is for ever.
func wantTTL(t *testing.T, what string, ttl time.Duration, err error, d time.Duration) {
	t.Helper()
	if err != nil || (ttl > 0) != (d > 0) || (ttl-d).Abs() > 30*time.Second {
		t.Errorf("%s: TTL = %v, %v, want %v", what, ttl, err, d)
	}
}

func TestTTLOptions(t *testing.T) {
	eachClock(t, func(t *testing.T, client *repo.Client, advance func(time.Duration)) {
		sessions, f := app.NewSessions(client), app.SessionFields
		// check fails the test unless record, mirror and ledger agree on the expiry.
		check := func(what string, s *app.Session, d time.Duration) {
			t.Helper()
			ttl, err := sessions.TTL(t.Context(), s.ID)
			wantTTL(t, what, ttl, err, d)
			got, err := sessions.Get(t.Context(), s.ID)
			must(t, err)
			id := s.ID.String()
			space := client.Prefix() + layout.Space("sessions", id)
			ledger, _ := raw(client).ZScore(t.Context(), space+"x", id).Result()
			footprint := raw(client).HExists(t.Context(), space+"m", id).Val()
			if d == 0 {
				if got.ExpiresAt != nil || ledger != 0 || footprint {
					t.Errorf("%s: expires_at %v, ledger %v, %v, want none", what, got.ExpiresAt, ledger, footprint)
				}
				return
			}
			at, err := raw(client).PExpireTime(t.Context(), space+"r:"+id).Result()
			must(t, err)
			if got.ExpiresAt == nil || got.ExpiresAt.UnixMilli() != at.Milliseconds() || int64(ledger) != at.Milliseconds() || !footprint {
				t.Errorf("%s: Redis has %d ms, expires_at is %v, ledger %.0f, %v", what, at.Milliseconds(), got.ExpiresAt, ledger, footprint)
			}
		}
		stamped := func(what string, s *app.Session) {
			t.Helper()
			got, err := sessions.Get(t.Context(), s.ID)
			must(t, err)
			if (s.ExpiresAt == nil) != (got.ExpiresAt == nil) || s.ExpiresAt != nil && !s.ExpiresAt.Equal(*got.ExpiresAt) {
				t.Errorf("%s stamped expires_at %v, stored is %v", what, s.ExpiresAt, got.ExpiresAt)
			}
		}
		make := func(opts ...repo.WriteOption) *app.Session {
			t.Helper()
			s := &app.Session{UserID: "u", Hits: 1}
			must(t, sessions.Create(t.Context(), s, opts...))
			stamped("Create", s)
			return s
		}
		check("the default", make(), time.Hour)
		check("TTL", make(repo.TTL(2*time.Hour)), 2*time.Hour)
		check("ExpireAt", make(repo.ExpireAt(time.Now().Add(3*time.Hour))), 3*time.Hour)
		check("NoTTL", make(repo.NoTTL()), 0)
		check("KeepTTL of a new record", make(repo.KeepTTL()), time.Hour)
		check("the last option holds", make(repo.NoTTL(), repo.TTL(time.Hour)), time.Hour)
		short := &app.Session{UserID: "u"} // gone before it can be read
		must(t, sessions.Create(t.Context(), short, repo.TTL(time.Nanosecond)))
		if short.ExpiresAt == nil {
			t.Error("TTL of a nanosecond: no expiry")
		}
		given := &app.Session{ExpiresAt: new(time.Now().Add(5 * time.Hour))}
		must(t, sessions.Create(t.Context(), given))
		check("the field", given, 5*time.Hour)
		both := &app.Session{ExpiresAt: new(time.Now().Add(5 * time.Hour))}
		must(t, sessions.Create(t.Context(), both, repo.TTL(time.Hour)))
		check("an option before the field", both, time.Hour)

		s := make(repo.TTL(4 * time.Hour))
		advance(time.Hour)
		save := func(what string, want time.Duration, opts ...repo.WriteOption) {
			t.Helper()
			must(t, sessions.Save(t.Context(), s, opts...))
			stamped(what, s)
			check(what, s, want)
		}
		save("Save with the field as it was", 3*time.Hour)
		s.ExpiresAt = nil
		save("Save without the field keeps", 3*time.Hour)
		s.UserID = "v"
		save("Save of another value keeps", 3*time.Hour)
		save("Save with TTL", 2*time.Hour, repo.TTL(2*time.Hour))
		s.ExpiresAt = new(s.ExpiresAt.Add(time.Hour))
		save("Save with the field changed", 3*time.Hour)
		s.ExpiresAt = new(s.ExpiresAt.Add(time.Hour))
		save("Save with KeepTTL", 3*time.Hour, repo.KeepTTL())
		save("Save with NoTTL", 0, repo.NoTTL())
		s.UserID = "w"
		save("Save of what does not expire", 0)
		save("Save with ExpireAt", 4*time.Hour, repo.ExpireAt(time.Now().Add(5*time.Hour)))

		patch := func(what string, want time.Duration, changes ...repo.Change[*app.Session]) {
			t.Helper()
			must(t, sessions.Patch(t.Context(), s.ID, changes...))
			check(what, s, want)
		}
		patch("Patch keeps", 4*time.Hour, f.Hits.Add(1))
		patch("Patch of the field", 6*time.Hour, f.ExpiresAt.Set(time.Now().Add(7*time.Hour)))
		patch("Patch that clears the field", 0, f.ExpiresAt.Clear())
		patch("Patch of what does not expire", 0, f.UserID.Set("x"))
		patch("Patch that sets the field again", time.Hour, f.ExpiresAt.Set(time.Now().Add(2*time.Hour)))
		patch("Patch to the zero time", 0, f.ExpiresAt.Set(time.Time{}))

		touch := func(what string, want time.Duration, opts ...repo.WriteOption) {
			t.Helper()
			must(t, sessions.Touch(t.Context(), s.ID, opts...))
			check(what, s, want)
		}
		touch("Touch", time.Hour)
		touch("Touch with TTL", 2*time.Hour, repo.TTL(2*time.Hour))
		advance(time.Hour)
		touch("Touch with KeepTTL", time.Hour, repo.KeepTTL())
		touch("Touch with ExpireAt", time.Hour, repo.ExpireAt(time.Now().Add(3*time.Hour)))
		touch("Touch with NoTTL", 0, repo.NoTTL())

		_, err := sessions.Mutate(t.Context(), s.ID, func(s *app.Session) error { s.ExpiresAt = new(time.Now().Add(4 * time.Hour)); return nil })
		must(t, err)
		check("Mutate of the field", s, 2*time.Hour)
		must(t, sessions.SaveMany(t.Context(), []*app.Session{s}, repo.TTL(3*time.Hour)))
		stamped("SaveMany", s)
		check("SaveMany", s, 3*time.Hour)
		b := client.Batch()
		sessions.In(b).Touch(s.ID, repo.TTL(time.Hour))
		must(t, b.Run(t.Context()))
		check("Touch in a Batch", s, time.Hour)

		before := snapshot(t, client)
		for _, d := range []time.Duration{0, -1} {
			if err := sessions.Save(t.Context(), s, repo.TTL(d)); err == nil {
				t.Errorf("Save with TTL(%v) succeeded", d)
			}
		}
		wantSame(t, "after a refused TTL", snapshot(t, client), before)
	})
}

// A record that is saved with an expiry that is past is gone at once.
func TestExpiryInThePast(t *testing.T) {
	eachClock(t, func(t *testing.T, client *repo.Client, advance func(time.Duration)) {
		sessions, f := app.NewSessions(client), app.SessionFields
		s := &app.Session{UserID: "u", Device: "d", Origin: "o"}
		gone := func(what string) {
			t.Helper()
			_, err := sessions.Get(t.Context(), s.ID)
			wantErr(t, what, err, repo.ErrNotFound)
			if got := list(t, sessions.Where(f.UserID.Eq("u"))); len(got) > 0 {
				t.Errorf("%s: the query finds %v", what, got)
			}
			advance(time.Millisecond)
			wantCount(t, what, sessions.Where(f.UserID.Eq("u")), 0)
			wantCount(t, what, sessions.Where(), 0)
			wantEmpty(t, client)
		}
		past := time.Now().Add(-time.Hour)
		must(t, sessions.Create(t.Context(), s, repo.ExpireAt(past)))
		gone("Create")
		s.ExpiresAt = nil
		must(t, sessions.Create(t.Context(), s))
		must(t, sessions.Patch(t.Context(), s.ID, f.ExpiresAt.Set(past)))
		gone("Patch")
		s.ExpiresAt = nil
		must(t, sessions.Create(t.Context(), s))
		must(t, sessions.Touch(t.Context(), s.ID, repo.ExpireAt(time.Unix(0, 0))))
		gone("Touch")
	})
}

func TestSliding(t *testing.T) {
	eachClock(t, func(t *testing.T, client *repo.Client, advance func(time.Duration)) {
		tokens, f := app.NewTokens(client), app.TokenFields
		must(t, tokens.Create(t.Context(), &app.Token{Number: 7, UserID: "u"}))
		check := func(what string, d time.Duration) {
			t.Helper()
			ttl, err := tokens.TTL(t.Context(), 7) // does not renew
			wantTTL(t, what, ttl, err, d)
		}
		for name, use := range map[string]func() error{
			"Get":     func() error { _, err := tokens.Get(t.Context(), 7); return err },
			"GetMany": func() error { _, err := tokens.GetMany(t.Context(), 7, 8); return err },
			"Batch": func() error {
				b := client.Batch()
				got := tokens.In(b).Get(7)
				err := b.Run(t.Context())
				if got.Value == nil || got.Value.UserID != "u" {
					t.Errorf("Get in a Batch = %+v", got)
				}
				return err
			},
			"Save":  func() error { return tokens.Save(t.Context(), &app.Token{Number: 7, UserID: "u"}) },
			"Patch": func() error { return tokens.Patch(t.Context(), 7, f.Serial.Add(1)) },
			"Touch": func() error { return tokens.Touch(t.Context(), 7) },
			"Mutate": func() error {
				_, err := tokens.Mutate(t.Context(), 7, func(*app.Token) error { return nil })
				return err
			},
		} {
			advance(6 * time.Minute)
			check("before "+name, 4*time.Minute)
			must(t, use())
			check("after "+name, 10*time.Minute)
		}
		advance(6 * time.Minute)
		must(t, tokens.Save(t.Context(), &app.Token{Number: 7, UserID: "u"}, repo.KeepTTL()))
		check("Save with KeepTTL", 4*time.Minute)
		must(t, tokens.Save(t.Context(), &app.Token{Number: 7, UserID: "u"}, repo.TTL(time.Hour)))
		check("Save with TTL", time.Hour)
		if ok, err := tokens.Exists(t.Context(), 7); !ok || err != nil {
			t.Errorf("Exists = %v, %v", ok, err)
		}
		list(t, tokens.Where(f.UserID.Eq("u")))
		check("queries do not renew", time.Hour)
		must(t, tokens.Touch(t.Context(), 7, repo.TTL(time.Minute)))
		advance(time.Minute + time.Second)
		_, err := tokens.Get(t.Context(), 7)
		wantErr(t, "Get after the expiry", err, repo.ErrNotFound)
		_, err = tokens.TTL(t.Context(), 7)
		wantErr(t, "TTL after the expiry", err, repo.ErrNotFound)
		wantCount(t, "after the expiry", tokens.Where(), 0)
		wantEmpty(t, client)
	})
}

func TestNoTTL(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users := app.NewUsers(client)
		u := richUser("7")
		for _, opt := range []repo.WriteOption{repo.TTL(time.Hour), repo.NoTTL(), repo.KeepTTL(), repo.ExpireAt(time.Now())} {
			wantErr(t, "Create", users.Create(t.Context(), u, opt), repo.ErrNoTTL)
			wantErr(t, "SaveMany", users.SaveMany(t.Context(), []*app.User{u}, opt), repo.ErrNoTTL)
		}
		wantErr(t, "Touch", users.Touch(t.Context(), "7"), repo.ErrNoTTL)
		wantEmpty(t, client)
		must(t, users.Create(t.Context(), u))
		if ttl, err := users.TTL(t.Context(), "7"); ttl != 0 || err != nil {
			t.Errorf("TTL of what does not expire = %v, %v", ttl, err)
		}
		_, err := users.TTL(t.Context(), "8")
		wantErr(t, "TTL of no record", err, repo.ErrNotFound)
		_, err = app.NewSessions(client).TTL(t.Context(), uuid.New())
		wantErr(t, "TTL of no session", err, repo.ErrNotFound)
	})
}

// Touch changes the expiry and nothing else.
func TestTouchChangesNothingElse(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		sessions := app.NewSessions(client)
		s := &app.Session{UserID: "u", Device: "d", Origin: "o", Hits: 4, LastSeen: time.Unix(5, 0)}
		must(t, sessions.Create(t.Context(), s, repo.NoTTL()))
		before := snapshot(t, client)
		must(t, sessions.Touch(t.Context(), s.ID, repo.TTL(time.Hour)))
		must(t, sessions.Touch(t.Context(), s.ID, repo.NoTTL()))
		wantSame(t, "after two touches", snapshot(t, client), before)
		wantErr(t, "Touch of no session", sessions.Touch(t.Context(), uuid.New()), repo.ErrNotFound)
		wantSame(t, "after a refused touch", snapshot(t, client), before)
	})
}
