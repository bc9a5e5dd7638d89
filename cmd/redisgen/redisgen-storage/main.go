// Command redisgen-storage is what "redisgen storage" runs: it moves the documents of an agent
// framework between backends, and looks after them. Installed as redisgen-storage, beside
// redisgen or in PATH, it is found there.
package main

import (
	"os"

	"github.com/redisgen/redisgen/internal/storagecli"
	_ "github.com/redisgen/redisgen/repo/tframex/storage/all" // the backends
)

func main() {
	os.Exit(storagecli.Do(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
