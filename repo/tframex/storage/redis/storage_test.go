package redis_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/redis"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within 20 seconds", what)
		}
	}
}

func TestBothSidesSeeTheSame(t *testing.T) {
	s := open(t, onServer(t, ""))
	id, err := s.Insert(t.Context(), "conversations", doc{"user_id": "u1", "agent_name": "helper", "created_at": "2025-07-05 01:22:00", "pinned": true})
	must(t, err)
	c, err := s.Store().Conversations.Get(t.Context(), id)
	must(t, err)
	if *c.UserID != "u1" || !c.CreatedAt.Equal(time.Date(2025, 7, 5, 1, 22, 0, 0, time.UTC)) {
		t.Errorf("the typed side has %+v", c)
	}
	must(t, s.Store().Conversations.Patch(t.Context(), id, tframex.ConversationFields.Title.Set("Hello")))
	got, err := s.Get(t.Context(), "conversations", id)
	must(t, err)
	if got["title"] != "Hello" || got["pinned"] != true || got["created_at"] != "2025-07-05 01:22:00" {
		t.Errorf("the document is %v", got)
	}

	session := &tframex.Session{SessionID: "typed", UserID: "u1"}
	must(t, s.Store().Sessions.Create(t.Context(), session))
	if got, err := s.Get(t.Context(), "sessions", "typed"); err != nil || got["id"] != "typed" {
		t.Errorf("the session of the typed side: %v, %v", got, err)
	}
	must(t, s.Store().UserRoles.Create(t.Context(), &tframex.UserRole{UserID: "u:1", RoleID: "r", AssignedAt: time.Now()}))
	if ok, err := s.Update(t.Context(), "user_roles", "u:1:r", doc{"note": "n"}); !ok || err != nil {
		t.Errorf("Update of a user role of the typed side: %v, %v", ok, err)
	}
}

func TestSessionsLiveAsConfigured(t *testing.T) {
	config := onServer(t, "")
	config.Typed.SessionTTL = 10 * time.Minute
	s := open(t, config)
	given := doc{"session_id": "s", "user_id": "u"}
	_, err := s.Insert(t.Context(), "sessions", given)
	must(t, err)
	lives := func() time.Duration {
		ttl, err := s.Store().Sessions.TTL(t.Context(), "s")
		must(t, err)
		return ttl
	}
	if ttl := lives(); ttl > 10*time.Minute || ttl < 9*time.Minute {
		t.Errorf("it lives for %v, want 10 minutes", ttl)
	}
	got, err := s.Get(t.Context(), "sessions", "s")
	must(t, err)
	if _, ok := got["expires_at"]; ok {
		t.Errorf("the document has expires_at: %v", got)
	}
	_, err = s.Update(t.Context(), "sessions", "s", doc{"last_activity": "2025-07-05T01:22:00"})
	must(t, err)
	if ttl := lives(); ttl > 10*time.Minute || ttl < 9*time.Minute {
		t.Errorf("after an update it lives for %v, want 10 minutes", ttl)
	}
	_, err = s.Update(t.Context(), "sessions", "s", doc{"expires_at": storage.FormatTime(time.Now().Add(time.Hour))})
	must(t, err)
	if ttl := lives(); ttl < 59*time.Minute {
		t.Errorf("after an update of expires_at it lives for %v, want an hour", ttl)
	}

	_, err = s.Insert(t.Context(), "sessions", doc{"session_id": "old", "expires_at": "2020-01-01T00:00:00"})
	if !errors.Is(err, storage.ErrValidation) || !strings.Contains(err.Error(), "expired") {
		t.Errorf("Insert of a session that has expired: %v", err)
	}
	report, err := s.Import(t.Context(), "sessions", []storage.Record{
		{ID: "old", Document: doc{"session_id": "old", "expires_at": "2020-01-01T00:00:00"}},
		{ID: "ever", Document: doc{"session_id": "ever"}},
		{ID: "later", Document: doc{"session_id": "later", "expires_at": "2020-01-01T00:00:00"}, ExpiresAt: time.Now().Add(time.Hour)},
	}, storage.Refuse)
	must(t, err)
	if report.Created != 2 || len(report.Refused) != 1 || report.Refused[0].ID != "old" {
		t.Errorf("Import: %+v", report)
	}
	if ttl, err := s.Store().Sessions.TTL(t.Context(), "ever"); ttl != 0 || err != nil {
		t.Errorf("a session without expiry lives for %v, %v", ttl, err)
	}
	if got, err := s.Get(t.Context(), "sessions", "later"); err != nil || got["expires_at"] != "2020-01-01T00:00:00" {
		t.Errorf("a session of which the record knows better: %v, %v", got, err)
	}
	err = s.Check(t.Context(), "sessions", storage.Record{ID: "old", Document: doc{"expires_at": "2020-01-01T00:00:00"}})
	if !errors.Is(err, storage.ErrValidation) {
		t.Errorf("Check of a session that has expired: %v", err)
	}
}

// What ErrScan says of indexes is what queries do.
func TestScanNamesIndexes(t *testing.T) {
	config := onServer(t, "")
	config.MaxScan = 3
	s := open(t, config)
	for table, indexed := range map[string][]string{
		"messages":        {"conversation_id", "created_at"},
		"conversations":   {"user_id", "agent_name", "created_at"},
		"audit_logs":      {"user_id", "action", "event_type", "resource", "created_at", "timestamp"},
		"permissions":     {"name", "resource"},
		"flow_executions": {"status", "flow_name", "user_id", "started_at"},
		"user_roles":      {"user_id", "role_id", "assigned_at"},
		"sessions":        {"user_id", "created_at"},
	} {
		for n := range 4 {
			_, err := s.Insert(t.Context(), table, doc{
				"role": "user", "status": "running", "user_id": "u", "role_id": fmt.Sprint(n), "session_id": fmt.Sprint(n), "created_at": "2025-07-05T01:00:00",
				"started_at": "2025-07-05T01:00:00", "assigned_at": "2025-07-05T01:00:00",
			})
			must(t, err)
		}
		_, err := s.Select(t.Context(), table, storage.Query{Filter: storage.Filter{"nothing": "like this"}})
		if !errors.Is(err, storage.ErrScan) {
			t.Errorf("%s: %v, want ErrScan", table, err)
			continue
		}
		for _, field := range indexed {
			if !strings.Contains(err.Error(), field) {
				t.Errorf("%s: %v; does not name %s", table, err, field)
			}
			value := any("no such")
			switch {
			case strings.HasSuffix(field, "_at") || field == "timestamp":
				value = "2001-01-01T00:00:00"
			case field == "status":
				value = "failed"
			}
			if got, err := s.Select(t.Context(), table, storage.Query{Filter: storage.Filter{field: value}}); len(got) != 0 || err != nil {
				t.Errorf("%s by %s: %v, %v", table, field, got, err)
			}
		}
	}
}

func TestRaw(t *testing.T) {
	config := onServer(t, "")
	config.RawCommands = append(redis.RawReads(), "DEL")
	s := open(t, config)
	prefix := s.Client().Prefix()
	id, err := s.Insert(t.Context(), "roles", doc{"name": "admin"})
	must(t, err)
	got, err := s.ExecuteRaw(t.Context(), "hgetall "+prefix+"{roles}:r:"+id)
	if record, ok := got.(map[string]any); err != nil || !ok || record["name"] != "admin" {
		t.Errorf("HGETALL: %v, %v", got, err)
	}
	if got, err := s.ExecuteRaw(t.Context(), "ZRANGE", prefix+"{roles}:s:created_at", 0, -1); err != nil || !slices.Equal(got.([]any), []any{id}) {
		t.Errorf("ZRANGE: %v, %v", got, err)
	}
	if got, err := s.ExecuteRaw(t.Context(), "GET", prefix+"nothing"); got != nil || err != nil {
		t.Errorf("GET of nothing: %v, %v", got, err)
	}
	if got, err := s.ExecuteRaw(t.Context(), "DEL", prefix+"a", prefix+"b"); got != int64(0) || err != nil {
		t.Errorf("DEL: %v, %v", got, err)
	}
	for _, bad := range [][]any{{"FLUSHALL"}, {"SET", prefix + "a", "1"}, {"GET", "other:a"}, {"GET"}, {"DEL", prefix + "a", "b"}, {""}, {"EVAL", "return 1", 0}, {"GET", struct{}{}}} {
		if _, err := s.ExecuteRaw(t.Context(), bad[0].(string), bad[1:]...); !errors.Is(err, storage.ErrValidation) {
			t.Errorf("%v: %v, want ErrValidation", bad, err)
		}
	}
	if _, err := s.ExecuteRaw(t.Context(), "LLEN", prefix+"{roles}:s:created_at"); !errors.Is(err, storage.ErrQuery) {
		t.Errorf("what the server refuses: %v", err)
	}
}

func TestReadOnly(t *testing.T) {
	config := onServer(t, "")
	id, err := open(t, config).Insert(t.Context(), "things", doc{"a": 1})
	must(t, err)
	config.ReadOnly = true
	s := open(t, config)
	if _, err := s.Get(t.Context(), "things", id); err != nil {
		t.Error(err)
	}
	if h := s.HealthCheck(t.Context()); h.Error != "" {
		t.Errorf("HealthCheck: %+v", h)
	}
	_, inserting := s.Insert(t.Context(), "things", doc{})
	_, updating := s.Update(t.Context(), "things", id, doc{})
	_, deleting := s.Delete(t.Context(), "things", id)
	_, dropping := s.DropTable(t.Context(), "things")
	for _, err := range []error{inserting, updating, deleting, dropping, s.CreateTable(t.Context(), "x", nil)} {
		if !errors.Is(err, storage.ErrQuery) || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("%v, want that it is read-only", err)
		}
	}
}

func TestServerRestarts(t *testing.T) {
	server := redisd.Start(t, redisd.AOF())
	var log lines
	s := open(t, redis.Config{
		HealthInterval: 20 * time.Millisecond,
		Connection: repo.Config{
			Addrs: []string{server.Addr()}, RetryTimeout: time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		},
	})
	id, err := s.Insert(t.Context(), "things", doc{"a": 1})
	must(t, err)
	server.Kill()
	_, err = s.Get(t.Context(), "things", id)
	if !errors.Is(err, storage.ErrConnection) || errors.Is(err, storage.ErrClosed) {
		t.Errorf("without a server: %v, want ErrConnection", err)
	}
	if h := s.HealthCheck(t.Context()); !h.Connected || h.Ping || h.Error == "" {
		t.Errorf("HealthCheck without a server: %+v", h)
	}
	eventually(t, "the log tells", func() bool { return log.has("cannot be used") })
	server.Start()
	eventually(t, "the storage is back", func() bool {
		got, err := s.Get(t.Context(), "things", id)
		return err == nil && got["a"] == int64(1)
	})
	eventually(t, "the log tells", func() bool { return log.has("can be used again") })
	_, err = s.Insert(t.Context(), "things", doc{"a": 2}) // whose script the server has lost
	must(t, err)
}

// What tells of a table is written before its first documents: if it cannot be, none is stored.
func TestTableComesFirst(t *testing.T) {
	server := redisd.Start(t)
	s := open(t, redis.Config{Connection: repo.Config{Addrs: []string{server.Addr()}}})
	table := s.Client().Prefix() + "{tables}:r:things"
	must(t, s.Client().Redis().Set(t.Context(), table, "another type", 0).Err())
	ids, err := s.BulkInsert(t.Context(), "things", []storage.Document{{"a": 1}, {"a": 2}})
	if err == nil || ids[0] != "" || ids[1] != "" {
		t.Errorf("BulkInsert = %q, %v; want an error", ids, err)
	}
	if n, err := s.Count(t.Context(), "things", nil); n != 0 || err != nil {
		t.Errorf("%d documents are stored, %v", n, err)
	}
	must(t, s.Client().Redis().Del(t.Context(), table).Err())
	ids, err = s.BulkInsert(t.Context(), "things", []storage.Document{{"a": 1}, {"a": 2}})
	if must(t, err); ids[0] == "" || ids[1] == "" {
		t.Errorf("ids = %q", ids)
	}
	if names, err := s.ListTables(t.Context()); err != nil || len(names) != 1 || names[0] != "things" {
		t.Errorf("tables: %q, %v", names, err)
	}
}

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

func TestNothingIsLeftRunning(t *testing.T) {
	server := miniredis.RunT(t)
	before := goleak.IgnoreCurrent()
	s, err := redis.New(redis.Config{Connection: repo.Config{Addrs: []string{server.Addr()}}, HealthInterval: time.Millisecond})
	must(t, err)
	must(t, s.Connect(t.Context()))
	for range 2 {
		must(t, s.Close())
	}
	server.Close()
	goleak.VerifyNone(t, before)
}

func TestNoServer(t *testing.T) {
	s, err := redis.New(redis.Config{Connection: repo.Config{Addrs: []string{"127.0.0.1:1"}, Password: "hidden", RetryTimeout: time.Millisecond}})
	must(t, err)
	err = s.Initialize(t.Context())
	var failed *storage.Error
	if !errors.Is(err, storage.ErrConnection) || !errors.As(err, &failed) || failed.Op != "Initialize" || strings.Contains(err.Error(), "hidden") {
		t.Errorf("Initialize: %v", err)
	}
	if s.Client() != nil || s.Store() != nil {
		t.Error("a client without a connection")
	}
}

func TestSettings(t *testing.T) {
	server := redisd.Start(t, redisd.TLS(), redisd.User("app", "pa55word", "~*", "&*", "+@all"))
	certs := server.TLS()
	settings := map[string]any{
		"port": server.Port(), "ssl": true, "ssl_ca_file": certs.CAFile, "ssl_cert_file": certs.CertFile, "ssl_key_file": certs.KeyFile,
		"username": "app", "password": "pa55word", "connection_pool_size": 3, "socket_timeout": 2.5, "key_prefix": "x:", "ttl": map[string]any{"sessions": 60, "temp_data": 5},
		"max_scan": 100, "auto_pipelining": true, "cache": true, "notifications": true, "rate_limit": map[string]any{"requests": 2, "per": 60}, "audit": map[string]any{"retention": 3600},
	}
	s, err := storage.Open(t.Context(), storage.Config{Type: "redis", Settings: settings})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	_, err = s.Insert(t.Context(), "things", doc{"a": 1})
	must(t, err)
	typed := s.(*redis.Storage)
	if typed.Client().Prefix() != "x:" {
		t.Errorf("the prefix is %q", typed.Client().Prefix())
	}

	for change, kind := range map[string]error{"ssl": storage.ErrConnection, "password": storage.ErrConnection, "key_prefix": storage.ErrValidation, "key_prefix, empty": storage.ErrValidation, "raw_commands": storage.ErrValidation} {
		bad := map[string]any{}
		for key, value := range settings {
			if change != "ssl" || !strings.HasPrefix(key, "ssl") {
				bad[key] = value
			}
		}
		switch change {
		case "password":
			bad["password"] = "wr0ng"
		case "key_prefix":
			bad["key_prefix"] = "a{b}"
		case "key_prefix, empty":
			bad["key_prefix"] = ""
		case "raw_commands":
			bad["raw_commands"] = []any{"SHUTDOWN"}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := storage.Open(ctx, storage.Config{Type: "redis", Settings: bad})
		cancel()
		if !errors.Is(err, kind) || strings.Contains(fmt.Sprint(err), "wr0ng") || strings.Contains(fmt.Sprint(err), "pa55word") {
			t.Errorf("without %s: %v, want %v", change, err, kind)
		}
	}
}

func TestCluster(t *testing.T) {
	cluster := redisd.StartCluster(t)
	s := open(t, redis.Config{Connection: repo.Config{Addrs: cluster.Addrs(), Cluster: true}})
	for table, d := range map[string]doc{
		"things": {"a": 1}, "messages": {"conversation_id": "c", "role": "user"}, "users": {"username": "ada"}, "sessions": {"session_id": "s", "user_id": "u"},
	} {
		id, err := s.Insert(t.Context(), table, d)
		must(t, err)
		ok, err := s.Update(t.Context(), table, id, doc{"more": true})
		must(t, err)
		got, err := s.Select(t.Context(), table, storage.Query{Filter: storage.Filter{"more": true}, OrderBy: "created_at"})
		if !ok || err != nil || len(got) != 1 {
			t.Errorf("%s: %v, %v, %v", table, ok, got, err)
		}
	}
	names, err := s.ListTables(t.Context())
	if want := []string{"messages", "sessions", "things", "users"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("tables are %q, %v; want %q", names, err, want)
	}
}
