// Package observe tests what OpenTelemetry and Prometheus are told of a client.
package observe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/extra/redisotel/v9"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/promrepo"
	"github.com/redisgen/redisgen/repo/telemetry"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/events"
)

// world is a client that everything watches.
type world struct {
	*repo.Client
	spans    *tracetest.InMemoryExporter
	tracers  *sdktrace.TracerProvider
	reader   *sdkmetric.ManualReader
	registry *prometheus.Registry
	log      *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// watch opens a client that everything watches.
func watch(t testing.TB, config repo.Config) *world {
	t.Helper()
	return watchAlso(t, config, new([]repo.Observer))
}

// watchAlso is watch that tells which observers the client has.
func watchAlso(t testing.TB, config repo.Config, observers *[]repo.Observer) *world {
	t.Helper()
	w := &world{spans: tracetest.NewInMemoryExporter(), reader: sdkmetric.NewManualReader(), registry: prometheus.NewRegistry(), log: new(lockedBuffer)}
	w.tracers = sdktrace.NewTracerProvider(sdktrace.WithSyncer(w.spans))
	metrics := promrepo.New()
	config.Logger = slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	config.Observers = []repo.Observer{metrics}
	config.SweepInterval = 20 * time.Millisecond
	must(t, telemetry.Instrument(&config, telemetry.TracerProvider(w.tracers),
		telemetry.MeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(w.reader)))))
	*observers = config.Observers
	var err error
	w.Client, err = repo.Open(t.Context(), config)
	must(t, err)
	t.Cleanup(func() { _ = w.Close() })
	must(t, w.registry.Register(metrics))
	must(t, w.registry.Register(promrepo.NewPoolCollector(w.Client)))
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// told returns all that was told, as text.
func (w *world) told(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	for _, span := range w.spans.GetSpans() {
		fmt.Fprintf(&b, "%+v\n", span)
		for _, attribute := range span.Attributes {
			fmt.Fprintln(&b, attribute.Key, attribute.Value.String())
		}
		for _, event := range span.Events {
			fmt.Fprintf(&b, "%+v\n", event)
		}
	}
	data, err := json.Marshal(w.measured(t))
	must(t, err)
	b.Write(data)
	families, err := w.registry.Gather()
	must(t, err)
	for _, family := range families {
		fmt.Fprintln(&b, family.String())
	}
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	b.Write(w.log.Bytes())
	return b.String()
}

func (w *world) measured(t testing.TB) metricdata.ResourceMetrics {
	t.Helper()
	var data metricdata.ResourceMetrics
	must(t, w.reader.Collect(context.Background(), &data))
	return data
}

// random returns a source of random numbers, whose seed is printed if the test fails.
func random(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	if text := os.Getenv("OBSERVE_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		must(t, err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to repeat: OBSERVE_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// confidential makes ids and values, all of which have a mark.
type confidential struct {
	*rand.Rand
	mark string
}

func (c confidential) text() string { return c.mark + strconv.Itoa(c.IntN(20)) }

// operate does each kind of operation, with random ids and values, so that some succeed
// and some fail.
func operate(ctx context.Context, client *repo.Client, c confidential) {
	users, tasks, sessions := app.NewUsers(client), events.NewTasks(client), app.NewSessions(client)
	user := func() *app.User {
		email := c.text()
		return &app.User{
			ID: c.text(), Username: c.text(), Email: &email, Status: app.Active, Tags: []string{c.text()}, Nickname: c.text(),
			Password: []byte(c.text()), Balance: c.Float64(), Version: c.Int64N(3), Metadata: map[string]any{c.text(): c.text()},
		}
	}
	task := func() *events.Task {
		code := c.text()
		return &events.Task{Owner: c.text(), ID: c.Int64N(5), Title: c.text(), Code: &code}
	}
	bad := user()
	bad.Balance = math.NaN()
	odd := user()
	odd.Status = app.Status(c.text())
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	where := users.Where(app.UserFields.Nickname.Prefix(c.mark), app.UserFields.Tags.Has(c.text()))
	_ = users.Create(ctx, user())
	_ = users.Save(ctx, user())
	_ = users.Save(ctx, bad)
	_ = users.Save(ctx, odd)
	_ = users.Save(canceled, user())
	_ = users.Update(ctx, user())
	_ = users.Patch(ctx, c.text(), app.UserFields.Username.Set(c.text()))
	_ = users.Delete(ctx, c.text())
	_, _ = users.Get(ctx, c.text())
	_, _ = users.GetMany(ctx, c.text(), c.text())
	_, _ = users.GetByUsername(ctx, c.text())
	_, _ = users.Mutate(ctx, c.text(), func(u *app.User) error { u.Tags = nil; return nil })
	_, _ = users.Mutate(ctx, c.text(), func(u *app.User) error { return errors.New(c.text()) })
	_ = users.CreateMany(ctx, []*app.User{user(), user()})
	_ = sessions.Save(ctx, &app.Session{UserID: c.text(), Device: c.text()}, repo.TTL(10*time.Millisecond))
	_, _ = where.Page(ctx)
	_, _ = where.After(c.text()).Page(ctx)
	_, _ = where.Count(ctx)
	_, _ = where.First(ctx)
	_, _ = where.Explain(ctx)
	_, _ = app.UserFields.Status.CountBy(ctx, users.Where())
	_, _ = where.Patch(ctx, app.UserFields.Logins.Add(1))
	_, _ = users.Where(app.UserFields.Nickname.Eq(c.text())).Limit(1).Delete(ctx)
	for range users.Where().All(ctx) {
	}
	_ = tasks.Create(ctx, task())
	_ = tasks.Save(ctx, task())
	_, _ = tasks.GetByCode(ctx, c.text())
	_, _ = tasks.Where(events.TaskFields.Title.Eq(c.text())).Page(ctx)
	batch := client.Batch()
	users.In(batch).Save(user())
	tasks.In(batch).Create(task())
	users.In(batch).Get(c.text())
	_ = batch.Run(ctx)
	_ = client.Tx(ctx, func(tx *repo.Tx) error {
		if _, err := users.InTx(tx).Get(c.text()); err != nil {
			return err
		}
		return users.InTx(tx).Save(user())
	})
	_ = client.Sweep(ctx)
	_, _ = client.Health(ctx)
}

// onServers runs a test on one server and on a cluster.
func onServers(t *testing.T, run func(*testing.T, repo.Config)) {
	t.Run("one", func(t *testing.T) { run(t, repo.Config{Addrs: []string{redisd.Start(t).Addr()}}) })
	t.Run("cluster", func(t *testing.T) { run(t, repo.Config{Addrs: redisd.StartCluster(t).Addrs()}) })
}

// No id and no value turns up in spans, attributes, labels and logs, whatever fails.
func TestNothingConfidentialIsTold(t *testing.T) {
	r := random(t)
	onServers(t, func(t *testing.T, config repo.Config) {
		w := watch(t, config)
		c := confidential{r, fmt.Sprintf("mark%x", r.Uint64())}
		for range 10 {
			operate(t.Context(), w.Client, c)
		}
		// The server quotes what it does not know.
		ctx, span := w.tracers.Tracer("test").Start(t.Context(), "parent")
		err := w.Redis().Do(ctx, "unheard-of", c.mark).Err()
		span.End()
		if err == nil || !strings.Contains(err.Error(), c.mark) {
			t.Errorf("the server says %v: the test is at fault", err)
		}
		told := w.told(t)
		if at := strings.Index(told, c.mark); at >= 0 {
			t.Errorf("told: %s", told[max(0, at-300):at+40])
		}
		for _, word := range []string{"Save users", "evalsha", "redisgen_operation_duration_seconds", "db.client.operation.duration", "i:tags"} {
			if !strings.Contains(told, word) {
				t.Errorf("%s is not told", word)
			}
		}
	})
}

// What the test above looks for would be there by go-redis's instrumentation alone.
func TestConfidentialIsToldOtherwise(t *testing.T) {
	rdb := redisd.Start(t).Client()
	spans := tracetest.NewInMemoryExporter()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	must(t, redisotel.InstrumentTracing(rdb, redisotel.WithTracerProvider(tracers), redisotel.WithDBStatement(false)))
	_ = rdb.Do(t.Context(), "unheard-of", "confidential").Err()
	if !strings.Contains(fmt.Sprintf("%+v", spans.GetSpans()), "confidential") {
		t.Error("the error is not told")
	}
}

// Each span of go-redis is beneath that of an operation, which is beneath the caller's;
// what happens in the background has none.
func TestSpansNest(t *testing.T) {
	onServers(t, func(t *testing.T, config repo.Config) {
		w := watch(t, config)
		ctx, span := w.tracers.Tracer("test").Start(t.Context(), "caller")
		operate(ctx, w.Client, confidential{random(t), "x"})
		span.End()
		sessions := app.NewSessions(w.Client)
		deadline := time.Now().Add(10 * time.Second)
		for swept := false; !swept && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			n, err := sessions.Where().Count(ctx)
			must(t, err)
			swept = n == 0
		}
		byID := map[string]tracetest.SpanStub{}
		for _, one := range w.spans.GetSpans() {
			byID[one.SpanContext.SpanID().String()] = one
		}
		beneath := 0
		for _, one := range byID {
			parent := byID[one.Parent.SpanID().String()]
			switch scope := one.InstrumentationScope.Name; {
			case scope == "test":
			case strings.HasSuffix(scope, "/redisotel"):
				beneath++
				if !strings.HasSuffix(parent.InstrumentationScope.Name, "/telemetry") && !strings.HasSuffix(parent.InstrumentationScope.Name, "/redisotel") {
					t.Errorf("%s is beneath %q", one.Name, parent.Name)
				}
			case parent.Name != "caller":
				t.Errorf("%s is beneath %q", one.Name, parent.Name)
			}
		}
		if beneath < 20 {
			t.Errorf("%d spans of commands", beneath)
		}
	})
}

// A span says what the operation was for, and how it went.
func TestSpanOfQuery(t *testing.T) {
	w := watch(t, repo.Config{Addrs: []string{redisd.Start(t).Addr()}, RoundTrip: time.Hour})
	users := app.NewUsers(w.Client)
	must(t, users.Save(t.Context(), &app.User{ID: "1", Username: "ann", Status: app.Active, Tags: []string{"x"}}))
	_, err := users.Where(app.UserFields.Tags.Has("x")).Page(t.Context())
	must(t, err)
	for _, span := range w.spans.GetSpans() {
		if span.Name != "Page users" {
			continue
		}
		got := map[attribute.Key]string{}
		for _, a := range span.Attributes {
			got[a.Key] = a.Value.String()
		}
		for key, want := range map[attribute.Key]string{
			"db.system.name": "redis", "db.operation.name": "Page", "db.collection.name": "users", "db.response.returned_rows": "1",
			"redisgen.index": "i:tags", "redisgen.examined": "1", "redisgen.outcome": "ok",
		} {
			if got[key] != want {
				t.Errorf("%s is %q, want %q", key, got[key], want)
			}
		}
		return
	}
	t.Error("no span")
}

// After Close nothing is left that reads the connection's pools, nor a goroutine.
func TestCloseEndsMeasurement(t *testing.T) {
	config := repo.Config{Addrs: []string{redisd.Start(t).Addr()}}
	ignore := goleak.IgnoreCurrent()
	w := watch(t, config)
	has := func() bool {
		data, err := json.Marshal(w.measured(t))
		must(t, err)
		return bytes.Contains(data, []byte("db.client.connections.usage"))
	}
	if !has() {
		t.Error("pools are not measured")
	}
	must(t, w.Close())
	goleak.VerifyNone(t, ignore)
	if has() {
		t.Error("pools of a closed client are measured")
	}
}
