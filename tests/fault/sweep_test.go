package fault

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// lines is a log that many goroutines write to.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

// The sweep goes on by itself when the server is back, and an outage is two
// lines in the log, however long it lasts.
func TestSweepThroughAnOutage(t *testing.T) {
	server := redisd.Start(t, redisd.AOF())
	var log lines
	client, err := repo.Open(t.Context(), repo.Config{
		Addrs: []string{server.Addr()}, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		SweepInterval: 10 * time.Millisecond, MaxRetries: -1,
	})
	must(t, err)
	defer client.Close()
	sessions := app.NewSessions(client)
	session := &app.Session{ID: uuid.New(), UserID: "ann"}
	must(t, sessions.Create(t.Context(), session))

	server.Kill()
	eventually(t, "the outage is logged", func() bool { return log.count("sweeps of expired records fail") == 1 })
	server.Start()
	eventually(t, "its end is logged", func() bool { return log.count("succeed again") == 1 })
	if n := log.count("\n"); n != 2 {
		t.Errorf("%d lines for one outage:\n%s", n, log.text.String())
	}
	must(t, sessions.Touch(t.Context(), session.ID, repo.TTL(time.Millisecond)))
	eventually(t, "nothing is left of the session", func() bool {
		n, err := client.Redis().DBSize(t.Context()).Result()
		return err == nil && n == 0
	})
}
