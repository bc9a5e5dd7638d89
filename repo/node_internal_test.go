package repo

import (
	"testing"

	"github.com/redis/go-redis/v9"
)

// go-redis changes its settings of notifications while it connects, so that clients must not
// share them.
func TestOptionsForShareNothing(t *testing.T) {
	from := redis.NewClient(&redis.Options{Addr: "localhost:1"})
	defer from.Close()
	to := redis.NewClient(optionsFor(from.Options(), "localhost:2"))
	defer to.Close()
	if from.Options().MaintNotificationsConfig == optionsFor(from.Options(), "localhost:2").MaintNotificationsConfig {
		t.Error("the options of two clients share their settings of notifications")
	}
	if to.Options().Addr != "localhost:2" {
		t.Errorf("Addr = %q", to.Options().Addr)
	}
}
