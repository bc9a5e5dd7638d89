package security

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/places"
)

// sessionID is the key of the session that stays.
var sessionID = uuid.MustParse("019a0000-0000-7000-8000-000000000007")

// user returns a record that is in every index of its entity.
func user(id string, n int) *app.User {
	return &app.User{
		ID: id, Username: "user " + id, Email: new(id + "@example.com"), Status: app.Active, Age: n, Tags: []string{"a", id}, Balance: float64(n),
		Nickname: "nick" + id, Password: []byte("hash"), Metadata: map[string]any{"n": n},
	}
}

func users(from, n int) []*app.User {
	list := make([]*app.User, n)
	for i := range list {
		list[i] = user(fmt.Sprint("u", from+i), from+i)
	}
	return list
}

// session returns a record that is in every index of its entity.
func session(id uuid.UUID) *app.Session {
	return &app.Session{ID: id, UserID: "u", Device: "d" + id.String(), Origin: "o", Hits: 3, LastSeen: time.Unix(9, 0)}
}

// writes returns operations of every kind that write. They leave records for
// reads.
func writes(client *repo.Client) []operation {
	u, s, tokens, shops := app.NewUsers(client), app.NewSessions(client), app.NewTokens(client), app.NewShops(client)
	f := app.UserFields
	second := func(_ any, err error) error { return err }
	list := []operation{
		{"Create", func(ctx context.Context) error { return u.Create(ctx, user("7", 7)) }},
		{"Create without a key", func(ctx context.Context) error { return u.Create(ctx, user("", 8)) }},
		{"Save", func(ctx context.Context) error { return u.Save(ctx, user("8", 8)) }},
		{"Update", func(ctx context.Context) error {
			v, err := u.Get(ctx, "8")
			if err == nil {
				v.Email = nil
				err = u.Update(ctx, v)
			}
			return err
		}},
		{"Patch", func(ctx context.Context) error {
			return u.Patch(ctx, "8", f.Age.Add(1), f.Username.Set("Other"), f.Tags.Clear(), f.Balance.Add(.5), f.Status.Set(app.Blocked))
		}},
		{"Mutate", func(ctx context.Context) error {
			return second(u.Mutate(ctx, "8", func(v *app.User) error { v.Nickname = "N"; return nil }))
		}},
		{"Mutate without a version", func(ctx context.Context) error {
			return second(shops.Mutate(ctx, "s3", func(v *app.Shop) error { v.Visits++; return nil }))
		}},
		{"CreateMany", func(ctx context.Context) error { return u.CreateMany(ctx, users(100, 150), repo.Parallel(2)) }},
		{"SaveMany", func(ctx context.Context) error { return u.SaveMany(ctx, users(200, 60)) }},
		{"DeleteMany", func(ctx context.Context) error { return u.DeleteMany(ctx, []string{"u100", "u101"}) }},
		{"Delete", func(ctx context.Context) error { return u.Delete(ctx, "u102") }},
		{"Query.Patch", func(ctx context.Context) error {
			return second(u.Where(f.Age.Between(120, 130), f.Tags.Has("a")).Patch(ctx, f.Logins.Add(1)))
		}},
		{"Query.Delete", func(ctx context.Context) error { return second(u.Where(f.Age.Between(105, 110)).Delete(ctx)) }},
		{"Create a session", func(ctx context.Context) error { return s.Create(ctx, session(sessionID)) }},
		{"Save with a TTL", func(ctx context.Context) error { return s.Save(ctx, session(sessionID), repo.TTL(2*time.Hour)) }},
		{"Save without a TTL", func(ctx context.Context) error { return s.Save(ctx, session(sessionID), repo.NoTTL()) }},
		{"Touch", func(ctx context.Context) error { return s.Touch(ctx, sessionID) }},
		{"Patch of the expiry", func(ctx context.Context) error {
			return s.Patch(ctx, sessionID, app.SessionFields.ExpiresAt.Set(time.Now().Add(time.Hour)))
		}},
		{"GetOrLoad", func(ctx context.Context) error {
			id := uuid.New()
			return second(s.GetOrLoad(ctx, id, func(context.Context, uuid.UUID) (*app.Session, error) { return session(id), nil }, repo.LoadOptions{}))
		}},
		{"GetOrLoad of nothing", func(ctx context.Context) error {
			_, err := s.GetOrLoad(ctx, uuid.New(), func(context.Context, uuid.UUID) (*app.Session, error) { return nil, repo.ErrNotFound }, repo.LoadOptions{})
			if errors.Is(err, repo.ErrNotFound) {
				return nil
			}
			return err
		}},
		{"Create a token", func(ctx context.Context) error { return tokens.Create(ctx, &app.Token{Number: 7, UserID: "u"}) }},
		{"Save a wallet", func(ctx context.Context) error {
			return app.NewWallets(client).Save(ctx, &app.Wallet{ID: "w", Owner: "o"}, repo.TTL(time.Hour))
		}},
		{"Save a membership", func(ctx context.Context) error {
			return app.NewMemberships(client).Save(ctx, &app.Membership{Group: "g", User: "u", Since: new(time.Unix(5, 0)), Rank: new(int32(1))})
		}},
		{"Health", func(ctx context.Context) error { return second(client.Health(ctx)) }},
		{"Batch", func(ctx context.Context) error {
			b := client.Batch()
			u.In(b).Save(user("9", 9))
			u.In(b).Patch("9", f.Age.Add(1))
			s.In(b).Touch(sessionID)
			s.In(b).Save(session(uuid.New()))
			u.In(b).Delete("9")
			return b.Run(ctx)
		}},
	}
	for i := range 40 {
		list = append([]operation{{fmt.Sprint("Save shop ", i), func(ctx context.Context) error {
			return shops.Save(ctx, &app.Shop{
				ID: fmt.Sprint("s", i), Name: fmt.Sprint("Shop ", i), City: "c", Kind: fmt.Sprint("k", i%2), Badges: []string{"b", fmt.Sprint(i)},
				Rating: float64(i % 5), Opened: time.Unix(int64(i), 0), Place: &repo.Point{Lat: float64(i), Lon: 10},
			})
		}}}, list...)
	}
	return append(list, placed(client)...)
}

// placed returns writes of entities in several shards.
func placed(client *repo.Client) []operation {
	invoices, ledgers := places.NewInvoices(client), places.NewLedgers(client)
	var list []operation
	for i := range 40 {
		list = append(list, operation{fmt.Sprint("Save invoice ", i), func(ctx context.Context) error {
			return invoices.Save(ctx, &places.Invoice{TenantID: fmt.Sprint("t", i), Number: int64(i), Reference: new("r"), State: "open", Cents: int64(i)})
		}})
	}
	accounts, tickets := places.NewAccounts(client), places.NewTickets(client)
	conversations, messages := places.NewConversations(client), places.NewMessages(client)
	account := func(n int) *places.Account {
		id := fmt.Sprint("a", n)
		return &places.Account{ID: id, Email: new(id + "@example.com"), Name: id, TenantID: "t", Slug: new(id), Status: "new", Age: n, Tags: []string{id}}
	}
	for i := range 20 {
		id := fmt.Sprint("c", i)
		list = append(list,
			operation{"Save account " + id, func(ctx context.Context) error { return accounts.Save(ctx, account(i)) }},
			operation{"Save ticket " + id, func(ctx context.Context) error {
				return tickets.Save(ctx, &places.Ticket{ID: id, Code: id, State: "open"})
			}},
			operation{"Save conversation " + id, func(ctx context.Context) error {
				return conversations.Save(ctx, &places.Conversation{ID: id, UserID: "u", Slug: new(id)})
			}},
			operation{"Save message of " + id, func(ctx context.Context) error {
				return messages.Save(ctx, &places.Message{ConversationID: id, ID: "1", Role: "user", External: new(id)})
			}})
	}
	return append(list,
		operation{"Rename an account", func(ctx context.Context) error {
			return accounts.Patch(ctx, "a7", places.AccountFields.Name.Set("Other"), places.AccountFields.Email.Clear())
		}},
		operation{"Delete an account", func(ctx context.Context) error { return accounts.Delete(ctx, "a8") }},
		operation{"Save accounts", func(ctx context.Context) error {
			return accounts.SaveMany(ctx, []*places.Account{account(3), account(4), account(30)})
		}},
		operation{"Delete a ticket", func(ctx context.Context) error { return tickets.Delete(ctx, "c7") }},
		operation{"Delete a message", func(ctx context.Context) error {
			return messages.Delete(ctx, places.MessageKey{ConversationID: "c7", ID: "1"})
		}},
		operation{"Save a ledger", func(ctx context.Context) error { return ledgers.Save(ctx, &places.Ledger{ID: "l", Name: "n"}) }},
		operation{"Patch invoices", func(ctx context.Context) error {
			_, err := invoices.Where(places.InvoiceFields.State.Eq("open")).Limit(5).Patch(ctx, places.InvoiceFields.Cents.Add(1))
			return err
		}})
}

// reads returns operations of every kind that read, of what writes has left.
func reads(client *repo.Client) []operation {
	u, s, shops := app.NewUsers(client), app.NewSessions(client), app.NewShops(client)
	invoices := places.NewInvoices(client)
	f, g := app.UserFields, app.ShopFields
	here := repo.Point{Lat: 5, Lon: 10}
	second := func(_ any, err error) error { return err }
	list := []operation{
		{"Get", func(ctx context.Context) error { return second(u.Get(ctx, "7")) }},
		{"GetMany", func(ctx context.Context) error { return second(u.GetMany(ctx, "7", "nobody")) }},
		{"Get of nobody", func(ctx context.Context) error {
			if _, err := u.Get(ctx, "nobody"); !errors.Is(err, repo.ErrNotFound) {
				return fmt.Errorf("found: %w", err)
			}
			return nil
		}},
		{"Exists", func(ctx context.Context) error { return second(u.Exists(ctx, "7")) }},
		{"TTL", func(ctx context.Context) error { return second(s.TTL(ctx, sessionID)) }},
		{"GetBy", func(ctx context.Context) error { return second(u.GetByUsername(ctx, "USER 7")) }},
		{"GetBy group", func(ctx context.Context) error {
			return second(s.GetByDeviceAndOrigin(ctx, "d"+sessionID.String(), "o"))
		}},
		{"Batch", func(ctx context.Context) error {
			b := client.Batch()
			u.In(b).Get("7")
			s.In(b).Get(sessionID)
			return b.Run(ctx)
		}},
		{"Get of an invoice", func(ctx context.Context) error {
			return second(invoices.Get(ctx, places.InvoiceKey{TenantID: "t7", Number: 7}))
		}},
	}
	for name, q := range map[string]*repo.Query[*app.User, string]{
		"all":                       u.Where(),
		"all, descending":           u.Where().OrderBy(f.CreatedAt.Desc()),
		"a unique value":            u.Where(f.Username.Eq("user 7")),
		"a status":                  u.Where(f.Status.Eq(app.Active)),
		"statuses, in order":        u.Where(f.Status.In(app.Active, app.Blocked)).OrderBy(f.CreatedAt.Desc()),
		"two conditions":            u.Where(f.Status.Eq(app.Active), f.Age.Between(150, 200)),
		"three conditions":          u.Where(f.Tags.Has("a"), f.Age.Gte(10), f.Balance.Lt(190)),
		"a range":                   u.Where(f.Age.Between(120, 190)),
		"a range, descending":       u.Where(f.Age.Gte(3)).OrderBy(f.Age.Desc()),
		"a prefix":                  u.Where(f.Nickname.Prefix("NICKu1")),
		"a prefix, descending":      u.Where(f.Nickname.Prefix("nick")).OrderBy(f.Nickname.Desc()),
		"either":                    u.Where(repo.Or(f.Age.Gt(200), f.Tags.Has("u150"))),
		"not":                       u.Where(repo.Not(f.Status.Eq(app.Blocked))),
		"sorted by another field":   u.Where(f.Tags.Has("a"), f.Age.Between(150, 160)).OrderBy(f.Balance.Desc()),
		"sorted by yet another one": u.Where(f.Age.Between(150, 160)).OrderBy(f.Nickname.Asc()),
	} {
		list = append(list, queries("users: "+name, q)...)
	}
	for name, q := range map[string]*repo.Query[*app.Shop, string]{
		"near":                shops.Where(g.Place.Within(here, 500_000)),
		"near, by distance":   shops.Where(g.Place.Within(here, 900_000)).OrderBy(g.Place.Nearest(here)),
		"a box":               shops.Where(g.Place.InBox(repo.Point{Lat: 1, Lon: 9}, repo.Point{Lat: 9, Lon: 11})),
		"near, by rating":     shops.Where(g.Place.Within(here, 900_000), g.Kind.Eq("k1")).OrderBy(g.Rating.Desc()),
		"a city by rating":    shops.Where(g.City.Eq("c")).OrderBy(g.Rating.Desc()),
		"badges":              shops.Where(g.Badges.HasAny("b", "7")).OrderBy(g.Name.Desc()),
		"nobody's":            shops.Where(g.Owner.IsNil(), g.Kind.Eq("k1")),
		"opened by rating":    shops.Where(g.Opened.Gte(time.Unix(3, 0)), g.Rating.Gte(1)).OrderBy(g.Rating.Asc()),
		"kinds, one or other": shops.Where(g.Kind.In("k0", "k1")).OrderBy(g.Opened.Desc()),
	} {
		list = append(list, queries("shops: "+name, q)...)
	}
	list = append(list, queries("sessions", s.Where(app.SessionFields.UserID.Eq("u")))...)
	list = append(list, queries("sessions in order", s.Where(app.SessionFields.UserID.Eq("u")).OrderBy(app.SessionFields.LastSeen.Desc()))...)
	list = append(list, queries("all sessions", s.Where())...)
	list = append(list, queries("invoices", invoices.Where(places.InvoiceFields.State.Eq("open")))...)
	list = append(list, operation{"GetBy of an account", func(ctx context.Context) error {
		return second(places.NewAccounts(client).GetByEmail(ctx, "a3@example.com"))
	}}, operation{"GetBy of a ticket", func(ctx context.Context) error { return second(places.NewTickets(client).GetByCode(ctx, "c3")) }})
	list = append(list, queries("accounts", places.NewAccounts(client).Where(places.AccountFields.Age.Gte(3)).OrderBy(places.AccountFields.Age.Desc()))...)
	list = append(list, queries("tickets", places.NewTickets(client).Where(places.TicketFields.State.Eq("open")))...)
	list = append(list, queries("messages", places.NewMessages(client).Where(places.MessageFields.ConversationID.Eq("c3")))...)
	list = append(list, queries("invoices of a tenant", invoices.Where(places.InvoiceFields.TenantID.Eq("t7")))...)
	return list
}

// queries returns all that can be asked of a query.
func queries[T any, K comparable](name string, q *repo.Query[T, K]) []operation {
	ask := func(what string, call func(context.Context) error) operation {
		return operation{name + ": " + what, call}
	}
	return []operation{
		ask("Page", func(ctx context.Context) error { _, err := q.Limit(3).Page(ctx); return err }),
		ask("all pages", func(ctx context.Context) error {
			for at, pages := q.Limit(7), 0; pages < 5; pages++ {
				page, err := at.Page(ctx)
				if err != nil || page.Next == "" {
					return err
				}
				if page.Prev != "" {
					if _, err := q.Limit(7).Before(page.Prev).Page(ctx); err != nil {
						return err
					}
				}
				at = q.Limit(7).After(page.Next)
			}
			return nil
		}),
		ask("All", func(ctx context.Context) error {
			for _, err := range q.Limit(200).All(ctx) {
				if err != nil {
					return err
				}
			}
			return nil
		}),
		ask("IDs", func(ctx context.Context) error {
			for _, err := range q.Limit(200).IDs(ctx) {
				if err != nil {
					return err
				}
			}
			return nil
		}),
		ask("First", func(ctx context.Context) error {
			if _, err := q.First(ctx); !errors.Is(err, repo.ErrNotFound) {
				return err
			}
			return nil
		}),
		ask("Exists", func(ctx context.Context) error { _, err := q.Exists(ctx); return err }),
		ask("Count", func(ctx context.Context) error { _, err := q.Count(ctx); return err }),
		ask("Explain", func(ctx context.Context) error { _, err := q.Explain(ctx); return err }),
	}
}
