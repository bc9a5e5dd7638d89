package s3_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/s3"
)

// server starts a server for an example, with the bucket "documents".
func server() *httptest.Server {
	backend := s3mem.New()
	if err := backend.CreateBucket("documents"); err != nil {
		log.Fatal(err)
	}
	return httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
}

func ExampleNew() {
	server := server()
	defer server.Close()
	ctx := context.Background()

	store, err := s3.New(s3.Config{Bucket: "documents", EndpointURL: server.URL, AccessKeyID: "key", SecretAccessKey: "secret"})
	if err != nil {
		log.Fatal(err)
	}
	if err := store.Initialize(ctx); err != nil {
		log.Fatal(err)
	}
	defer func() { _ = store.Close() }()

	id, err := store.Insert(ctx, "notes", storage.Document{"id": "n1", "text": "buy milk"})
	if err != nil {
		log.Fatal(err)
	}
	found, err := store.Update(ctx, "notes", id, storage.Document{"done": true})
	if err != nil {
		log.Fatal(err)
	}
	note, err := store.Get(ctx, "notes", id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found, note["text"], note["done"])
	// Output: true buy milk true
}

func Example() {
	server := server()
	defer server.Close()
	ctx := context.Background()

	store, err := storage.Open(ctx, storage.Config{Type: "s3", Settings: map[string]any{
		"bucket_name": "documents", "endpoint_url": server.URL, "aws_access_key_id": "key", "aws_secret_access_key": "secret",
	}})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	fmt.Println(store.HealthCheck(ctx).Ping)
	// Output: true
}
