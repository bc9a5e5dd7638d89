package storage

import (
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/redisgen/redisgen/internal/postgresd"
	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/migrate"
	_ "github.com/redisgen/redisgen/repo/tframex/storage/postgresql"
	_ "github.com/redisgen/redisgen/repo/tframex/storage/s3"
)

// withUUIDs returns rows whose ids are UUIDs, as tables of PostgreSQL have them, but for tables
// with ids of their own.
func withUUIDs(rows []row) (list []row) {
	for _, r := range rows {
		if r.table != "sessions" && r.table != "user_roles" {
			id := uuid.NewSHA1(uuid.NameSpaceOID, []byte(r.id)).String()
			r.data = strings.Replace(r.data, `"id":"`+r.id+`"`, `"id":"`+id+`"`, 1)
			r.id = id
		}
		list = append(list, r)
	}
	return list
}

// TestAround migrates a database through all backends, one after the other: each has the same
// documents as the one before, and the last as the first.
func TestAround(t *testing.T) {
	login := postgresd.Shared(t).Login()
	bucket := s3mem.New()
	if err := bucket.CreateBucket("around"); err != nil {
		t.Fatal(err)
	}
	service := httptest.NewServer(gofakes3.New(bucket, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	t.Cleanup(service.Close)

	old, path := existingDatabase(t, withUUIDs(existing)), filepath.Join(t.TempDir(), "new.db")
	first := open(t, "sqlite:"+old+"?read_only=true")
	source := first
	for _, config := range []storage.Config{
		{Type: "postgresql", Settings: map[string]any{"host": login.Host, "port": login.Port, "database": login.Database, "username": login.Username, "password": login.Password}},
		{Type: "memory"},
		{Type: "s3", Settings: map[string]any{"bucket_name": "around", "endpoint_url": service.URL, "aws_access_key_id": "key", "aws_secret_access_key": "secret"}},
		{Type: "sqlite", Settings: map[string]any{"database_path": path}},
	} {
		target, err := storage.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = target.Close() })
		report, err := migrate.Run(t.Context(), source, target, migrate.Options{BatchSize: 5})
		if n := report.Total(); err != nil || n.Created != int64(len(existing)) {
			t.Fatalf("%s to %s: %v, %v %+v", source.Backend(), config.Type, err, n, report.Tables)
		}
		v, err := migrate.Verify(t.Context(), first, target, migrate.VerifyOptions{})
		for _, table := range v.Tables {
			if !table.Equal {
				t.Errorf("%s: %v: %+v", config.Type, err, table)
			}
		}
		source = target
	}
}
