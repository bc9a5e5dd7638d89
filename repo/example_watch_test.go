package repo_test

import (
	"fmt"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

func ExampleRepository_Watch() {
	client := open()
	defer client.close()
	notes := events.NewNotes(client.Client) // events=pubsub

	change := repo.Ready(func([]repo.Position) { // watching has begun
		check(notes.Create(ctx, &events.Note{ID: "1", Text: "milk"}))
		check(notes.Patch(ctx, "1", events.NoteFields.Text.Set("bread")))
		check(notes.Delete(ctx, "1"))
	})
	for event, err := range notes.Watch(ctx, change) {
		check(err)
		switch event.Op {
		case repo.OpGap:
			fmt.Println("read what you know of the records anew")
		default:
			fmt.Println(event.Op, event.Key, event.Fields, event.Record.Text)
		}
		if event.Op == repo.OpDeleted {
			break
		}
	}
	// Output:
	// created 1 [id text] milk
	// updated 1 [text] bread
	// deleted 1 [] bread
}

func ExampleFrom() {
	client := open()
	defer client.close()
	jobs := events.NewJobs(client.Client) // events=stream

	var last repo.Position // of the one shard; kept where it outlives the program
	begin := repo.Ready(func(start []repo.Position) {
		last = start[0]
		check(jobs.CreateMany(ctx, []*events.Job{{ID: "a"}, {ID: "b"}, {ID: "c"}}))
	})
	for event, err := range jobs.Watch(ctx, begin) {
		check(err)
		fmt.Println(event.Op, event.Key)
		last = event.Position
		break
	}
	for event, err := range jobs.Watch(ctx, repo.From(last)) { // later
		check(err)
		fmt.Println(event.Op, event.Key)
		if event.Key == "c" {
			break
		}
	}
	// Output:
	// created a
	// created b
	// created c
}

func ExampleRepository_OnlyFields() {
	client := open()
	defer client.close()
	jobs := events.NewJobs(client.Client)

	check(jobs.Create(ctx, &events.Job{ID: "a"}))
	check(jobs.Patch(ctx, "a", events.JobFields.Tried.Set(1)))
	check(jobs.Patch(ctx, "a", events.JobFields.Cost.Set(3)))
	only := []repo.WatchOption{
		jobs.OnlyKeys("a", "b"),
		jobs.OnlyFields(events.JobFields.Cost),
		repo.OnlyOps(repo.OpUpdated),
		repo.From(), // the start of the stream
	}
	for event, err := range jobs.Watch(ctx, only...) {
		check(err)
		fmt.Println(event.Op, event.Key, event.Fields)
		break
	}
	// Output: updated a [cost]
}
