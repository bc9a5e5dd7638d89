package placement_test

import (
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"strings"
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

// TestShard compares with the FNV-1a of the standard library.
func TestShard(t *testing.T) {
	for _, key := range []string{"", "1", "a:b", "\x00\xff", "0198c0de-0000-7000-8000-000000000001"} {
		sum := fnv.New64a()
		_, _ = sum.Write([]byte(key))
		want := int((sum.Sum64()>>32 ^ sum.Sum64()&0xffffffff) % 16)
		if got := placement.Shard(key, 16); got != want {
			t.Errorf("Shard(%q, 16) = %d, want %d", key, got, want)
		}
	}
}

// TestShardsOfKeys counts the keys of each shard, of keys as programs have them: no
// shard differs from its share by more than chance would have it, five standard
// deviations.
func TestShardsOfKeys(t *testing.T) {
	for name, key := range map[string]func(int) string{
		"numbers":         func(i int) string { return strconv.Itoa(i) },
		"padded numbers":  func(i int) string { return fmt.Sprintf("%08d", i) },
		"numbers by ten":  func(i int) string { return strconv.Itoa(10 * i) },
		"names":           func(i int) string { return fmt.Sprintf("user-%d", i) },
		"letters doubled": func(i int) string { return strings.Repeat(strconv.Itoa(i), 2) },
		"addresses":       func(i int) string { return fmt.Sprintf("u%d@example.com", i) },
		"UUIDs":           func(i int) string { return fmt.Sprintf("0198c0de-%04x-7000-8000-%012x", i%7, i) },
	} {
		for _, n := range []int{2, 3, 4, 16, 64, 100} {
			for _, total := range []int{1000, 20_000} {
				counts := make([]int, n)
				for i := range total {
					counts[placement.Shard(key(i), n)]++
				}
				share := float64(total) / float64(n)
				for shard, got := range counts {
					if math.Abs(float64(got)-share) > 5*math.Sqrt(share) {
						t.Errorf("%s: shard %d of %d has %d of %d keys", name, shard, n, got, total)
					}
				}
			}
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
