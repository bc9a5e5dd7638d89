package script

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/redisgen/redisgen/internal/redisd"
)

// testKey is the key of a script's test among the values of its environment.
type testKey struct{}

// server starts a Redis server for a script, and has REDIS_URL name it.
func server(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: server")
	}
	ts.Setenv("REDIS_URL", redisd.Start(ts.Value(testKey{}).(testing.TB)).URL())
}
