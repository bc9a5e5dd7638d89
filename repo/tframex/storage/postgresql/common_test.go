package postgresql_test

import (
	"testing"

	"github.com/redisgen/redisgen/internal/postgresd"
	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/sqldoc/sqldoctest"
)

func TestCommon(t *testing.T) {
	server := postgresd.Shared(t)
	sqldoctest.Run(t, sqldoctest.Backend{
		New: func(t *testing.T, noTables bool) (storage.Storage, func() storage.Storage) {
			c := config(server.Login())
			c.NoTables = noTables
			return open(t, c), func() storage.Storage { return open(t, c) }
		},
		Checked: `CREATE TABLE checked (id UUID PRIMARY KEY, data JSONB NOT NULL CHECK (data::text NOT LIKE '%forbidden%'), created_at TIMESTAMPTZ, updated_at TIMESTAMPTZ)`,
		Unique:  `CREATE UNIQUE INDEX unique_username ON users ((data->>'username'))`,
	})
}
