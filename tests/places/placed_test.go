package places_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
)

// crate is a record that is placed as a test wants it.
type crate struct{ Place, ID string }

type crateKey = crate

const crateScript = `
local version, created, updated = nil, nil, nil
local expires, retry = nil, false
local fields, names = { 'place', 'id' }, { 'place', 'id' }
local function named(values) return { place = values[1] or false, id = values[2] or false } end
local far, parents = nil, nil
local function conflict() end
local function move(id, old, new)
  if new.id and not old.id then list(id) elseif old.id and not new.id then remove('a', id) end
end
`

// crates returns the description of crates in so many shards, by some parts of the
// key, in those of another entity if home has a name.
func crates(shards int, home string, by ...int) *repo.Entity[*crate, crateKey] {
	return &repo.Entity[*crate, crateKey]{
		Name: "crates", Type: "crate", Shards: shards, Home: home, ShardKey: by, Script: crateScript,
		Fields: []repo.FieldInfo{
			{Name: "place", Kind: repo.KindString, Role: repo.RoleKey},
			{Name: "id", Kind: repo.KindString, Role: repo.RoleKey},
		},
		New: func() *crate { return new(crate) },
		ID:  func(k crateKey) (string, error) { return repo.NewID(2).String(k.Place).String(k.ID).Join() },
		Parse: func(id string) (crateKey, error) {
			r := repo.ReadID(id, 2)
			return crate{r.String(), r.String()}, r.Err()
		},
		Key:    func(c *crate) crateKey { return *c },
		Encode: func(row *repo.Row, c *crate) { row.String(c.Place); row.String(c.ID) },
		Decode: func(r repo.Reader, c *crate) error { c.Place, c.ID = r.String(), r.String(); return r.Err() },
	}
}

// A program that places records otherwise than the keyspace has them is refused,
// whatever it does, and changes nothing.
func TestPlacementThatDiffers(t *testing.T) {
	ways := map[string]*repo.Entity[*crate, crateKey]{
		"1": crates(0, ""), "16": crates(16, ""), "8": crates(8, ""), "16 by place": crates(16, "", 0), "16 by id": crates(16, "", 1),
		"16 in accounts": crates(16, "accounts"), "1 in ledgers": crates(0, "ledgers"),
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, client *repo.Client) {
				own := repo.NewRepository(client, way)
				key := crate{"p", "7"}
				must(t, own.Create(t.Context(), &key))
				before := dump(t, client)
				for other, entity := range ways {
					r := repo.NewRepository(client, entity)
					want := repo.ErrPlacement
					if other == name {
						want = nil
					}
					for what, err := range attempts(t, client, &r, key) {
						if !errors.Is(err, want) {
							t.Errorf("%s as %s: %v, want %v", what, other, err, want)
						}
					}
				}
				if after := dump(t, client); !maps.Equal(after, before) {
					t.Errorf("the keyspace was\n%v\nand is\n%v", before, after)
				}
			})
		})
	}
}

// attempts returns the errors of what can be done to a crate that is there, and leaves
// it as it is.
func attempts(t *testing.T, client *repo.Client, r *repo.Repository[*crate, crateKey], key crateKey) map[string]error {
	t.Helper()
	ctx := t.Context()
	errs := map[string]error{}
	_, errs["Get"] = r.Get(ctx, key)
	_, errs["GetMany"] = r.GetMany(ctx, key)
	_, errs["Exists"] = r.Exists(ctx, key)
	_, errs["Count"] = r.Where().Count(ctx)
	_, errs["Page"] = r.Where().Page(ctx)
	errs["Save"] = r.Save(ctx, &key)
	errs["SaveMany"] = r.SaveMany(ctx, []*crate{&key})
	b := client.Batch()
	got := r.In(b).Get(key)
	_ = b.Run(ctx)
	errs["Batch"] = got.Err
	return errs
}

// dump returns what a client's keyspace has, by key.
func dump(t *testing.T, client *repo.Client) map[string]string {
	t.Helper()
	ctx, rdb, all := context.Background(), testclient.Admin(client), map[string]string{}
	list, err := testclient.Keys(ctx, rdb, client.Prefix())
	must(t, err)
	for _, key := range list {
		switch rdb.Type(ctx, key).Val() {
		case "hash":
			all[key] = fmt.Sprint(rdb.HGetAll(ctx, key).Val())
		case "zset":
			all[key] = fmt.Sprint(rdb.ZRangeWithScores(ctx, key, 0, -1).Val())
		default:
			all[key] = rdb.Get(ctx, key).Val()
		}
	}
	return all
}
