package security

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/places"
)

// pieces are what hostile ids and values are made of.
var pieces = []string{
	"", "a", "A", "é", "e\u0301", ":", "{", "}", "{}", "}{", "{a}:", "}:r:", "app:{users}:r:", "*", "?", "[a-z]", "^", `\`, `\x00`, "\x00", "\x00\x00", "\n", "\r\n",
	"$-1\r\n", "*3\r\n$3\r\nSET\r\n", "+OK\r\n", " ", "\t", "\xff", "\xff\xfe", "\xc3", "\ufffd", "%z", "%s%d", "1:a", "10:", "0", "-1", "(", "[", "+", "-", "+inf", "~", "~name",
	"'", `"`, "]]", "--", "']); redis.call('FLUSHALL') --", "../", "\u202e", "\u0000", strings.Repeat("x", 10_000),
}

// hostile returns n different strings made of pieces, each piece among them.
func hostile(r *rand.Rand, n int) []string {
	list := slices.Clone(pieces)
	for len(list) < n {
		var b strings.Builder
		for range 1 + r.IntN(4) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		list = append(list, b.String())
	}
	slices.Sort(list)
	list = slices.Compact(list)
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return slices.DeleteFunc(list, func(s string) bool { return s == "" || len(s) > 16<<10 })
}

// random returns a source of random numbers. Its seed is printed if the test
// fails, and taken from SECURITY_SEED if that is set.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	seed := maphash.String(maphash.MakeSeed(), "")
	if text := os.Getenv("SECURITY_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		must(t, err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to repeat: SECURITY_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// alone opens a client on a server of its own.
func alone(t *testing.T) (*repo.Client, *redis.Client) {
	t.Helper()
	server := redisd.Start(t)
	client, err := repo.Open(t.Context(), repo.Config{Addrs: []string{server.Addr()}, Prefix: "app:", SweepInterval: -1, MaxIDSize: 64 << 10})
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client, server.Client()
}

// wantKeys fails the test if there is a key that begins with none of the prefixes.
func wantKeys(t *testing.T, rdb *redis.Client, prefixes ...string) {
	t.Helper()
	keys, err := rdb.Keys(t.Context(), "*").Result()
	must(t, err)
	for _, key := range keys {
		if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) }) {
			t.Errorf("there is a key %.100q", key)
		}
	}
}

// text returns s if JSON can hold it.
func text(s string) []string {
	if !utf8.ValidString(s) {
		return nil
	}
	return []string{s, s + "2"}
}

// Whatever bytes ids and values have, every operation finds the record it is for
// and no other.
func TestHostileUsers(t *testing.T) {
	client, admin := alone(t)
	users, f := app.NewUsers(client), app.UserFields
	ctx := t.Context()
	texts := hostile(random(t), 120)
	record := func(i int) *app.User {
		s := texts[i]
		u := user(s, i)
		u.Username, u.Email, u.Nickname, u.Tags = fmt.Sprint(i, s), &texts[i], s, text(s)
		u.Password, u.Metadata = []byte(s), nil
		return u
	}
	var all []*app.User
	for i := range texts {
		all = append(all, record(i))
	}
	must(t, users.CreateMany(ctx, all[:40]))
	must(t, users.SaveMany(ctx, all[40:80]))
	b := client.Batch()
	for _, u := range all[80:] {
		users.In(b).Save(u)
	}
	must(t, b.Run(ctx))

	for i, s := range texts {
		is := func(what string, got *app.User, err error) {
			t.Helper()
			if err != nil || got == nil || got.ID != s || got.Nickname != s || *got.Email != s || string(got.Password) != s {
				t.Errorf("%s of %.60q: %v, %v", what, s, got, err)
			}
		}
		got, err := users.Get(ctx, s)
		is("Get", got, err)
		got, err = users.GetByEmail(ctx, s)
		is("GetByEmail", got, err)
		got, err = users.GetByUsername(ctx, strings.ToUpper(fmt.Sprint(i))+s)
		is("GetByUsername", got, err)
		got, err = users.Where(f.Email.Eq(s)).One(ctx)
		is("Where", got, err)
		got, err = users.Where(f.Age.Eq(i), f.Nickname.Eq(s)).One(ctx)
		is("Where nickname", got, err)
		got, err = users.Where(f.Age.Eq(i), f.Nickname.Prefix(s)).One(ctx)
		is("Prefix", got, err)
		if tags := text(s); tags != nil {
			got, err = users.Where(f.Age.Eq(i), f.Tags.HasAll(tags...)).One(ctx)
			is("Tags", got, err)
		}
		if err := users.Create(ctx, record(i)); !errors.Is(err, repo.ErrExists) {
			t.Errorf("Create of %.60q: %v", s, err)
		}
		thief := user("thief", 1)
		thief.Email = &texts[i]
		var unique *repo.UniqueError
		if err := users.Create(ctx, thief); !errors.As(err, &unique) || unique.Owner != s || unique.Value != s {
			t.Errorf("a value of %.60q: %v", s, err)
		}
		must(t, users.Patch(ctx, s, f.Logins.Add(2), f.Nickname.Set(s)))
		if _, err := users.Mutate(ctx, s, func(u *app.User) error { u.Logins++; return nil }); err != nil {
			t.Errorf("Mutate of %.60q: %v", s, err)
		}
	}
	wantPages(t, users.Where().OrderBy(f.Nickname.Asc()), texts)
	wantPages(t, users.Where().OrderBy(f.Age.Desc()), texts)
	wantPages(t, users.Where(f.Status.Eq(app.Active)), texts)
	wantPages(t, users.Where(f.Age.Gte(0), f.Status.Eq(app.Active)), texts)
	wantKeys(t, admin, "app:{users}:")

	must(t, users.DeleteMany(ctx, texts[:50]))
	for _, s := range texts[50:70] {
		must(t, users.Delete(ctx, s))
	}
	if p, err := users.Where(f.Age.Gte(70)).Delete(ctx); err != nil || p.Done != int64(len(texts)-70) {
		t.Errorf("Delete: %+v, %v", p, err)
	}
	wantKeys(t, admin)
}

// wantPages fails the test if a query does not find each of the ids once, page by
// page, forward and back.
func wantPages(t *testing.T, q *repo.Query[*app.User, string], want []string) {
	t.Helper()
	var ids, back []string
	for at := q.Limit(7); ; {
		page, err := at.Page(t.Context())
		must(t, err)
		for _, u := range page.Items {
			ids = append(ids, u.ID)
		}
		if page.Next != "" {
			at = q.Limit(7).After(page.Next)
			continue
		}
		for page.Prev != "" {
			page, err = q.Limit(7).Before(page.Prev).Page(t.Context())
			must(t, err)
			for _, u := range page.Items {
				back = append(back, u.ID)
			}
		}
		break
	}
	if !slices.Equal(slices.Sorted(slices.Values(ids)), slices.Sorted(slices.Values(want))) {
		t.Errorf("%d records by pages, want %d", len(ids), len(want))
	}
	for _, id := range back {
		if !slices.Contains(ids, id) {
			t.Errorf("%.60q on the way back only", id)
		}
	}
	if n, err := q.Count(t.Context()); err != nil || n != int64(len(want)) {
		t.Errorf("Count = %d, %v, want %d", n, err, len(want))
	}
}

// The parts of a composite key, and the values of a group, do not run into each
// other.
func TestHostileParts(t *testing.T) {
	client, admin := alone(t)
	members, f := app.NewMemberships(client), app.MembershipFields
	invoices := places.NewInvoices(client)
	ctx, texts := t.Context(), hostile(random(t), 90)
	for i, s := range texts {
		next := texts[(i+1)%len(texts)]
		must(t, members.Create(ctx, &app.Membership{Group: s, User: next}))
		must(t, members.Create(ctx, &app.Membership{Group: s, User: s + next}))
		must(t, invoices.Create(ctx, &places.Invoice{TenantID: s, Number: 1, Reference: &next, State: s}))
	}
	for i, s := range texts {
		next := texts[(i+1)%len(texts)]
		if m, err := members.Get(ctx, app.MembershipKey{Group: s, User: next}); err != nil || m.Group != s || m.User != next {
			t.Errorf("Get of %.40q, %.40q: %v, %v", s, next, m, err)
		}
		if n, err := members.Where(f.Group.Eq(s)).Count(ctx); n != 2 || err != nil {
			t.Errorf("the group %.60q has %d members, %v", s, n, err)
		}
		if in, err := invoices.GetByTenantIDAndReference(ctx, s, next); err != nil || in.TenantID != s || *in.Reference != next {
			t.Errorf("the invoice of %.40q, %.40q: %v, %v", s, next, in, err)
		}
		if n, err := invoices.Where(places.InvoiceFields.State.Eq(s)).Count(ctx); n != 1 || err != nil {
			t.Errorf("%d invoices in state %.60q, %v", n, s, err)
		}
		must(t, members.Delete(ctx, app.MembershipKey{Group: s, User: next}))
	}
	wantKeys(t, admin, "app:{memberships}:", "app:{invoices.", "app:{invoices}:p")
	if p, err := members.Where().Delete(ctx); err != nil || p.Done != int64(len(texts)) {
		t.Errorf("Delete: %+v, %v", p, err)
	}
	if p, err := invoices.Where().Delete(ctx); err != nil || p.Done != int64(len(texts)) {
		t.Errorf("Delete: %+v, %v", p, err)
	}
	wantKeys(t, admin, "app:{invoices}:p")
}

// In several shards, ids and claims are found where they were put.
func TestHostileShards(t *testing.T) {
	client, admin := alone(t)
	accounts, messages, conversations := places.NewAccounts(client), places.NewMessages(client), places.NewConversations(client)
	ctx, texts := t.Context(), hostile(random(t), 90)
	for i, s := range texts {
		must(t, accounts.Create(ctx, &places.Account{ID: s, Email: &s, Name: fmt.Sprint(i, s), TenantID: s, Slug: &s, Status: s, Tags: text(s)}))
		must(t, conversations.Create(ctx, &places.Conversation{ID: s, UserID: s, Slug: &s}))
		must(t, messages.Create(ctx, &places.Message{ConversationID: s, ID: s, Role: s, External: &s}))
	}
	for _, s := range texts {
		if a, err := accounts.GetByEmail(ctx, s); err != nil || a.ID != s {
			t.Errorf("GetByEmail %.60q: %v, %v", s, a, err)
		}
		if a, err := accounts.GetByTenantIDAndSlug(ctx, s, s); err != nil || a.ID != s {
			t.Errorf("GetByTenantIDAndSlug %.60q: %v, %v", s, a, err)
		}
		if err := accounts.Create(ctx, &places.Account{ID: "thief", Email: &s, Name: "thief"}); !errors.Is(err, repo.ErrUnique) {
			t.Errorf("the email of %.60q: %v", s, err)
		}
		if a, err := accounts.Where(places.AccountFields.Status.Eq(s)).One(ctx); err != nil || a.ID != s {
			t.Errorf("status %.60q: %v, %v", s, a, err)
		}
		if m, err := messages.Get(ctx, places.MessageKey{ConversationID: s, ID: s}); err != nil || m.Role != s {
			t.Errorf("message of %.60q: %v, %v", s, m, err)
		}
		if m, err := messages.Where(places.MessageFields.ConversationID.Eq(s)).One(ctx); err != nil || m.ID != s {
			t.Errorf("messages of %.60q: %v, %v", s, m, err)
		}
	}
	wantKeys(t, admin, "app:{accounts.", "app:{accounts}:p", "app:{conversations.", "app:{conversations}:p", "app:{messages}:p")
	for _, s := range texts {
		must(t, messages.Delete(ctx, places.MessageKey{ConversationID: s, ID: s}))
	}
	if p, err := accounts.Where().Delete(ctx); err != nil || p.Done != int64(len(texts)) {
		t.Errorf("Delete: %+v, %v", p, err)
	}
	if n, err := accounts.Where().Count(ctx); n != 0 || err != nil {
		t.Errorf("%d accounts are left, %v", n, err)
	}
}

// Cursors that somebody has made up are refused, and lead nowhere else.
func TestHostileCursors(t *testing.T) {
	client, _ := alone(t)
	users, f := app.NewUsers(client), app.UserFields
	must(t, users.CreateMany(t.Context(), users20()))
	page, err := users.Where(f.Status.Eq(app.Active)).Limit(3).Page(t.Context())
	must(t, err)
	r := random(t)
	for _, s := range append(hostile(r, 120), page.Next[:len(page.Next)-3], page.Next+"AAAA", strings.Repeat(page.Next, 100), page.Next[4:]) {
		if s == "" {
			continue
		}
		got, err := users.Where(f.Status.Eq(app.Active)).Limit(3).After(s).Page(t.Context())
		if err == nil {
			for _, u := range got.Items {
				if u.Status != app.Active {
					t.Errorf("cursor %.60q leads to %v", s, u)
				}
			}
		} else if !errors.Is(err, repo.ErrCursor) {
			t.Errorf("cursor %.60q: %v", s, err)
		}
	}
	if _, err := users.Where(f.Age.Gte(1)).After(page.Next).Page(t.Context()); !errors.Is(err, repo.ErrCursor) {
		t.Errorf("the cursor of another query: %v", err)
	}
}

func users20() []*app.User {
	list := users(0, 20)
	for i, u := range list {
		if i%2 == 0 {
			u.Status = app.Blocked
		}
	}
	return list
}
