package memory_test

import (
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/memory"
	"github.com/redisgen/redisgen/repo/tframex/storage/storagetest"
)

// open returns a storage that is initialized, and closed with the test.
func open(t *testing.T, config memory.Config) *memory.Storage {
	t.Helper()
	s, err := memory.New(config)
	if err == nil {
		err = s.Initialize(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestConformance(t *testing.T) {
	storagetest.Run(t, storagetest.Backend{
		Name:        "memory",
		New:         func(t *testing.T) storage.Storage { return open(t, memory.Config{}) },
		Bounded:     func(t *testing.T, most int) storage.Storage { return open(t, memory.Config{MaxScan: most}) },
		Differences: storagetest.Memory,
	})
}
