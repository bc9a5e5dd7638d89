package storage

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/migrate"
)

// TestLostConnections migrates to a server and back while connections break, before commands
// reach it and before their replies come back: each record is there once, and counted as what
// it is, though a record whose id is taken is refused.
func TestLostConnections(t *testing.T) {
	const records = 900
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	server := redisd.Shared(t)
	proxy := faultproxy.Start(t, server.Addr())
	url := strings.Replace(server.URL(), server.Addr(), proxy.Addr(), 1) + "?key_prefix=" + server.Prefix()
	source, target := open(t, "sqlite:"+existingDatabase(t, messageRows(records))+"?read_only=true"), open(t, url)
	taken := storage.Record{ID: "m-000700", Document: storage.Document{"id": "m-000700", "conversation_id": "c-0", "role": "user", "created_at": "2025-07-05T01:30:01"}}
	if report, err := target.Import(t.Context(), "messages", []storage.Record{taken}, storage.Refuse); err != nil || report.Created != 1 {
		t.Fatalf("%v, %+v", err, report)
	}
	disturb := func(migrate.Progress) {
		switch r.IntN(6) {
		case 0:
			proxy.Cut()
		case 1:
			proxy.DropReply(faultproxy.Any, 1+r.IntN(60))
		case 2:
			proxy.DropRequest(faultproxy.Any, 1+r.IntN(60))
		}
	}
	report, err := migrate.Run(t.Context(), source, target, migrate.Options{BatchSize: 30, Workers: 2, Progress: disturb})
	if n := report.Total(); n != (migrate.Counts{Read: records, Created: records - 1, Refused: 1}) {
		t.Fatalf("%v, %v, %+v", err, n, report.Tables)
	}
	if proxy.Faults() == 0 {
		t.Errorf("nothing was broken")
	}
	proxy.Reset()
	back := open(t, "sqlite::memory:")
	report, err = migrate.Run(t.Context(), target, back, migrate.Options{BatchSize: 30, Progress: disturb})
	if n := report.Total(); err != nil || n != (migrate.Counts{Read: records, Created: records}) {
		t.Fatalf("%v, %v", err, n)
	}
	proxy.Reset()
	v, err := migrate.Verify(t.Context(), source, back, migrate.VerifyOptions{})
	if d := v.Tables[0].Differences; err == nil || len(d) != 1 || d[0].ID != taken.ID {
		t.Errorf("%v: %+v", err, v)
	}
}
