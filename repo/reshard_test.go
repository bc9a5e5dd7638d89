package repo

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/internal/redisd"
)

// While a slot moves, no node carries out a script, whichever of its keys are
// there. Before and after, the script sees no other keys than its own.
func TestScriptsWaitForTheirSlot(t *testing.T) {
	t.Parallel()
	cluster := redisd.StartCluster(t)
	client, _ := open(t, Config{Addrs: cluster.Addrs(), Prefix: cluster.Prefix(), MaxRetries: -1, SweepInterval: -1})
	base, slot := cluster.Prefix()+"{users}:", placement.Slot("users")
	from := cluster.Primary(slot)
	to := cluster.Primaries()[0]
	if to == from {
		to = cluster.Primaries()[1]
	}
	node := func(s *redisd.Server, args ...any) string {
		t.Helper()
		reply, err := s.Client().Do(t.Context(), args...).Result()
		if err != nil {
			t.Fatal(args, err)
		}
		return fmt.Sprint(reply)
	}
	script := putTogether("", []string{scriptBase, "call('INCR', base .. 'runs')\nreturn #KEYS"})
	sets := [][]string{{base + "there"}, {base + "new"}, {base + "runs"}, {base + "there", base + "runs"}, {base + "there", base + "new"}}
	run := func(keys []string) (string, error) {
		args := newArgs(1, keys...)
		args.add(base)
		return client.do(t.Context(), &call{script: script, keys: keys, args: args.args, write: true})
	}
	all := func(when string) {
		t.Helper()
		for _, keys := range sets {
			if reply, err := run(keys); err != nil || reply != fmt.Sprintf(":%d\r\n", len(keys)) {
				t.Errorf("%s, %q: %q, %v", when, keys, reply, err)
			}
		}
	}
	none := func(when string) {
		t.Helper()
		for _, keys := range sets {
			if _, err := run(keys); err == nil || !strings.HasPrefix(err.Error(), "TRYAGAIN ") {
				t.Errorf("%s, %q: %v, want TRYAGAIN", when, keys, err)
			}
		}
	}
	node(from, "set", base+"there", "v")
	all("before")
	node(to, "cluster", "setslot", slot, "importing", node(from, "cluster", "myid"))
	node(from, "cluster", "setslot", slot, "migrating", node(to, "cluster", "myid"))
	none("at first")
	node(from, "migrate", "127.0.0.1", to.Port(), base+"there", 0, 5000)
	none("with one key there and one here")
	node(from, "migrate", "127.0.0.1", to.Port(), base+"runs", 0, 5000)
	none("with all keys there")
	for _, s := range []*redisd.Server{to, from} {
		node(s, "cluster", "setslot", slot, "node", node(to, "cluster", "myid"))
	}
	all("after")
	if runs := node(to, "get", base+"runs"); runs != fmt.Sprint(2*len(sets)) {
		t.Errorf("the script ran %s times, want %d", runs, 2*len(sets))
	}
}
