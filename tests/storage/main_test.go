// Package storage checks storages of several backends together, by their programs and by their
// packages.
package storage

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/redisgen/redisgen/internal/storagecli"
	_ "github.com/redisgen/redisgen/repo/tframex/storage/memory"
	_ "github.com/redisgen/redisgen/repo/tframex/storage/redis"
	_ "github.com/redisgen/redisgen/repo/tframex/storage/sqlite"
)

// program is the name under which the test program is what "redisgen storage" runs.
const program = "redisgen-storage"

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == program {
		os.Exit(storagecli.Do(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}
