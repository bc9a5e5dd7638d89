package tframex_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/limit"
	"github.com/redisgen/redisgen/repo/tframex"
)

// quiet drops what is logged.
var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// stores runs a test of a store on the embedded store and on a real server.
func stores(t *testing.T, o tframex.StoreOptions, test func(t *testing.T, s *tframex.Store)) {
	t.Helper()
	each(t, func(t *testing.T, client *repo.Client) { test(t, storeOn(t, client, o)) })
}

func storeOn(t *testing.T, client *repo.Client, o tframex.StoreOptions) *tframex.Store {
	t.Helper()
	if o.Logger == nil {
		o.Logger = quiet
	}
	s := tframex.NewStore(client, o)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// bubble runs a test of a store on the embedded store, in a bubble of testing/synctest: both
// go by its clock.
func bubble(t *testing.T, o tframex.StoreOptions, test func(t *testing.T, s *tframex.Store)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := miniredis.NewMiniRedis()
		server.ClockTTL(true)
		dial := func(context.Context, string, string) (net.Conn, error) { return server.Dial() }
		client, err := repo.Open(t.Context(), repo.Config{Addrs: []string{"127.0.0.1:1"}, Dialer: dial, SweepInterval: -1, Logger: quiet})
		must(t, err)
		s := tframex.NewStore(client, o)
		test(t, s)
		must(t, s.Close())
		must(t, client.Close())
		server.Close()
	})
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

// contents returns what messages say.
func contents(list []*tframex.Message) (texts []string) {
	for _, m := range list {
		texts = append(texts, *m.Content)
	}
	return texts
}

func text(format string, args ...any) *tframex.Message {
	return &tframex.Message{Role: tframex.RoleUser, Content: new(fmt.Sprintf(format, args...))}
}

// roundTrips counts what is sent: commands, and pipelines as one, but not what a connection
// begins with.
type roundTrips struct {
	mu sync.Mutex
	n  int
}

func (r *roundTrips) add(cmds ...redis.Cmder) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if name := cmds[0].Name(); name != "hello" && name != "client" {
		r.n++
	}
}

// of returns how many round trips f makes.
func (r *roundTrips) of(t *testing.T, f func() error) int {
	t.Helper()
	r.mu.Lock()
	before := r.n
	r.mu.Unlock()
	must(t, f())
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n - before
}

func (r *roundTrips) DialHook(next redis.DialHook) redis.DialHook { return next }

func (r *roundTrips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { r.add(cmd); return next(ctx, cmd) }
}

func (r *roundTrips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { r.add(cmds...); return next(ctx, cmds) }
}

// The operations take the round trips that their documentation says.
func TestRoundTrips(t *testing.T) {
	server := redisd.Shared(t)
	rdb, trips, ctx := redis.NewClient(server.Options()), new(roundTrips), t.Context()
	defer rdb.Close()
	rdb.AddHook(trips)
	client, err := repo.New(rdb, repo.Config{Prefix: server.Prefix(), SweepInterval: -1, RoundTrip: time.Hour})
	must(t, err)
	defer client.Close()
	s := storeOn(t, client, tframex.StoreOptions{UserLimits: []limit.Limit{limit.PerDay(100)}})
	c, f, e := &tframex.Conversation{AgentName: "a"}, &tframex.FlowExecution{FlowName: "f"}, &tframex.AgentExecution{AgentName: "a"}
	call, session := &tframex.ToolCall{ToolName: "t", ToolType: tframex.ToolNative}, &tframex.Session{UserID: "u"}
	must(t, s.Conversations.Create(ctx, c))
	must(t, s.Users.Create(ctx, &tframex.User{ID: "u", Username: "u", IsActive: true, Roles: []string{"one"}}))
	must(t, s.Roles.Create(ctx, &tframex.Role{Name: "one", ParentRole: new("two"), Permissions: []string{"a:b"}}))
	must(t, s.Roles.Create(ctx, &tframex.Role{Name: "two", Permissions: []string{"c:d"}}))
	must(t, s.Append(ctx, c.ID, text("0"))) // scripts and the clock are known now
	use := func(known bool) {
		for _, test := range []struct {
			name string
			want int
			call func() error
		}{
			{"Append", 3, func() error { return s.Append(ctx, c.ID, text("1"), text("2")) }},
			{"CountMessages", 1, func() error { _, err := s.CountMessages(ctx, c.ID); return err }},
			{"LastMessages", 1, func() error { _, err := s.LastMessages(ctx, c.ID, 2); return err }},
			{"StartFlow", 1, func() error { f.ID, f.Status = "", ""; return s.StartFlow(ctx, f) }},
			{"SetFlowStatus", 2, func() error {
				_, err := s.SetFlowStatus(ctx, f.ID, tframex.FlowSuccess, tframex.FlowOutcome{})
				return err
			}},
			{"BeginExecution", 1, func() error { e.ID = ""; return s.BeginExecution(ctx, e) }},
			{"BeginToolCall", 1, func() error { call.ID, call.AgentExecutionID = "", e.ID; return s.BeginToolCall(ctx, call) }},
			{"FinishToolCall", 2, func() error { _, err := s.FinishToolCall(ctx, call.ID, tframex.Outcome{}); return err }},
			{"FinishExecution", 2, func() error { _, err := s.FinishExecution(ctx, e.ID, tframex.Outcome{}); return err }},
			{"Log", 1, func() error { return s.Log(ctx, &tframex.AuditLog{Action: "a"}, &tframex.AuditLog{Action: "b"}) }},
			{"Record", 1, func() error {
				return s.Record(ctx, &tframex.Metric{MetricName: "m", MetricType: tframex.MetricGauge})
			}},
			{"CreateSession", 1, func() error { *session = tframex.Session{UserID: "u"}; return s.CreateSession(ctx, session) }},
			{"GetSession", 1, func() error { _, err := s.GetSession(ctx, session.SessionID); return err }},
			{"RevokeSession", 1, func() error { return s.RevokeSession(ctx, session.SessionID) }},
			{"PutTemp", 1, func() error { return s.PutTemp(ctx, "k", 1, 0) }},
			{"GetTemp", 1, func() error { _, err := tframex.GetTemp[int](ctx, s, "k"); return err }},
			{"TakeTemp", 2, func() error { _, err := tframex.TakeTemp[int](ctx, s, "k"); return err }},
			{"Allow", 1, func() error { _, err := s.Allow(ctx, "u"); return err }},
			{"Allowed", 4, func() error { _, err := s.Allowed(ctx, "u", "a", "b"); return err }}, // two of them at the same time
		} {
			if n := trips.of(t, test.call); known && n != test.want {
				t.Errorf("%s: %d round trips, want %d", test.name, n, test.want)
			}
		}
	}
	use(false) // after which the server has the scripts
	use(true)
}

// A store leaves no goroutine behind, whether it removes old entries or not.
func TestStoreCloses(t *testing.T) {
	redisd.Shared(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	server := miniredis.NewMiniRedis()
	must(t, server.Start())
	defer server.Close()
	client, err := repo.Open(t.Context(), repo.Config{Addrs: []string{server.Addr()}})
	must(t, err)
	for _, o := range []tframex.StoreOptions{{}, {AuditRetention: time.Hour}} {
		s := tframex.NewStore(client, o)
		must(t, s.Close())
		must(t, s.Close())
	}
	s := tframex.NewStore(client, tframex.StoreOptions{AuditRetention: time.Millisecond, Logger: quiet})
	must(t, client.Close()) // which ends the background work too, at the latest at Close
	must(t, s.Close())
	wantError(t, s.StartFlow(t.Context(), &tframex.FlowExecution{FlowName: "f"}), repo.ErrClosed)
}

func TestUserLimits(t *testing.T) {
	stores(t, tframex.StoreOptions{UserLimits: []limit.Limit{limit.PerDay(2)}}, func(t *testing.T, s *tframex.Store) {
		for i, want := range []bool{true, true, false} {
			if r, err := s.Allow(t.Context(), "ann"); err != nil || r.Allowed != want {
				t.Errorf("request %d of ann: %v, %v", i, r.Allowed, err)
			}
		}
		if r, err := s.Allow(t.Context(), "bob"); err != nil || !r.Allowed {
			t.Errorf("bob: %v, %v", r.Allowed, err)
		}
		free := storeOn(t, s.Client(), tframex.StoreOptions{})
		if r, err := free.Allow(t.Context(), "ann"); err != nil || !r.Allowed {
			t.Errorf("without limits: %v, %v", r.Allowed, err)
		}
		wrong := storeOn(t, s.Client(), tframex.StoreOptions{UserLimits: []limit.Limit{limit.PerDay(0)}})
		r, err := wrong.Allow(t.Context(), "ann")
		if wantError(t, err, limit.ErrInvalid); r.Allowed {
			t.Error("a limit that makes no sense admits")
		}
	})
}

func TestHealthAndStats(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		ctx := t.Context()
		if h, err := s.Health(ctx); err != nil || h.Latency <= 0 {
			t.Errorf("Health: %+v, %v", h, err)
		}
		must(t, s.Users.Create(ctx, &tframex.User{Username: "ann"}))
		must(t, s.Log(ctx, &tframex.AuditLog{Action: "a"}, &tframex.AuditLog{Action: "b"}))
		must(t, s.PutTemp(ctx, "k", 1, 0))
		stats, err := s.Stats(ctx)
		must(t, err)
		for name, want := range map[string]int64{"users": 1, "audit_logs": 2, "temp_data": 1, "messages": 0} {
			if got, ok := stats.Records[name]; got != want || !ok {
				t.Errorf("%s: %d records, want %d", name, got, want)
			}
		}
		if len(stats.Records) != 17 {
			t.Errorf("%d entities: %v", len(stats.Records), stats.Records)
		}
	})
}
