package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/tests/consumer"
)

func TestDemo(t *testing.T) {
	consumer.Checkout(t)
	server := redisd.Start(t)
	for name, address := range map[string]string{"embedded": "", "server": server.URL()} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("REDIS_URL", address)
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)

			var out bytes.Buffer
			if err := demo(t.Context(), &out); err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			for _, want := range []string{
				"wrote user_redis.go",
				"func (r *Users) GetByEmail(",
				"{users}:u:email                        hash",
				`email "ANN@example.com" is taken by "ann"`,
				`Update users "bob": changed since it was read`,
				"3 logins, version 4",
				"dee, cid, and a cursor",
				"-> ann, bob\n",
				"read i:status/created_at, 1 entries, check not (email =)",
				`Get sessions "s1": not found`,
				"keys of sessions in Redis\n     -> 0\n",
			} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("not shown: %s\n%s", want, &out)
				}
			}
			if lines := strings.Count(out.String(), "\n"); lines > 110 {
				t.Errorf("%d lines are more than two screens", lines)
			}
			if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
	if keys, err := server.Client().Keys(t.Context(), "*").Result(); err != nil || len(keys) > 0 {
		t.Errorf("keys left behind: %q, %v", keys, err)
	}
}

func TestDemoWithoutServer(t *testing.T) {
	t.Setenv("REDIS_URL", "redis://127.0.0.1:1")
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	if err := demo(t.Context(), new(bytes.Buffer)); err == nil {
		t.Error("no error without a server")
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
