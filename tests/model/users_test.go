package model

import (
	"bytes"
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

var emails = []string{"", "a@x", "A@x", "b@x", "\xff@x", "a@x\x00"}

func newUsers(w *world) entity {
	users := app.NewUsers(w.client)
	return &model[app.User, string]{w: w, records: map[string]*record[app.User]{}, spec: &spec[app.User, string]{
		name: "users", repo: &users.Repository,
		id:      func(id string) string { return id },
		key:     func(u *app.User) string { return u.ID },
		setKey:  func(u *app.User, id string) { u.ID = id },
		madeUp:  func(id string) string { return id },
		someKey: func(w *world) string { return key(w, append(ids, uuids...)...) },
		some:    someUser, copy: copyUser, refused: refuseUser, round: roundUser,
		claims: func(r *record[app.User]) claims {
			var c claims
			if r.has("username") {
				c = append(c, struct{ index, value string }{"username", integrity.Fold(r.value.Username)})
			}
			if r.value.Email != nil {
				c = append(c, struct{ index, value string }{"email", *r.value.Email})
			}
			return c
		},
		kept: func(u *app.User) kept {
			return kept{version: &u.Version, created: &u.CreatedAt, updated: &u.UpdatedAt}
		},
		patches: userPatches,
		listing: userCreated,
		queries: userQueries(),
		finders: []func(*world) finder[app.User]{
			func(w *world) finder[app.User] {
				name := pick(w, names...)
				return finder[app.User]{"GetByUsername " + quote(name), struct{ index, value string }{"username", integrity.Fold(name)},
					func() (*app.User, error) { return users.GetByUsername(w.ctx, name) }}
			},
			func(w *world) finder[app.User] {
				email := pick(w, emails...)
				return finder[app.User]{"GetByEmail " + quote(email), struct{ index, value string }{"email", email},
					func() (*app.User, error) { return users.GetByEmail(w.ctx, email) }}
			},
		},
	}}
}

func someUser(w *world) *app.User {
	u := &app.User{
		Username: pick(w, names...), Email: maybe(w, emails...), Status: pick(w, app.Active, app.Blocked),
		Age: pick(w, ages...), Balance: pick(w, balances...), Nickname: pick(w, words...),
		Logins: pick(w, numbers...), CreatedAt: pick(w, times...), UpdatedAt: pick(w, times...), Version: int64(w.rng.IntN(3)),
	}
	if !w.chance(3) {
		u.Tags = someTags(w)
	}
	if w.chance(2) {
		u.Password = []byte(pick(w, words...))
	}
	if w.chance(3) {
		u.Metadata = someMetadata(w)
	}
	if w.chance(12) {
		switch w.rng.IntN(6) {
		case 0:
			u.Status = pick(w, "", app.Status("other"))
		case 1:
			u.Age = pick(w, -1, exact+1)
		case 2:
			u.Tags = []string{"a", "\xff"}
		case 3:
			u.Balance = pick(w, math.NaN(), math.Inf(1), math.Inf(-1))
		case 4:
			u.CreatedAt = pick(w, beyond...)
		case 5:
			u.Metadata = map[string]any{"k": "\xff"}
		}
	}
	return u
}

func someTags(w *world) []string {
	tags := []string{}
	for range w.rng.IntN(4) {
		tags = append(tags, pick(w, textWords...))
	}
	return tags
}

func someMetadata(w *world) map[string]any {
	return pick(w, map[string]any{}, map[string]any{"k": "<v>"}, map[string]any{"": 1e300, "n": nil}, map[string]any{"list": []any{"a", true}})
}

func copyUser(u *app.User) *app.User {
	c := *u
	c.Email, c.Tags, c.Password, c.Metadata = pointer(u.Email), slices.Clone(u.Tags), bytes.Clone(u.Password), maps.Clone(u.Metadata)
	return &c
}

func refuseUser(u *app.User) error {
	valid := func(s string) bool { return utf8.ValidString(s) }
	switch {
	case u.Age < 0:
		return app.ErrAge
	case u.Status != app.Active && u.Status != app.Blocked:
		return repo.ErrEnum
	case u.Age > exact, !sortable(u.CreatedAt):
		return repo.ErrRange
	case !slices.ContainsFunc(u.Tags, func(s string) bool { return !valid(s) }) && u.Metadata["k"] != "\xff":
	default:
		return repo.ErrUTF8
	}
	if math.IsNaN(u.Balance) || math.IsInf(u.Balance, 0) {
		return repo.ErrNaN
	}
	return nil
}

func roundUser(u *app.User) { u.CreatedAt, u.UpdatedAt = stored(u.CreatedAt), stored(u.UpdatedAt) }

func userPatches(w *world) []patch[app.User] {
	f := app.UserFields
	age, status, balance := pick(w, ages...), app.Active, pick(w, balances...)
	var noAge, noStatus, noBalance, noTags error
	tags := someTags(w)
	switch w.rng.IntN(20) {
	case 0:
		age, noAge = exact+1, repo.ErrRange
	case 1:
		status, noStatus = "other", repo.ErrEnum
	case 2:
		balance, noBalance = math.NaN(), repo.ErrNaN
	case 3:
		tags, noTags = []string{"\xff"}, repo.ErrUTF8
	case 4, 5, 6, 7:
		status = app.Blocked
	}
	return []patch[app.User]{
		set(f.Username, "username", pick(w, names...), nil, func(u *app.User, v string) { u.Username = v }),
		clearing(f.Username, "username", func(u *app.User) { u.Username = "" }),
		set(f.Email, "email", pick(w, emails...), nil, func(u *app.User, v string) { u.Email = &v }),
		clearing(f.Email, "email", func(u *app.User) { u.Email = nil }),
		set(f.Status, "status", status, noStatus, func(u *app.User, v app.Status) { u.Status = v }),
		clearing(f.Status, "status", func(u *app.User) { u.Status = "" }),
		set(f.Age, "age", age, noAge, func(u *app.User, v int) { u.Age = v }),
		clearing(f.Age, "age", func(u *app.User) { u.Age = 0 }),
		adding(f.Age, "age", pick(w, 1, -1, -30, exact, -exact), integer{-exact, exact},
			func(u *app.User) int { return u.Age }, func(u *app.User, v int) { u.Age = v }),
		set(f.Tags, "tags", tags, noTags, func(u *app.User, v []string) { u.Tags = v }),
		clearing(f.Tags, "tags", func(u *app.User) { u.Tags = nil }),
		set(f.Password, "password", []byte(pick(w, words...)), nil, func(u *app.User, v []byte) { u.Password = v }),
		clearing(f.Password, "password", func(u *app.User) { u.Password = nil }),
		set(f.Logins, "logins", pick(w, numbers...), nil, func(u *app.User, v int64) { u.Logins = v }),
		clearing(f.Logins, "logins", func(u *app.User) { u.Logins = 0 }),
		adding(f.Logins, "logins", pick(w, amounts...), integer{math.MinInt64, math.MaxInt64},
			func(u *app.User) int64 { return u.Logins }, func(u *app.User, v int64) { u.Logins = v }),
		set(f.Balance, "balance", balance, noBalance, func(u *app.User, v float64) { u.Balance = v }),
		clearing(f.Balance, "balance", func(u *app.User) { u.Balance = 0 }),
		addBalance(pick(w, 1, -0.5, math.MaxFloat64, -math.MaxFloat64)),
		set(f.Nickname, "nickname", pick(w, words...), nil, func(u *app.User, v string) { u.Nickname = v }),
		clearing(f.Nickname, "nickname", func(u *app.User) { u.Nickname = "" }),
		set(f.Metadata, "metadata", someMetadata(w), nil, func(u *app.User, v map[string]any) { u.Metadata = v }),
		clearing(f.Metadata, "metadata", func(u *app.User) { u.Metadata = nil }),
	}
}

func addBalance(v float64) patch[app.User] {
	return patch[app.User]{"balance", "Add(" + quote(v) + ")", app.UserFields.Balance.Add(v), nil, func(r *record[app.User]) error {
		sum := r.value.Balance + v
		if math.IsInf(sum, 0) {
			return repo.ErrRange
		}
		r.value.Balance = sum
		return nil
	}}
}

func userCreated(r *record[app.User]) rank { return rank{timeScore(&r.value.CreatedAt), r.id} }

func userQueries() []func(*world) query[app.User] {
	type row = record[app.User]
	f := app.UserFields
	age := ranged[app.User, int]{"age", f.Age, func(r *row) (int, bool) { return r.value.Age, r.has("age") }, cmp.Compare[int], ages}
	balance := ranged[app.User, float64]{"balance", f.Balance, func(r *row) (float64, bool) { return r.value.Balance, r.has("balance") }, cmp.Compare[float64], balances}
	created := ranged[app.User, time.Time]{"created_at", f.CreatedAt, func(r *row) (time.Time, bool) { return r.value.CreatedAt, true }, compareTimes, present}
	nickname := ranged[app.User, string]{"nickname", f.Nickname, func(r *row) (string, bool) { return r.value.Nickname, r.value.Nickname != "" }, foldCompare, words}
	byNickname := func(r *row) rank { return rank{0, lexText(integrity.Fold(r.value.Nickname)) + "\x00" + r.id} }
	return []func(*world) query[app.User]{
		func(w *world) query[app.User] { return everything(userCreated) },
		func(w *world) query[app.User] {
			name := pick(w, names...)
			return query[app.User]{text: " username " + quote(name), where: []repo.Predicate[*app.User]{f.Username.Eq(name)}, rank: byID[app.User],
				match: func(r *row) bool { return r.has("username") && foldCompare(r.value.Username, name) == 0 }}
		},
		func(w *world) query[app.User] {
			email := pick(w, emails...)
			return query[app.User]{text: " email " + quote(email), where: []repo.Predicate[*app.User]{f.Email.Eq(email)}, rank: byID[app.User],
				match: func(r *row) bool { return r.value.Email != nil && *r.value.Email == email }}
		},
		func(w *world) query[app.User] {
			tag := pick(w, textWords...)
			return query[app.User]{text: " tag " + quote(tag), where: []repo.Predicate[*app.User]{f.Tags.Has(tag)}, rank: byID[app.User],
				match: func(r *row) bool {
					return slices.ContainsFunc(r.value.Tags, func(t string) bool { return foldCompare(t, tag) == 0 })
				}}
		},
		func(w *world) query[app.User] {
			return scan(w, age, func(r *row) rank { return rank{float64(r.value.Age), r.id} })
		},
		func(w *world) query[app.User] {
			return scan(w, balance, func(r *row) rank { return rank{r.value.Balance, r.id} })
		},
		func(w *world) query[app.User] { return scan(w, created, userCreated) },
		func(w *world) query[app.User] { return scan(w, nickname, byNickname) },
		func(w *world) query[app.User] {
			start := pick(w, words...)
			q := query[app.User]{text: " nickname begins with " + quote(start), where: []repo.Predicate[*app.User]{f.Nickname.Prefix(start)}, rank: byNickname,
				match: func(r *row) bool {
					return r.value.Nickname != "" && strings.HasPrefix(integrity.Fold(r.value.Nickname), integrity.Fold(start))
				}}
			return ordered(w, q, nickname)
		},
		func(w *world) query[app.User] {
			status := pick(w, app.Active, app.Blocked)
			q := query[app.User]{text: " status " + string(status), where: []repo.Predicate[*app.User]{f.Status.Eq(status)}, rank: userCreated,
				match: func(r *row) bool { return r.value.Status == status }}
			if w.chance(2) {
				q = within(w, q, created)
			}
			return ordered(w, q, created)
		},
	}
}

// lexText is text as it stands in a lex index: order and end survive any byte.
func lexText(s string) string {
	return strings.NewReplacer("\x00", "\x01\x01", "\x01", "\x01\x02").Replace(s)
}
