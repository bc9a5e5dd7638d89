package repo_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

func ExampleRepository_Consume() {
	client := open()
	defer client.close()
	jobs := events.NewJobs(client.Client)
	check(jobs.Create(ctx, &events.Job{ID: "1", Queue: "mail"}))
	check(jobs.Patch(ctx, "1", events.JobFields.Queue.Set("print")))

	ctx, stop := context.WithCancel(ctx) // a program has signal.NotifyContext
	err := jobs.Consume(ctx, "runners", func(ctx context.Context, d repo.Delivery[*events.Job, string]) error {
		fmt.Println(d.Event.Op, d.Event.Key, d.Event.Version, d.Event.Record.Queue)
		if d.Event.Version == 2 {
			stop()
		}
		return nil // it is acknowledged
	}, repo.ConsumeOptions{Ordered: true})
	fmt.Println(err)
	// Output:
	// created 1 1 mail
	// updated 1 2 print
	// <nil>
}

func ExampleDelivery_Once() {
	client := open()
	defer client.close()
	trees, leaves := events.NewTrees(client.Client), events.NewLeaves(client.Client) // which live in the shards of trees
	check(trees.Create(ctx, &events.Tree{ID: "oak"}))

	ctx, stop := context.WithCancel(ctx)
	check(trees.Consume(ctx, "gardeners", func(ctx context.Context, d repo.Delivery[*events.Tree, string]) error {
		defer stop()
		return d.Once(ctx, func(tx *repo.Tx) error {
			return leaves.InTx(tx).Create(&events.Leaf{ID: "first", TreeID: d.Event.Key, Color: "green"})
		})
	}, repo.ConsumeOptions{}))
	leaf, err := leaves.Get(context.Background(), "first")
	fmt.Println(leaf.Color, err)
	// Output: green <nil>
}

func ExampleRepository_DeadLetters() {
	client := open()
	defer client.close()
	jobs := events.NewJobs(client.Client)
	check(jobs.Create(ctx, &events.Job{ID: "1", Queue: "mail"}))
	check(jobs.Create(ctx, &events.Job{ID: "2", Queue: "print"}))

	life, stop := context.WithCancel(ctx)
	check(jobs.Consume(life, "runners", func(ctx context.Context, d repo.Delivery[*events.Job, string]) error {
		if d.Event.Key == "2" {
			stop()
		}
		return fmt.Errorf("no printer: %w", repo.ErrPoison) // else it is retried
	}, repo.ConsumeOptions{Concurrency: 1}))

	for letter, err := range jobs.DeadLetters(ctx, "runners") {
		check(err)
		fmt.Println(letter.Event.Key, letter.Event.Record.Queue, letter.Attempts, letter.Error)
		if letter.Event.Key == "1" {
			check(jobs.Revive(ctx, "runners", letter.Position)) // handled again
		} else {
			check(jobs.Discard(ctx, "runners", letter.Position))
		}
	}
	lag, err := jobs.Lag(ctx, "runners")
	fmt.Println(lag.Pending, lag.Dead, err)
	// Output:
	// 1 mail 1 no printer: the event is not to be retried
	// 2 print 1 no printer: the event is not to be retried
	// 1 0 <nil>
}

func ExampleRepository_Lag() {
	client := open()
	defer client.close()
	jobs := events.NewJobs(client.Client)
	_, err := jobs.Lag(ctx, "runners")
	fmt.Println(errors.Is(err, repo.ErrNotFound))

	check(jobs.Create(ctx, &events.Job{ID: "1"}))
	life, stop := context.WithCancel(ctx)
	check(jobs.Consume(life, "runners", func(context.Context, repo.Delivery[*events.Job, string]) error {
		stop()
		return nil
	}, repo.ConsumeOptions{}))
	check(jobs.Create(ctx, &events.Job{ID: "2"}))
	lag, err := jobs.Lag(ctx, "runners")
	fmt.Println(lag.Undelivered, lag.Pending, err)
	// Output:
	// true
	// 1 0 <nil>
}

func ExampleRepository_TrimEvents() {
	client := open()
	defer client.close()
	jobs := events.NewJobs(client.Client)
	check(jobs.Create(ctx, &events.Job{ID: "1"}))
	client.pass(48 * time.Hour)
	check(jobs.Create(ctx, &events.Job{ID: "2"}))
	n, err := jobs.TrimEvents(ctx, client.now.Add(-24*time.Hour))
	fmt.Println(n, err)
	// Output: 1 <nil>
}
