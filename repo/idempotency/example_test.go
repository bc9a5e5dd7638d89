package idempotency_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/idempotency"
)

// check ends an example that does not go as it should.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// open returns a client of a store in this process.
func open() (client *repo.Client, end func()) {
	server, err := miniredis.Run()
	check(err)
	client, err = repo.Open(context.Background(), repo.Config{Addrs: []string{server.Addr()}})
	check(err)
	return client, func() { check(client.Close()); server.Close() }
}

func ExampleKeys_Do() {
	client, end := open()
	defer end()
	payments := idempotency.New(client, idempotency.Options{Lease: 30 * time.Second})

	for range 2 { // the request comes twice
		receipt, replayed, err := payments.Do(context.Background(), "request 17", 24*time.Hour, func(ctx context.Context) ([]byte, error) {
			fmt.Println("charged")
			return []byte("receipt 1"), nil
		})
		check(err)
		fmt.Println(string(receipt), replayed)
	}
	// Output:
	// charged
	// receipt 1 false
	// receipt 1 true
}

func ExampleJSON() {
	client, end := open()
	defer end()
	type Receipt struct{ Cents int }
	payments := idempotency.New(client, idempotency.Options{Wait: true})

	receipt, _, err := idempotency.JSON(context.Background(), payments, "request 17", time.Hour, func(ctx context.Context) (Receipt, error) {
		return Receipt{Cents: 500}, nil
	})
	check(err)
	fmt.Println(receipt.Cents)
	// Output: 500
}
