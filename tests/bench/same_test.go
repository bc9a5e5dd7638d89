package bench

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/internal/redisd"
)

// TestSameWork checks that what is compared does the same work: that the
// programs written by hand leave the same keys and values as the repository,
// and read the same records.
func TestSameWork(t *testing.T) {
	server := redisd.Shared(t)
	at := func(name string) *store {
		s, err := open(server.Options(), server.Prefix()+name+":")
		must(t, err)
		t.Cleanup(s.close)
		return s
	}
	generated := at("generated")
	must(t, generated.seed(ctx))
	a, b := first[:20], moved[:10]
	for i := range stored {
		if i >= len(a) {
			must(t, generated.accounts.Delete(ctx, ids[i]))
		}
	}
	for _, v := range b {
		must(t, generated.accounts.Save(ctx, v))
	}
	want := generated.dump(t)

	for name, write := range map[string]struct {
		create, save func(h hand, v *Account) error
		remove       func(h hand, id string) error
	}{
		"racy": {
			func(h hand, v *Account) error { return h.createRacy(ctx, v) },
			func(h hand, v *Account) error { return h.saveRacy(ctx, v) },
			func(h hand, id string) error { return h.deleteRacy(ctx, id) },
		},
		"watch": {
			func(h hand, v *Account) error { return h.createSafe(ctx, v) },
			func(h hand, v *Account) error { return h.saveSafe(ctx, v) },
			func(h hand, id string) error { return h.deleteSafe(ctx, id) },
		},
		"own-script": {
			func(h hand, v *Account) error { return h.saveScripted(ctx, v) },
			func(h hand, v *Account) error { return h.saveScripted(ctx, v) },
			func(h hand, id string) error { return h.deleteRacy(ctx, id) },
		},
		"pipelined": {
			func(h hand, v *Account) error { return h.load(ctx, []*Account{v}, 1) },
			func(h hand, v *Account) error { return h.saveRacy(ctx, v) },
			func(h hand, id string) error { return h.deleteSafe(ctx, id) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := at(name)
			for _, v := range first[:25] {
				must(t, write.create(s.hand, v))
			}
			for _, v := range b {
				must(t, write.save(s.hand, v))
			}
			for _, v := range first[20:25] {
				must(t, write.remove(s.hand, v.ID))
			}
			got := s.dump(t)
			same(t, "keys", slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
			for key := range want {
				same(t, key, want[key], got[key])
			}
			s.compareReads(t)
		})
	}
}

// compareReads checks that hand and repository read the same of one keyspace.
func (s *store) compareReads(t *testing.T) {
	t.Helper()
	list, err := s.accounts.GetMany(ctx, ids[:30]...)
	must(t, err)
	byHand, err := s.hand.getMany(ctx, ids[:30])
	must(t, err)
	same(t, "GetMany", list, byHand)

	v, err := s.accounts.Get(ctx, ids[3])
	must(t, err)
	scanned, err := s.hand.scan(ctx, ids[3])
	must(t, err)
	same(t, "Get", v, scanned)
	found, err := s.hand.getByEmail(ctx, v.Email)
	must(t, err)
	same(t, "GetByEmail", v, found)
}

// dump returns all that a keyspace holds, save when records were created.
func (s *store) dump(t *testing.T) map[string]any {
	t.Helper()
	content := map[string]any{}
	prefix := s.client.Prefix()
	keys := s.rdb.Scan(ctx, 0, prefix+"*", 1000).Iterator()
	for keys.Next(ctx) {
		key := keys.Val()
		name := strings.TrimPrefix(key, prefix)
		kind, err := s.rdb.Type(ctx, key).Result()
		must(t, err)
		if kind == "hash" {
			content[name], err = s.rdb.HGetAll(ctx, key).Result()
			must(t, err)
			continue
		}
		scores, err := s.rdb.ZRangeWithScores(ctx, key, 0, -1).Result()
		must(t, err)
		members := map[string]float64{}
		for _, z := range scores {
			members[z.Member.(string)] = z.Score
		}
		content[name] = members
		if key == s.hand.all() {
			content[name] = slices.Sorted(maps.Keys(members))
		}
	}
	must(t, keys.Err())
	return content
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		t.Errorf("%s:\nof the repository %+v\nby hand           %+v", what, want, got)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
