package events_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// Of two records of a transaction that are to have the same value, across shards, the
// second is refused, and neither is written.
func TestTxOfOneValueTwice(t *testing.T) {
	onStores(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		client := open(t, rdb, repo.Config{Prefix: "e:", SweepInterval: -1})
		tasks := events.NewTasks(client)
		code := "x"
		err := client.Tx(ctx, func(tx *repo.Tx) error {
			return errors.Join(tasks.InTx(tx).Create(&events.Task{Owner: "b", ID: 1, Code: &code}), tasks.InTx(tx).Create(&events.Task{Owner: "b", ID: 2, Code: &code}))
		})
		var unique *repo.UniqueError
		if !errors.As(err, &unique) || unique.Index != "code" || unique.Value != "x" || unique.Owner != "1:b1" {
			t.Errorf("%v", err)
		}
		must(t, tasks.Create(ctx, &events.Task{Owner: "a", ID: 3, Code: &code})) // it is free
	})
}

// A transaction that lacks a claim, and of which a later write cannot be, is refused for
// the latter.
func TestTxThatClaimsAndFails(t *testing.T) {
	onStores(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		client := open(t, rdb, repo.Config{Prefix: "e:", SweepInterval: -1})
		tasks := events.NewTasks(client)
		code := "x"
		err := client.Tx(ctx, func(tx *repo.Tx) error {
			return errors.Join(tasks.InTx(tx).Create(&events.Task{Owner: "b", ID: 1, Code: &code}), tasks.InTx(tx).Delete(events.TaskKey{Owner: "b", ID: 2}))
		})
		if !errors.Is(err, repo.ErrNotFound) {
			t.Error(err)
		}
		if n, err := tasks.Where().Count(ctx); n != 0 || err != nil {
			t.Error(n, err)
		}
	})
}
