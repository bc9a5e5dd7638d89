package s3

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/storagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bucket is the name of the bucket of tests.
const bucket = "documents"

// fake is a server with a bucket.
type fake struct {
	*httptest.Server
	backend *s3mem.Backend
}

// serve starts a server with an empty bucket. Requests go through wrap, if it is not nil.
func serve(t testing.TB, wrap func(http.Handler) http.Handler) *fake {
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
	return &fake{server, backend}
}

// store puts an object into the bucket as another program would.
func (f *fake) store(t testing.TB, key, body string, meta map[string]string) {
	t.Helper()
	headers := map[string]string{"Content-Type": "application/json", "Last-Modified": time.Now().UTC().Format(http.TimeFormat)}
	for name, value := range meta {
		headers["X-Amz-Meta-"+name] = value
	}
	if _, err := f.backend.PutObject(bucket, key, headers, strings.NewReader(body), int64(len(body)), nil); err != nil {
		t.Fatal(err)
	}
}

// keys returns the keys of the bucket, sorted.
func (f *fake) keys(t testing.TB) (list []string) {
	t.Helper()
	found, err := f.backend.ListBucket(bucket, nil, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range found.Contents {
		list = append(list, o.Key)
	}
	return list
}

// connect returns a storage on a server.
func connect(t testing.TB, server *fake, config Config) *Storage {
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
