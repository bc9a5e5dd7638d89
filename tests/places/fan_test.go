package places_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/places"
)

// tags notes the hash tags of the keys in commands.
type tags struct {
	mu  sync.Mutex
	has map[string]bool
}

var tag = regexp.MustCompile(`\{([^}]+)\}`)

func (h *tags) look(cmds ...redis.Cmder) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, cmd := range cmds {
		for _, arg := range cmd.Args() {
			text := fmt.Sprint(arg)
			if p, ok := arg.(*string); ok {
				text = *p
			}
			if m := tag.FindStringSubmatch(text); m != nil && len(text) < 200 { // no script
				h.has[m[1]] = true
			}
		}
	}
}

func (h *tags) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *tags) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { h.look(cmd); return next(ctx, cmd) }
}

func (h *tags) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { h.look(cmds...); return next(ctx, cmds) }
}

// touched returns the tags that f's commands have.
func (h *tags) touched(f func()) map[string]bool {
	h.mu.Lock()
	h.has = map[string]bool{}
	h.mu.Unlock()
	f()
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.has
}

// Queries that name the shard key ask its shards and no others.
func TestShardsThatQueriesAsk(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		invoices, f := places.NewInvoices(client), places.InvoiceFields
		var list []*places.Invoice
		for i := range 400 {
			list = append(list, &places.Invoice{TenantID: fmt.Sprint("t", i%40), Number: int64(i), Cents: int64(i), State: "open"})
		}
		must(t, invoices.CreateMany(t.Context(), list))
		hook := &tags{has: map[string]bool{}}
		client.Redis().AddHook(hook)
		shardsOf := func(tenants ...string) map[string]bool {
			want := map[string]bool{}
			for _, tenant := range tenants {
				want[placement.Tag("invoices", placement.Shard(tenant, 16), 16)] = true
			}
			return want
		}
		everywhere := map[string]bool{}
		for _, tag := range placement.Tags("invoices", 16) {
			everywhere[tag] = true
		}
		for name, c := range map[string]struct {
			q    *repo.Query[*places.Invoice, places.InvoiceKey]
			want map[string]bool
			n    int64
		}{
			"one tenant":             {invoices.Where(f.TenantID.Eq("t7")), shardsOf("t7"), 10},
			"one tenant, in order":   {invoices.Where(f.TenantID.Eq("t7")).OrderBy(f.Cents.Desc()), shardsOf("t7"), 10},
			"one tenant and a state": {invoices.Where(f.State.Eq("open"), f.TenantID.Eq("t3"), f.Cents.Gte(0)), shardsOf("t3"), 10},
			"three tenants":          {invoices.Where(f.TenantID.In("t1", "t2", "t3")), shardsOf("t1", "t2", "t3"), 30},
			"all":                    {invoices.Where(), everywhere, 400},
			"a state":                {invoices.Where(f.State.Eq("open")), everywhere, 400},
		} {
			e, err := c.q.Explain(t.Context())
			if err != nil || e.Shards != len(c.want) {
				t.Errorf("%s: asks %d shards, %v, want %d", name, e.Shards, err, len(c.want))
			}
			got := hook.touched(func() {
				n := int64(0)
				for i, err := range c.q.All(t.Context()) {
					must(t, err)
					if n++; !strings.HasPrefix(i.TenantID, "t") {
						t.Errorf("%s: %+v", name, i)
					}
				}
				if n != c.n {
					t.Errorf("%s: %d records, want %d", name, n, c.n)
				}
				if n, err := c.q.Count(t.Context()); n != c.n || err != nil {
					t.Errorf("%s: Count = %d, %v, want %d", name, n, err, c.n)
				}
			})
			for tag := range got {
				if !c.want[tag] {
					t.Errorf("%s: asks %s", name, tag)
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("%s: asks %d shards, want %d", name, len(got), len(c.want))
			}
		}
	})
}

// A cursor belongs to its query, and to the shards that it asks.
func TestCursorsOfOtherQueries(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		accounts, f := places.NewAccounts(client), places.AccountFields
		must(t, accounts.CreateMany(t.Context(), crowd(100)))
		queries := map[string]*repo.Query[*places.Account, string]{
			"all": accounts.Where(), "by age": accounts.Where().OrderBy(f.Age.Asc()), "a status": accounts.Where(f.Status.Eq("new")),
			"oldest": accounts.Where().OrderBy(f.Age.Desc()), "some ages": accounts.Where(f.Age.Lt(50)),
		}
		for from, q := range queries {
			page, err := q.Limit(5).Page(t.Context())
			must(t, err)
			for to, other := range queries {
				_, err := other.Limit(5).After(page.Next).Page(t.Context())
				if to == from {
					must(t, err)
				} else {
					wantErr(t, "a cursor of "+from+" for "+to, err, repo.ErrCursor)
				}
			}
		}
	})
}

// Entries of one score are paged through in all shards.
func TestPagesOfTies(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		accounts, f := places.NewAccounts(client), places.AccountFields
		list := crowd(700)
		for _, a := range list {
			a.Age = 7
		}
		must(t, accounts.CreateMany(t.Context(), list))
		for name, q := range map[string]*repo.Query[*places.Account, string]{
			"ascending": accounts.Where().OrderBy(f.Age.Asc()), "descending": accounts.Where().OrderBy(f.Age.Desc()),
			"no order": accounts.Where(f.Age.Eq(7)),
		} {
			seen, last := map[string]bool{}, ""
			for q := q.Limit(30); ; {
				page, err := q.Page(t.Context())
				must(t, err)
				for _, a := range page.Items {
					if seen[a.ID] || name == "ascending" && a.ID < last || name == "descending" && last != "" && a.ID > last {
						t.Errorf("%s: %s comes after %s", name, a.ID, last)
					}
					seen[a.ID], last = true, a.ID
				}
				if page.Next == "" {
					break
				}
				q = q.After(page.Next)
			}
			if len(seen) != len(list) {
				t.Errorf("%s: %d of %d records", name, len(seen), len(list))
			}
		}
	})
}

// Entries whose records another program has deleted go as pages meet them.
func TestPagesOfWhatIsGone(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		accounts, f := places.NewAccounts(client), places.AccountFields
		list := crowd(200)
		must(t, accounts.CreateMany(t.Context(), list))
		for i, a := range list {
			if i%10 > 0 {
				tag := placement.Tag("accounts", placement.Shard(a.ID, 16), 16)
				must(t, testclient.Admin(client).Del(t.Context(), client.Prefix()+"{"+tag+"}:r:"+a.ID).Err())
			}
		}
		for name, q := range map[string]*repo.Query[*places.Account, string]{
			"all": accounts.Where(), "by age": accounts.Where().OrderBy(f.Age.Asc()), "a tag": accounts.Where(f.Tags.Has("all")),
			"latest": accounts.Where().OrderBy(f.CreatedAt.Desc()),
		} {
			n := 0
			for q := q.Limit(3); ; {
				page, err := q.Page(t.Context())
				must(t, err)
				if n += len(page.Items); page.Next == "" {
					break
				}
				q = q.After(page.Next)
			}
			if n != 20 {
				t.Errorf("%s: %d records", name, n)
			}
			if n, err := q.Count(t.Context()); n != 20 || err != nil {
				t.Errorf("%s: Count = %d, %v", name, n, err)
			}
		}
	})
}

// crowd returns n accounts.
func crowd(n int) (list []*places.Account) {
	for i := range n {
		list = append(list, &places.Account{
			ID: fmt.Sprintf("%04d", i), Email: new(fmt.Sprint(i, "@example.com")), Name: fmt.Sprint("name", i), TenantID: fmt.Sprint(i % 3),
			Slug: new(fmt.Sprint(i)), Status: []string{"new", "active"}[i%2], Age: i % 100, Tags: []string{"all"},
		})
	}
	return list
}
