package repo

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestUUID(t *testing.T) {
	before := time.Now().UnixMilli()
	text := newUUID()
	after := time.Now().UnixMilli()
	id, err := uuid.Parse(text)
	if err != nil || id.String() != text {
		t.Fatalf("%s parses as %v, %v", text, id, err)
	}
	if id.Version() != 7 || id.Variant() != uuid.RFC4122 {
		t.Errorf("%s has version %d, variant %v", text, id.Version(), id.Variant())
	}
	seconds, nanoseconds := id.Time().UnixTime()
	// Ids of earlier tests may have run ahead of the clock, by 1/4096 ms each.
	if ms := seconds*1000 + nanoseconds/1e6; ms < before || ms > after+50 {
		t.Errorf("%s is of %d ms, made from %d to %d", text, ms, before, after)
	}
}

func TestUUIDOrder(t *testing.T) {
	const goroutines, each = 8, 5000
	lists := make([][]string, goroutines)
	var all sync.WaitGroup
	for i := range lists {
		all.Go(func() {
			for range each {
				lists[i] = append(lists[i], newUUID())
			}
		})
	}
	all.Wait()
	for _, list := range lists {
		if !slices.IsSorted(list) {
			t.Error("the ids of one goroutine are not in the order they were made")
		}
	}
	ids := slices.Concat(lists...)
	slices.Sort(ids)
	// The first half holds version and time, and alone keeps ids apart.
	halves := make([]string, len(ids))
	for i, id := range ids {
		halves[i] = id[:18]
	}
	if n := len(slices.Compact(halves)); n != goroutines*each {
		t.Errorf("%d different times of %d ids", n, goroutines*each)
	}
	if last := newUUID(); last <= ids[len(ids)-1] {
		t.Errorf("%s is made after %s", last, ids[len(ids)-1])
	}
}

func TestUUIDRandom(t *testing.T) {
	seen := map[byte]bool{}
	tails := map[string]bool{}
	for range 2000 {
		id := newUUID()
		if seen[id[19]] = true; !strings.ContainsRune("89ab", rune(id[19])) {
			t.Fatalf("variant of %s", id)
		}
		tails[id[19:]] = true
	}
	if len(seen) != 4 || len(tails) != 2000 {
		t.Errorf("%d values of the variant's digit, %d random parts of 2000", len(seen), len(tails))
	}
}
