package model

import (
	"math"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

var (
	owners  = []string{"", "u1", "U1", "u1:x", "\x00", "\xff{"}
	devices = []string{"", "d", "1:", "d1", "\x00"}
	hits    = []uint32{0, 1, 2, math.MaxUint32, math.MaxUint32 - 1}
)

func newSessions(w *world) entity {
	sessions := app.NewSessions(w.client)
	return &model[app.Session, uuid.UUID]{w: w, records: map[uuid.UUID]*record[app.Session]{}, spec: &spec[app.Session, uuid.UUID]{
		name: "sessions", repo: &sessions.Repository, expires: true, ttl: time.Hour,
		id:      uuid.UUID.String,
		key:     func(s *app.Session) uuid.UUID { return s.ID },
		setKey:  func(s *app.Session, id uuid.UUID) { s.ID = id },
		madeUp:  uuid.MustParse,
		someKey: func(w *world) uuid.UUID { return uuid.MustParse(key(w, uuids...)) },
		some:    someSession, copy: copySession, round: roundSession,
		refused: func(s *app.Session) error {
			if !sortable(s.LastSeen) {
				return repo.ErrRange
			}
			return nil
		},
		claims: func(r *record[app.Session]) claims {
			if r.value.Device == "" || r.value.Origin == "" {
				return nil
			}
			return claims{{"login", login(r.value.Device, r.value.Origin)}}
		},
		kept:    func(s *app.Session) kept { return kept{created: &s.CreatedAt, expires: &s.ExpiresAt} },
		patches: sessionPatches,
		queries: sessionQueries(),
		finders: []func(*world) finder[app.Session]{func(w *world) finder[app.Session] {
			device, origin := pick(w, devices...), pick(w, devices...)
			f := finder[app.Session]{text: "GetByDeviceAndOrigin " + quote(device) + ", " + quote(origin),
				find: func() (*app.Session, error) { return sessions.GetByDeviceAndOrigin(w.ctx, device, origin) }}
			f.claim.index, f.claim.value = "login", login(device, origin)
			return f
		}},
	}}
}

// login is one value for device and origin, different for different pairs.
func login(device, origin string) string { return strconv.Quote(device) + strconv.Quote(origin) }

func someSession(w *world) *app.Session {
	s := &app.Session{
		UserID: pick(w, owners...), Device: pick(w, devices...), Origin: pick(w, devices...), Hits: pick(w, hits...),
		LastSeen: pick(w, times...), CreatedAt: pick(w, times...),
	}
	if w.chance(20) {
		s.LastSeen = pick(w, beyond...)
	}
	if w.chance(5) {
		s.ExpiresAt = new(w.someDeadline())
	}
	if w.chance(40) {
		s.ExpiresAt = new(time.Time{})
	}
	return s
}

func copySession(s *app.Session) *app.Session {
	c := *s
	c.ExpiresAt = pointer(s.ExpiresAt)
	return &c
}

func roundSession(s *app.Session) {
	s.LastSeen, s.CreatedAt = stored(s.LastSeen), stored(s.CreatedAt)
	roundTime(&s.ExpiresAt)
}

func sessionPatches(w *world) []patch[app.Session] {
	f := app.SessionFields
	at, seen := w.someDeadline(), pick(w, times...)
	var notSeen error
	if w.chance(15) {
		seen, notSeen = pick(w, beyond...), repo.ErrRange
	}
	expire := func(r *record[app.Session], due window) { r.due = due }
	return []patch[app.Session]{
		set(f.UserID, "user_id", pick(w, owners...), nil, func(s *app.Session, v string) { s.UserID = v }),
		clearing(f.UserID, "user_id", func(s *app.Session) { s.UserID = "" }),
		set(f.Device, "device", pick(w, devices...), nil, func(s *app.Session, v string) { s.Device = v }),
		clearing(f.Device, "device", func(s *app.Session) { s.Device = "" }),
		set(f.Origin, "origin", pick(w, devices...), nil, func(s *app.Session, v string) { s.Origin = v }),
		clearing(f.Origin, "origin", func(s *app.Session) { s.Origin = "" }),
		set(f.Hits, "hits", pick(w, hits...), nil, func(s *app.Session, v uint32) { s.Hits = v }),
		clearing(f.Hits, "hits", func(s *app.Session) { s.Hits = 0 }),
		adding(f.Hits, "hits", pick(w, hits...), integer{0, math.MaxUint32},
			func(s *app.Session) uint32 { return s.Hits }, func(s *app.Session, v uint32) { s.Hits = v }),
		set(f.LastSeen, "last_seen", seen, notSeen, func(s *app.Session, v time.Time) { s.LastSeen = v }),
		clearing(f.LastSeen, "last_seen", func(s *app.Session) { s.LastSeen = time.Time{} }),
		{"expires_at", "Set(" + quote(at) + ")", f.ExpiresAt.Set(at), nil, func(r *record[app.Session]) error {
			at := time.UnixMilli(max(1, at.UnixMilli())).UTC()
			expire(r, window{at, at})
			return nil
		}},
		{"expires_at", "Set(none)", f.ExpiresAt.Set(time.Time{}), nil, func(r *record[app.Session]) error {
			expire(r, window{})
			return nil
		}},
		{"expires_at", "Clear()", f.ExpiresAt.Clear(), nil, func(r *record[app.Session]) error {
			expire(r, window{})
			return nil
		}},
	}
}

func sessionQueries() []func(*world) query[app.Session] {
	type row = record[app.Session]
	f := app.SessionFields
	seen := ranged[app.Session, time.Time]{"last_seen", f.LastSeen, func(r *row) (time.Time, bool) {
		return r.value.LastSeen, !r.value.LastSeen.IsZero()
	}, compareTimes, present}
	ofUser := func(w *world) query[app.Session] {
		user := pick(w, owners...)
		return query[app.Session]{text: " user " + quote(user), where: []repo.Predicate[*app.Session]{f.UserID.Eq(user)}, rank: byID[app.Session],
			match: func(r *row) bool { return r.has("user_id") && r.value.UserID == user }}
	}
	return []func(*world) query[app.Session]{
		func(w *world) query[app.Session] { return everything[app.Session](nil) },
		ofUser,
		func(w *world) query[app.Session] {
			q := ofUser(w)
			q.rank = func(r *row) rank { return rank{timeScore(&r.value.LastSeen), r.id} }
			ranged := w.chance(2)
			if ranged {
				q = within(w, q, seen)
			}
			if q = ordered(w, q, seen); !ranged && q.order == nil {
				q.rank = byID[app.Session]
			}
			return q
		},
		func(w *world) query[app.Session] {
			n := pick(w, hits...)
			return query[app.Session]{text: " hits " + quote(n), where: []repo.Predicate[*app.Session]{f.Hits.Eq(n)}, rank: byID[app.Session],
				match: func(r *row) bool { return r.has("hits") && r.value.Hits == n }}
		},
		func(w *world) query[app.Session] {
			device, origin := pick(w, devices...), pick(w, devices...)
			rank := byID[app.Session]
			if device == "" || origin == "" { // which nobody claims, so that the list of all is walked
				rank = nil
			}
			return query[app.Session]{text: " login " + quote(device) + ", " + quote(origin), rank: rank,
				where: []repo.Predicate[*app.Session]{f.Origin.Eq(origin), f.Device.Eq(device)},
				match: func(r *row) bool { return r.value.Device == device && r.value.Origin == origin }}
		},
	}
}
