package storagetest

import (
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

func TestConformance(t *testing.T) {
	Run(t, Backend{
		Name:        "paper",
		New:         func(*testing.T) storage.Storage { return newPaper(0) },
		Bounded:     func(_ *testing.T, maxScan int) storage.Storage { return newPaper(maxScan) },
		Differences: Differences{Scans: true},
	})
}
