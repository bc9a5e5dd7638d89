package telemetry_test

import (
	"context"
	"fmt"
	"log"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/telemetry"
	"github.com/redisgen/redisgen/tests/app"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func ExampleInstrument() {
	ctx := context.Background()
	server, err := miniredis.Run() // a server in this process
	check(err)
	defer server.Close()
	spans := tracetest.NewInMemoryExporter()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))

	config := repo.Config{Addrs: []string{server.Addr()}}
	check(telemetry.Instrument(&config, telemetry.TracerProvider(tracers)))
	client, err := repo.Open(ctx, config)
	check(err)
	defer client.Close()

	spans.Reset() // of what Open does
	_, err = app.NewUsers(client).Exists(ctx, "7")
	check(err)
	_, err = app.NewUsers(client).Exists(ctx, "8")
	check(err)
	list := spans.GetSpans()
	for _, span := range list[len(list)-2:] {
		fmt.Println(span.Name)
	}
	// Output:
	// exists
	// Exists users
}

func ExampleNewObserver() {
	server, err := miniredis.Run()
	check(err)
	defer server.Close()
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer rdb.Close()

	observer, err := telemetry.NewObserver() // to the global providers
	check(err)
	client, err := repo.New(rdb, repo.Config{Observers: []repo.Observer{observer}})
	check(err)
	defer client.Close()
	found, err := app.NewUsers(client).Exists(context.Background(), "7")
	fmt.Println(found, err)
	// Output: false <nil>
}
