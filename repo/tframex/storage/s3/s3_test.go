package s3

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/storagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bucket is the name of the bucket of tests.
const bucket = "documents"

// serve starts a server with an empty bucket. Requests go through wrap, if it is not nil.
func serve(t testing.TB, wrap func(http.Handler) http.Handler) *httptest.Server {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	handler := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	if wrap != nil {
		handler = wrap(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// open returns a storage on a server.
func connect(t testing.TB, server *httptest.Server, config Config) *Storage {
	t.Helper()
	config.Bucket, config.EndpointURL, config.AccessKeyID, config.SecretAccessKey = bucket, server.URL, "key", "very-secret"
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Initialize(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	storagetest.Run(t, storagetest.Backend{
		Name:        "s3",
		New:         func(t *testing.T) storage.Storage { return connect(t, serve(t, nil), Config{}) },
		Bounded:     func(t *testing.T, n int) storage.Storage { return connect(t, serve(t, nil), Config{MaxScan: n}) },
		Differences: storagetest.S3,
	})
}
