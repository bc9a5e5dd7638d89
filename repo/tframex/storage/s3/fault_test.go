package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// faulty is a server that fails on request.
type faulty struct {
	*fake
	handle atomic.Pointer[func(w http.ResponseWriter, r *http.Request, next http.Handler)]
}

func serveFaulty(t *testing.T) *faulty {
	f := &faulty{}
	f.fake = serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if handle := f.handle.Load(); handle != nil {
				(*handle)(w, r, next)
			} else {
				next.ServeHTTP(w, r)
			}
		})
	})
	return f
}

// on sets what the server does from now on; nil: what it should.
func (f *faulty) on(handle func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	f.handle.Store(&handle)
	if handle == nil {
		f.handle.Store(nil)
	}
}

// answer returns an answer of S3.
func answer(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
}

// quick retries without long pauses.
var quick = Config{Retries: -1, Timeout: 5 * time.Second}

func TestAnswers(t *testing.T) {
	f := serveFaulty(t)
	s := connect(t, f.fake, quick)
	must[string](t)(s.Insert(t.Context(), "things", doc{"id": "a"}))
	for _, test := range []struct {
		status int
		code   string
		want   error
	}{
		{403, "AccessDenied", storage.ErrConnection},
		{403, "SignatureDoesNotMatch", storage.ErrConnection},
		{404, "NoSuchBucket", storage.ErrConnection},
		{429, "SlowDown", storage.ErrConnection},
		{500, "InternalError", storage.ErrConnection},
		{503, "SlowDown", storage.ErrConnection},
		{400, "InvalidArgument", storage.ErrQuery},
		{501, "NotImplemented", storage.ErrQuery},
	} {
		f.on(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { answer(w, test.status, test.code) })
		_, getErr := s.Get(t.Context(), "things", "a")
		_, insertErr := s.Insert(t.Context(), "things", doc{"id": "b"})
		_, selectErr := s.Select(t.Context(), "things", storage.Query{})
		report, importErr := s.Import(t.Context(), "things", []storage.Record{{ID: "b", Document: doc{}}}, storage.Refuse)
		for _, err := range []error{getErr, insertErr, selectErr, importErr} {
			if !errors.Is(err, test.want) || strings.Contains(err.Error(), "very-secret") {
				t.Errorf("%d %s: %v, want %v", test.status, test.code, err, test.want)
			}
		}
		if report.Created != 0 {
			t.Errorf("%d %s: %+v", test.status, test.code, report)
		}
	}
	f.on(nil)
	must[doc](t)(s.Get(t.Context(), "things", "a"))
}

func TestRetries(t *testing.T) {
	f := serveFaulty(t)
	s := connect(t, f.fake, Config{})
	var failures atomic.Int64
	f.on(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if failures.Add(1) == 1 {
			answer(w, 503, "SlowDown")
			return
		}
		next.ServeHTTP(w, r)
	})
	must[string](t)(s.Insert(t.Context(), "things", doc{"a": 1}))
	if failures.Load() != 2 {
		t.Errorf("%d requests, want 2", failures.Load())
	}
}

// TestLostAnswers loses the answer of each first write: it was done, and is not done again.
func TestLostAnswers(t *testing.T) {
	f := serveFaulty(t)
	s := connect(t, f.fake, Config{})
	var writes atomic.Int64
	lose := func() {
		writes.Store(0)
		f.on(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method != http.MethodPut || writes.Add(1) > 1 {
				next.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		})
	}
	lose()
	must[string](t)(s.Insert(t.Context(), "things", doc{"id": "a", "n": 1}))
	lose()
	if ok := must[bool](t)(s.Update(t.Context(), "things", "a", doc{"n": 2})); !ok || writes.Load() != 2 {
		t.Errorf("Update: %v in %d writes, want true in 2", ok, writes.Load())
	}
	lose()
	if _, err := s.Insert(t.Context(), "things", doc{"id": "a"}); !errors.Is(err, storage.ErrDuplicate) {
		t.Errorf("Insert of what is there: %v", err)
	}
	if got := must[doc](t)(s.Get(t.Context(), "things", "a")); got["n"] != int64(2) {
		t.Errorf("the document is %v", got)
	}
}

func TestLostConnection(t *testing.T) {
	f := serve(t, nil)
	s := connect(t, f, quick)
	f.Close()
	_, err := s.Insert(t.Context(), "things", doc{"id": "a"})
	if !errors.Is(err, storage.ErrConnection) || strings.Contains(err.Error(), "very-secret") {
		t.Errorf("Insert without server: %v", err)
	}
	if h := s.HealthCheck(t.Context()); !h.Connected || h.Ping || h.Error == "" {
		t.Errorf("HealthCheck without server: %+v", h)
	}
	other, err := New(s.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Initialize(t.Context()); !errors.Is(err, storage.ErrConnection) || errors.Is(err, storage.ErrClosed) {
		t.Errorf("Initialize without server: %v", err)
	}
	if _, err := other.Get(t.Context(), "things", "a"); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Get without Initialize: %v", err)
	}
}

func TestSlowServer(t *testing.T) {
	f := serveFaulty(t)
	s := connect(t, f.fake, Config{Retries: -1, Timeout: 500 * time.Millisecond})
	f.on(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() })
	if err := s.Ping(t.Context()); !errors.Is(err, storage.ErrConnection) {
		t.Errorf("Ping of a server that does not answer: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := s.Get(ctx, "things", "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get with a deadline: %v", err)
	}
}

// TestProcesses has two storages that know nothing of each other, as two processes do.
func TestProcesses(t *testing.T) {
	f := serve(t, nil)
	a, b := connect(t, f, Config{}), connect(t, f, Config{})
	must[string](t)(a.Insert(t.Context(), "things", doc{"id": "x"}))
	var wg sync.WaitGroup
	for i, s := range []*Storage{a, b, a, b} {
		wg.Go(func() {
			for n := range 5 {
				if ok, err := s.Update(t.Context(), "things", "x", doc{fmt.Sprint("f", i, n): true}); !ok || err != nil {
					t.Errorf("Update: %v, %v", ok, err)
				}
			}
		})
	}
	wg.Wait()
	if got := must[doc](t)(b.Get(t.Context(), "things", "x")); len(got) != 3+20 {
		t.Errorf("the document has %d fields, want 23", len(got))
	}

	if ok := must[bool](t)(a.Delete(t.Context(), "things", "x")); !ok {
		t.Error("Delete has found nothing")
	}
	f.store(t, "tframex/tables/things/data/2025/07/05/x.json", `{"id": "x", "moved": true}`, nil)
	if got := must[doc](t)(b.Get(t.Context(), "things", "x")); got["moved"] != true {
		t.Errorf("b reads %v", got)
	}
	if ok := must[bool](t)(a.Update(t.Context(), "things", "x", doc{"n": 1})); !ok {
		t.Error("a has not found the document that was moved")
	}
	if ok := must[bool](t)(b.Delete(t.Context(), "things", "x")); !ok || len(f.keys(t)) != 0 {
		t.Errorf("b has left %q", f.keys(t))
	}
}

// TestUnconditional has servers that refuse conditional writes, or take no notice of them.
func TestUnconditional(t *testing.T) {
	refuse := serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("If-Match")+r.Header.Get("If-None-Match") != "" {
				answer(w, 501, "NotImplemented")
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	if _, err := connect(t, refuse, quick).Insert(t.Context(), "things", doc{}); !errors.Is(err, storage.ErrQuery) || !strings.Contains(err.Error(), "unconditional") {
		t.Errorf("a conditional write that the server refuses: %v", err)
	}
	ignore := serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("If-Match")
			r.Header.Del("If-None-Match")
			next.ServeHTTP(w, r)
		})
	})
	for _, s := range []*Storage{connect(t, refuse, Config{Unconditional: true}), connect(t, ignore, Config{Unconditional: true}), connect(t, ignore, Config{})} {
		must[bool](t)(s.DropTable(t.Context(), "things"))
		var wg sync.WaitGroup
		var stored atomic.Int64
		for i := range 6 {
			wg.Go(func() {
				if _, err := s.Insert(t.Context(), "things", doc{"id": "a"}); err == nil {
					stored.Add(1)
				} else if !errors.Is(err, storage.ErrDuplicate) {
					t.Error(err)
				}
				if ok, err := s.Update(t.Context(), "things", "a", doc{fmt.Sprint(i): true}); !ok || err != nil {
					t.Errorf("Update: %v, %v", ok, err)
				}
			})
		}
		wg.Wait()
		if got := must[doc](t)(s.Get(t.Context(), "things", "a")); stored.Load() != 1 || len(got) != 3+6 {
			t.Errorf("%d inserts and %d fields, want 1 and 9", stored.Load(), len(got))
		}
	}
}

// TestBatchSize counts the requests of one call that are under way at once.
func TestBatchSize(t *testing.T) {
	var now, most, puts atomic.Int64
	three := make(chan struct{})
	f := serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for n := now.Add(1); ; {
				if old := most.Load(); n <= old || most.CompareAndSwap(old, n) {
					break
				}
			}
			defer now.Add(-1)
			if r.Method == http.MethodPut {
				if puts.Add(1) == 3 {
					close(three)
				}
				<-three // the first ones wait for each other
			}
			next.ServeHTTP(w, r)
		})
	})
	s := connect(t, f, Config{BatchSize: 3})
	docs := make([]doc, 40)
	for i := range docs {
		docs[i] = doc{"n": i}
	}
	must[[]string](t)(s.BulkInsert(t.Context(), "things", docs))
	if got := must[[]doc](t)(s.Select(t.Context(), "things", storage.Query{OrderBy: "n"})); len(got) != 40 {
		t.Errorf("%d documents, want 40", len(got))
	}
	if most.Load() != 3 {
		t.Errorf("%d requests at once, want 3", most.Load())
	}
}
