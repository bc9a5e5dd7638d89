package redisd_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
)

func TestAdvance(t *testing.T) {
	for _, version := range redisd.Versions {
		t.Run(version, func(t *testing.T) {
			server := redisd.Start(t, redisd.Clock(), redisd.Version(version))
			client := server.Client()
			if skew := time.Until(serverTime(t, client)).Abs(); skew > time.Minute {
				t.Fatalf("the clock starts %v off", skew)
			}
			at := serverTime(t, client).Add(time.Hour)
			for _, key := range []string{"read", "scanned"} {
				if err := client.Do(t.Context(), "SET", key, "v", "PXAT", at.UnixMilli()).Err(); err != nil {
					t.Fatal(err)
				}
			}
			if ttl := client.PTTL(t.Context(), "read").Val(); ttl <= 59*time.Minute || ttl > time.Hour {
				t.Fatalf("PTTL is %v", ttl)
			}

			before := serverTime(t, client)
			server.Advance(time.Hour + time.Millisecond) // a key lives through the millisecond of its expiry
			if moved := serverTime(t, client).Sub(before); moved < time.Hour || moved > time.Hour+time.Minute {
				t.Errorf("TIME moved by %v", moved)
			}
			// The first command after Advance sees the key gone; no poll, no sleep.
			if ttl := client.PTTL(t.Context(), "read").Val(); ttl != -2 {
				t.Errorf("PTTL is %v after the key's time", ttl)
			}
			if got, err := client.Get(t.Context(), "read").Result(); err != redis.Nil {
				t.Errorf("GET = %q, %v after the key's time", got, err)
			}
			// Keys that nothing reads go by the server's own expiry cycle.
			for deadline := time.Now().Add(10 * time.Second); client.DBSize(t.Context()).Val() != 0; {
				if time.Now().After(deadline) {
					t.Fatal("the server's expiry cycle does not follow the clock")
				}
			}
		})
	}
}

func TestAdvanceInSmallSteps(t *testing.T) {
	server := redisd.Start(t, redisd.Clock())
	client := server.Client()
	if err := client.Set(t.Context(), "k", "v", time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	before := serverTime(t, client)
	for range 59 {
		server.Advance(time.Minute)
		if got, err := client.Get(t.Context(), "k").Result(); got != "v" {
			t.Fatalf("GET = %q, %v before the key's time", got, err)
		}
	}
	server.Advance(time.Minute + time.Millisecond)
	if err := client.Get(t.Context(), "k").Err(); err != redis.Nil {
		t.Errorf("GET: %v after the key's time", err)
	}
	server.Advance(-time.Hour - time.Millisecond)
	if moved := serverTime(t, client).Sub(before); moved < 0 || moved > time.Minute {
		t.Errorf("TIME moved by %v in all", moved)
	}
}

func TestClockSurvivesRestart(t *testing.T) {
	server := redisd.Start(t, redisd.Clock(), redisd.AOF())
	client := server.Client()
	if err := client.Set(t.Context(), "k", "v", 2*time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	server.Advance(time.Hour)
	server.Kill()
	server.Start()
	if ttl := client.PTTL(t.Context(), "k").Val(); ttl <= 59*time.Minute || ttl > time.Hour {
		t.Errorf("PTTL is %v after a restart", ttl)
	}
}

func TestAdvanceInScripts(t *testing.T) {
	server := redisd.Start(t, redisd.Clock())
	client := server.Client()
	now := redis.NewScript("return redis.call('TIME')[1]")
	before, err := now.Run(t.Context(), client, nil).Int64()
	if err != nil {
		t.Fatal(err)
	}
	server.Advance(24 * time.Hour)
	after, err := now.Run(t.Context(), client, nil).Int64()
	if moved := time.Duration(after-before) * time.Second; err != nil || moved < 24*time.Hour || moved > 24*time.Hour+time.Minute {
		t.Errorf("TIME moved by %v in a script, %v", moved, err)
	}
}

func TestAdvanceNeedsClock(t *testing.T) {
	message := fatal(t, func(t testing.TB) { redisd.Start(t).Advance(time.Hour) })
	if !strings.Contains(message, "redisd.Clock()") {
		t.Errorf("the failure does not name the option: %s", message)
	}
}

func serverTime(t *testing.T, client *redis.Client) time.Time {
	t.Helper()
	now, err := client.Time(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	return now
}
