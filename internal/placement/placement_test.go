package placement_test

import (
	"fmt"
	"testing"

	"github.com/redisgen/redisgen/internal/placement"
)

func TestSlot(t *testing.T) {
	// The first is the check value of the specification's CRC-16.
	for tag, want := range map[string]int{"123456789": 0x31c3, "foo": 12182, "": 0} {
		if got := placement.Slot(tag); got != want {
			t.Errorf("Slot(%q) = %d, want %d", tag, got, want)
		}
	}
}

// TestSpread divides the slots among nodes and counts the shards of each: they
// differ by one at most.
func TestSpread(t *testing.T) {
	for _, entity := range []string{"users", "conversations", "a", "audit_logs"} {
		for _, n := range []int{2, 3, 8, 16, 64, 100, 256, placement.MostShards} {
			seen := map[string]bool{}
			for _, nodes := range []int{1, 2, 3, 5, 6, 16} {
				shards := make([]int, nodes)
				for i := range n {
					tag := placement.Tag(entity, i, n)
					if seen[tag] && nodes == 1 {
						t.Errorf("two shards have the tag %s", tag)
					}
					seen[tag] = true
					shards[placement.Slot(tag)*nodes/placement.Slots]++
				}
				for _, count := range shards {
					if count < n/nodes-1 || count > n/nodes+1 {
						t.Errorf("%d shards of %s on %d nodes: %v", n, entity, nodes, shards)
						break
					}
				}
			}
		}
	}
}

// TestShardsOfKeys counts the keys of each shard: no shard has 15% more or fewer
// than its share of 160,000.
func TestShardsOfKeys(t *testing.T) {
	counts := make([]int, 16)
	for i := range 160_000 {
		counts[placement.Shard(fmt.Sprintf("user-%d", i), 16)]++
	}
	for shard, n := range counts {
		if n < 8500 || n > 11_500 {
			t.Errorf("shard %d has %d of 160,000 keys", shard, n)
		}
	}
}

func BenchmarkTags(b *testing.B) {
	for b.Loop() {
		for i := range placement.MostShards {
			placement.Tag("conversations", i, placement.MostShards)
		}
	}
}
