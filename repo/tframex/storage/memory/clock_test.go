package memory

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// TestClockMovesInSteps has a server look at its keys once in a while, and not with each
// command.
func TestClockMovesInSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mini := miniredis.NewMiniRedis()
		c := newClock(mini)
		c.move()
		if err := mini.Set("key", "value"); err != nil {
			t.Fatal(err)
		}
		mini.SetTTL("key", shortStep/4)
		time.Sleep(shortStep / 2)
		if c.move(); !mini.Exists("key") {
			t.Error("the clock has moved within a step")
		}
		time.Sleep(shortStep / 2)
		if c.move(); mini.Exists("key") {
			t.Error("the clock has not moved after a step")
		}
		if err := mini.Set("key", "value"); err != nil {
			t.Fatal(err)
		}
		mini.SetTTL("key", time.Hour)
		time.Sleep(time.Hour)
		if c.move(); mini.Exists("key") {
			t.Error("what was stored for an hour is there after it")
		}
	})
}
