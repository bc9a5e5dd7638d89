package consumer_test

import (
	"strings"
	"testing"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/tests/consumer"
)

// TestConsumer follows the way of a user: get the tool, generate, build, vet,
// test. The module has entities with repositories beside them and others with
// repositories in another package.
func TestConsumer(t *testing.T) {
	m := consumer.New(t, "example.com/consumer", "testdata/module")
	m.Setenv("REDIS_URL", redisd.Shared(t).URL())
	m.Run("go", "get", "-tool", "github.com/redisgen/redisgen/cmd/redisgen")
	wrote := strings.Fields(m.Run("go", "generate", "./..."))
	want := "wrote ../store/aliases_redis.go wrote ../store/part_redis.go wrote ../store/part_redis.lua " +
		"wrote item_redis.go wrote item_redis.lua"
	if got := strings.Join(wrote, " "); got != want {
		t.Errorf("go generate: %s, want %s", got, want)
	}
	m.Run("go", "get", "-t", "./...")
	m.Run("go", "vet", "./...")
	if files := m.Run("gofmt", "-l", "."); files != "" {
		t.Errorf("gofmt would change %s", files)
	}
	out := m.Run("go", "test", "-count=1", "-v", "./...")
	for _, want := range []string{
		"--- PASS: TestItems/miniredis", "--- PASS: TestItems/redis",
		"--- PASS: TestParts/miniredis", "--- PASS: TestParts/redis",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("go test does not print %q:\n%s", want, out)
		}
	}
	if again := m.Run("go", "generate", "./..."); again != "" {
		t.Errorf("the second go generate: %s", again)
	}
	m.Run("go", "tool", "redisgen", "check", "./shop")
	m.Run("go", "tool", "redisgen", "check", "./schema", "-out", "store")
}
