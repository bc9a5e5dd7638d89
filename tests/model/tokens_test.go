package model

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

var tokenNumbers = []int64{0, 1, -1, 10, math.MaxInt64, math.MinInt64}

func newTokens(w *world) entity {
	return &model[app.Token, int64]{w: w, records: map[int64]*record[app.Token]{}, spec: &spec[app.Token, int64]{
		name: "tokens", repo: &app.NewTokens(w.client).Repository, expires: true, ttl: 10 * time.Minute, sliding: true,
		id:      func(n int64) string { return strconv.FormatInt(n, 10) },
		key:     func(t *app.Token) int64 { return t.Number },
		setKey:  func(t *app.Token, n int64) { t.Number = n },
		someKey: func(w *world) int64 { return key(w, tokenNumbers...) },
		bulk:    func(i int) int64 { return int64(1000 + i) },
		some: func(w *world) *app.Token {
			return &app.Token{UserID: pick(w, owners...), Serial: pick(w, numbers...)}
		},
		copy:    func(t *app.Token) *app.Token { return new(*t) },
		refused: func(*app.Token) error { return nil },
		round:   func(*app.Token) {},
		claims:  func(*record[app.Token]) claims { return nil },
		kept:    func(*app.Token) kept { return kept{} },
		patches: tokenPatches,
		queries: tokenQueries(),
	}}
}

func tokenPatches(w *world) []patch[app.Token] {
	f := app.TokenFields
	return []patch[app.Token]{
		set(f.UserID, "user_id", pick(w, owners...), nil, func(t *app.Token, v string) { t.UserID = v }),
		clearing(f.UserID, "user_id", func(t *app.Token) { t.UserID = "" }),
		set(f.Serial, "serial", pick(w, numbers...), nil, func(t *app.Token, v int64) { t.Serial = v }),
		clearing(f.Serial, "serial", func(t *app.Token) { t.Serial = 0 }),
		adding(f.Serial, "serial", pick(w, amounts...), integer{math.MinInt64, math.MaxInt64},
			func(t *app.Token) int64 { return t.Serial }, func(t *app.Token, v int64) { t.Serial = v }),
	}
}

func tokenQueries() []func(*world) query[app.Token] {
	type row = record[app.Token]
	f := app.TokenFields
	serial := ranged[app.Token, int64]{"serial", f.Serial, func(r *row) (int64, bool) { return r.value.Serial, r.has("serial") }, cmp.Compare[int64], numbers}
	bySerial := func(r *row) rank {
		return rank{0, fmt.Sprintf("%020d\x00%s", uint64(r.value.Serial)^1<<63, r.id)}
	}
	return []func(*world) query[app.Token]{
		func(w *world) query[app.Token] { return everything[app.Token](nil) },
		func(w *world) query[app.Token] {
			user := pick(w, owners...)
			return query[app.Token]{text: " user " + quote(user), where: []repo.Predicate[*app.Token]{f.UserID.Eq(user)}, rank: byID[app.Token],
				match: func(r *row) bool { return r.has("user_id") && r.value.UserID == user }}
		},
		func(w *world) query[app.Token] { return scan(w, serial, bySerial) },
	}
}
