package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redisgen/redisgen/repo"
)

// store is a keyspace of the demo's own.
type store struct {
	*repo.Client
	name     string
	embedded *miniredis.Miniredis // nil: a real server
}

// openStore connects to the server that REDIS_URL names, else starts the
// embedded one.
func openStore(ctx context.Context) (*store, error) {
	prefix := fmt.Sprintf("demo-%d:", time.Now().UnixNano())
	address := os.Getenv("REDIS_URL")
	if address == "" {
		server, err := miniredis.Run()
		if err != nil {
			return nil, err
		}
		server.ClockTTL(true)
		client, err := repo.Open(ctx, repo.Config{Addrs: []string{server.Addr()}, Prefix: "demo:"})
		if err != nil {
			server.Close()
			return nil, err
		}
		return &store{client, "the embedded store (miniredis); set REDIS_URL for a server", server}, nil
	}
	client, err := repo.Open(ctx, repo.Config{URL: address, Prefix: prefix})
	if err != nil {
		return nil, fmt.Errorf("REDIS_URL: %w\nstart that server, or unset REDIS_URL to use the embedded store", err)
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return &store{client, u.Redacted(), nil}, nil
}

// close removes what the demo has stored.
func (s *store) close() error {
	var err error
	if s.embedded == nil {
		// The demo's context may be over, and its keys must go all the same.
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		var list []string
		if list, err = s.keys(ctx, ""); err == nil && len(list) > 0 {
			err = s.Redis().Del(ctx, list...).Err()
		}
	}
	err = errors.Join(err, s.Close())
	if s.embedded != nil {
		s.embedded.Close()
	}
	return err
}

// keys returns the keys that start with the prefix and with name, sorted.
func (s *store) keys(ctx context.Context, name string) ([]string, error) {
	var list []string
	iter := s.Redis().Scan(ctx, 0, s.Prefix()+name+"*", 1000).Iterator()
	for iter.Next(ctx) {
		list = append(list, iter.Val())
	}
	slices.Sort(list)
	return slices.Compact(list), iter.Err()
}

// expire makes the time of a session come: on the embedded store the clock is
// ours, on a server the session is given little time and waited for.
func (s *store) expire(ctx context.Context, sessions *Sessions, id string) (string, error) {
	if s.embedded != nil {
		s.embedded.SetTime(time.Now().Add(30*time.Minute + time.Second))
		return "half an hour passes on the embedded store's clock", nil
	}
	if err := sessions.Touch(ctx, id, repo.TTL(300*time.Millisecond)); err != nil {
		return "", err
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		there, err := sessions.Exists(ctx, id)
		switch {
		case err != nil:
			return "", err
		case !there:
			return "sessions.Touch(ctx, id, repo.TTL(300*time.Millisecond)), and 300 ms pass", nil
		case time.Now().After(deadline):
			return "", errors.New("the session does not expire")
		}
	}
}

// contents describes the value of a key in a few words.
func (s *store) contents(ctx context.Context, key string) (kind, text string, err error) {
	if kind, err = s.Redis().Type(ctx, key).Result(); err != nil {
		return "", "", err
	}
	switch kind {
	case "hash":
		fields, err := s.Redis().HGetAll(ctx, key).Result()
		return kind, describe(fields), err
	case "zset":
		entries, err := s.Redis().ZRangeWithScores(ctx, key, 0, -1).Result()
		names := make([]string, len(entries))
		for i, e := range entries {
			names[i] = fmt.Sprint(e.Member)
		}
		return kind, fmt.Sprint(names), err
	}
	return kind, "", nil
}

// describe lists the fields of a hash, by name.
func describe(fields map[string]string) string {
	type pair struct{ name, value string }
	var list []pair
	for name, value := range fields {
		list = append(list, pair{name, value})
	}
	slices.SortFunc(list, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
	text := ""
	for _, p := range list {
		text += p.name + "=" + p.value + " "
	}
	return text
}
