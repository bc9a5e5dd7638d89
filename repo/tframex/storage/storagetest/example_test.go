package storagetest_test

import (
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/storagetest"
)

func ExampleRun() {
	// In a test file of the backend.
	_ = func(t *testing.T) {
		storagetest.Run(t, storagetest.Backend{
			Name:        "paper",
			New:         func(t *testing.T) storage.Storage { return open(t.TempDir()) },
			Differences: storagetest.Differences{TablesStay: true},
		})
	}
}

// open stands for what opens the storage of the backend.
func open(string) storage.Storage { return nil }
