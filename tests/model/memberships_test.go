package model

import (
	"fmt"
	"math"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

var (
	// Some pairs of these would be the same id if the parts were just put together.
	groups = []string{"", "g", "1:g", "g\x00", "\xff"}
	ranks  = []int32{0, 1, -1, math.MaxInt32, math.MinInt32}
)

func newMemberships(w *world) entity {
	return &model[app.Membership, app.MembershipKey]{w: w, records: map[app.MembershipKey]*record[app.Membership]{}, spec: &spec[app.Membership, app.MembershipKey]{
		name: "memberships", repo: &app.NewMemberships(w.client).Repository,
		id:     func(k app.MembershipKey) string { return fmt.Sprintf("%d:%s%s", len(k.Group), k.Group, k.User) },
		key:    func(m *app.Membership) app.MembershipKey { return app.MembershipKey{Group: m.Group, User: m.User} },
		setKey: func(m *app.Membership, k app.MembershipKey) { m.Group, m.User = k.Group, k.User },
		someKey: func(w *world) app.MembershipKey {
			return app.MembershipKey{Group: key(w, groups...), User: pick(w, groups...)}
		},
		some: func(w *world) *app.Membership {
			m := &app.Membership{Since: maybe(w, times...), Rank: maybe(w, ranks...)}
			if w.chance(20) {
				m.Since = new(pick(w, beyond...))
			}
			return m
		},
		copy: func(m *app.Membership) *app.Membership {
			return &app.Membership{Group: m.Group, User: m.User, Since: pointer(m.Since), Rank: pointer(m.Rank)}
		},
		refused: func(m *app.Membership) error {
			if m.Since != nil && !sortable(*m.Since) {
				return repo.ErrRange
			}
			return nil
		},
		round:   func(m *app.Membership) { roundTime(&m.Since) },
		claims:  func(*record[app.Membership]) claims { return nil },
		kept:    func(*app.Membership) kept { return kept{} },
		patches: membershipPatches,
		queries: membershipQueries(),
	}}
}

func membershipPatches(w *world) []patch[app.Membership] {
	f := app.MembershipFields
	since := pick(w, times...)
	var refused error
	if w.chance(15) {
		since, refused = pick(w, beyond...), repo.ErrRange
	}
	return []patch[app.Membership]{
		set(f.Since, "since", since, refused, func(m *app.Membership, v time.Time) { m.Since = &v }),
		clearing(f.Since, "since", func(m *app.Membership) { m.Since = nil }),
		set(f.Rank, "rank", pick(w, ranks...), nil, func(m *app.Membership, v int32) { m.Rank = &v }),
		clearing(f.Rank, "rank", func(m *app.Membership) { m.Rank = nil }),
		adding(f.Rank, "rank", pick(w, ranks...), integer{math.MinInt32, math.MaxInt32}, func(m *app.Membership) int32 {
			if m.Rank == nil {
				return 0
			}
			return *m.Rank
		}, func(m *app.Membership, v int32) { m.Rank = &v }),
	}
}

func membershipQueries() []func(*world) query[app.Membership] {
	type row = record[app.Membership]
	f := app.MembershipFields
	bySince := func(r *row) rank { return rank{timeScore(r.value.Since), r.id} }
	since := ranged[app.Membership, time.Time]{"since", f.Since, func(r *row) (time.Time, bool) {
		if r.value.Since == nil {
			return time.Time{}, false
		}
		return *r.value.Since, true
	}, compareTimes, present}
	return []func(*world) query[app.Membership]{
		func(w *world) query[app.Membership] { return everything[app.Membership](nil) },
		func(w *world) query[app.Membership] { return scan(w, since, bySince) },
		func(w *world) query[app.Membership] {
			n := pick(w, ranks...)
			return query[app.Membership]{text: " rank " + quote(n), where: []repo.Predicate[*app.Membership]{f.Rank.Eq(n)}, rank: byID[app.Membership],
				match: func(r *row) bool { return r.value.Rank != nil && *r.value.Rank == n }}
		},
		func(w *world) query[app.Membership] {
			user := pick(w, groups...)
			return query[app.Membership]{text: " user " + quote(user), where: []repo.Predicate[*app.Membership]{f.User.Eq(user)}, rank: byID[app.Membership],
				match: func(r *row) bool { return r.value.User == user }}
		},
		func(w *world) query[app.Membership] {
			group := pick(w, groups...)
			q := query[app.Membership]{text: " group " + quote(group), where: []repo.Predicate[*app.Membership]{f.Group.Eq(group)}, rank: bySince,
				match: func(r *row) bool { return r.value.Group == group }}
			if w.chance(2) {
				q = within(w, q, since)
			}
			return ordered(w, q, since)
		},
	}
}
