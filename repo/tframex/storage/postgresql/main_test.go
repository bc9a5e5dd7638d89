package postgresql_test

import (
	"testing"

	"go.uber.org/goleak"
)

// The shared server runs until this process ends.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/redisgen/redisgen/internal/postgresd.startAll"),
		goleak.IgnoreAnyFunction("github.com/redisgen/redisgen/internal/postgresd.await"),
	)
}
