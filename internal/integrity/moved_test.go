package integrity_test

import (
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/internal/load"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// What expires a little later than was told is a mistake, unless its slot was moved.
func TestLateExpiry(t *testing.T) {
	server := redisd.Shared(t)
	client, err := repo.Open(t.Context(), repo.Config{Addrs: []string{server.Addr()}, Prefix: server.Prefix(), SweepInterval: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := app.NewTokens(client).Create(t.Context(), &app.Token{Number: 1, UserID: "ann"}); err != nil {
		t.Fatal(err)
	}
	packages, mistakes, err := load.Load("", "../../tests/app")
	if err != nil || len(mistakes) > 0 {
		t.Fatal(err, mistakes)
	}
	record := client.Prefix() + "{tokens}:r:1"
	at := client.Redis().PExpireTime(t.Context(), record).Val()
	for _, c := range []struct {
		by, late time.Duration
		problems bool
	}{{0, 0, false}, {5 * time.Millisecond, 0, true}, {5 * time.Millisecond, 4 * time.Millisecond, true}, {5 * time.Millisecond, 5 * time.Millisecond, false}, {-time.Millisecond, time.Second, true}} {
		client.Redis().PExpireAt(t.Context(), record, time.UnixMilli((at + c.by).Milliseconds()))
		problems, err := integrity.CheckMoved(t.Context(), client.Redis(), client.Prefix(), packages[0].Package, true, c.late)
		if err != nil || (len(problems) > 0) != c.problems {
			t.Errorf("%v later where %v is allowed: %q, %v", c.by, c.late, problems, err)
		}
	}
}
