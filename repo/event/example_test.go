package event_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/event"
)

// Alarm is what the topic of the examples carries.
type Alarm struct {
	Sensor string
	Level  int
}

func ExampleTopic() {
	ctx, client := open()
	defer client.Close()

	alarms := event.NewTopic(client, "alarms", event.TopicOptions[Alarm]{})
	ready := event.Ready(func() { // from now on nothing is missed
		_, err := alarms.Publish(ctx, Alarm{Sensor: "door", Level: 3})
		check(err)
	})
	for m, err := range alarms.Subscribe(ctx, ready) {
		check(err)
		fmt.Println(m.Topic, m.Value.Sensor, m.Value.Level)
		break
	}
	// Output: alarms door 3
}

func ExampleTopic_SubscribeGlob() {
	ctx, client := open()
	defer client.Close()

	alarms := event.NewTopic(client, "alarms", event.TopicOptions[Alarm]{})
	ready := event.Ready(func() {
		_, err := alarms.Sub("north", "door").Publish(ctx, Alarm{Level: 1})
		check(err)
		_, err = alarms.Sub("south", "door").Publish(ctx, Alarm{Level: 2})
		check(err)
	})
	for m, err := range alarms.SubscribeGlob(ctx, "south.*", ready) {
		check(err)
		fmt.Println(m.Topic, m.Value.Level)
		break
	}
	// Output: alarms.south.door 2
}

// AccountEvent is what happens to an account: Deposited or Withdrawn.
type AccountEvent interface{ apply(Account) Account }

type Deposited struct{ Cents int64 }

type Withdrawn struct{ Cents int64 }

// Account is the state of an account.
type Account struct{ Cents int64 }

func (e Deposited) apply(a Account) Account { a.Cents += e.Cents; return a }

func (e Withdrawn) apply(a Account) Account { a.Cents -= e.Cents; return a }

// The names are what is stored.
var accountEvents = event.Union(
	event.NewCase("deposited", func(e Deposited) AccountEvent { return e }),
	event.NewCase("withdrawn", func(e Withdrawn) AccountEvent { return e }),
)

var errBalance = errors.New("not enough money")

func ExampleLog() {
	ctx, client := open()
	defer client.Close()

	accounts := event.NewLog(client, "accounts", func(a Account, e AccountEvent) Account { return e.apply(a) },
		event.LogOptions[Account, AccountEvent]{Codec: accountEvents, SnapshotEvery: 100})
	_, err := accounts.Append(ctx, "ann", 0, Deposited{500}, Withdrawn{120}) // a new account
	check(err)

	withdraw := func(cents int64) error {
		_, _, err := accounts.Update(ctx, "ann", func(a Account) ([]AccountEvent, error) {
			if a.Cents < cents {
				return nil, errBalance
			}
			return []AccountEvent{Withdrawn{cents}}, nil
		})
		return err
	}
	fmt.Println(withdraw(300), errors.Is(withdraw(300), errBalance))

	account, version, err := accounts.Load(ctx, "ann")
	check(err)
	fmt.Println(account.Cents, "cents, version", version)
	_, err = accounts.Append(ctx, "ann", 2, Deposited{1}) // of an older version
	fmt.Println(errors.Is(err, repo.ErrConflict))
	for entry, err := range accounts.History(ctx, "ann", 1) {
		check(err)
		fmt.Printf("%d %T\n", entry.Version, entry.Event)
	}
	// Output:
	// <nil> true
	// 80 cents, version 3
	// true
	// 1 event_test.Deposited
	// 2 event_test.Withdrawn
	// 3 event_test.Withdrawn
}

// open returns a client of a server in this process.
func open() (context.Context, *repo.Client) {
	server, err := miniredis.Run()
	check(err)
	ctx := context.Background()
	client, err := repo.Open(ctx, repo.Config{Addrs: []string{server.Addr()}, Prefix: "app:"})
	check(err)
	return ctx, client
}

// check ends an example that does not go as it should.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
