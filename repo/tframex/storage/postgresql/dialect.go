package postgresql

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/big"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/sqldoc"
)

// dialect is what is particular to PostgreSQL.
type dialect struct{ config Config }

func (d *dialect) Open(ctx context.Context) (sqldoc.Database, error) {
	db, err := open(ctx, d.config)
	if err != nil {
		return nil, err
	}
	return db, nil
}

func (*dialect) Arg(n int) string { return "$" + strconv.Itoa(n) }

func (*dialect) Create(ctx context.Context, conn sqldoc.Conn, table string) error {
	// Two that create a table at the same time would both find it missing.
	statements := []string{
		fmt.Sprintf("SELECT pg_advisory_xact_lock(hashtextextended('tframex:%s', 0))", table),
		`CREATE TABLE IF NOT EXISTS "` + table + `" (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), data JSONB NOT NULL, created_at TIMESTAMPTZ, updated_at TIMESTAMPTZ)`,
		`CREATE INDEX IF NOT EXISTS ` + index(table, "created_at") + ` ON "` + table + `" (created_at)`,
		`CREATE INDEX IF NOT EXISTS ` + index(table, "updated_at") + ` ON "` + table + `" (updated_at)`,
		`CREATE INDEX IF NOT EXISTS ` + index(table, "data") + ` ON "` + table + `" USING GIN (data)`,
	}
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// maxName is how many bytes a name has at most.
const maxName = 63

// index returns the name of an index, quoted. A long one is cut, with a hash in place of the
// rest.
func index(table, column string) string {
	name := "idx_" + table + "_" + column
	if len(name) > maxName {
		hash := fnv.New32a()
		_, _ = hash.Write([]byte(table))
		tail := "_" + hex.EncodeToString(hash.Sum(nil)) + "_" + column
		name = name[:maxName-len(tail)] + tail
	}
	return `"` + name + `"`
}

func (*dialect) Tables() string {
	return `SELECT c.relname::text FROM pg_class AS c WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) AND
		(SELECT count(*) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname IN ('id', 'data', 'created_at', 'updated_at')) = 4`
}

func (*dialect) Fold(table string) string { return table }

func (*dialect) Key(table, id string) (string, error) {
	if len(id) == 36 {
		if parsed, err := uuid.Parse(id); err == nil {
			return parsed.String(), nil
		}
	}
	if sqldoc.Derived(table) {
		return uuid.NewSHA1(Namespace, []byte(table+":"+id)).String(), nil
	}
	return "", fmt.Errorf("%w: an id that is no UUID; PostgreSQL keeps ids of %s as UUIDs", storage.ErrValidation, table)
}

func (*dialect) Time(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func (*dialect) Parse(data []byte) (storage.Document, error) {
	doc, err := storage.ParseDocument(data)
	restore(doc)
	return doc, err
}

// restore puts floats in place of numbers that JSONB has written without an exponent.
func restore(v any) any {
	switch v := v.(type) {
	case json.Number:
		return number(v)
	case []any:
		for i := range v {
			v[i] = restore(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = restore(v[key])
		}
	}
	return v
}

// number returns the float whose shortest form has an exponent and is the same decimal as n,
// else n.
func number(n json.Number) any {
	f, err := n.Float64()
	if err != nil {
		return n
	}
	shortest, err := json.Marshal(f)
	if err != nil || !bytes.ContainsRune(shortest, 'e') {
		return n
	}
	x, _ := new(big.Rat).SetString(string(n))
	y, _ := new(big.Rat).SetString(string(shortest))
	if x == nil || y == nil || x.Cmp(y) != 0 {
		return n
	}
	return f
}

// CheckJSON refuses the character U+0000.
func (*dialect) CheckJSON(data []byte) error {
	for {
		at := bytes.IndexByte(data, '\\')
		if at < 0 {
			return nil
		}
		if bytes.HasPrefix(data[at:], []byte(`\u0000`)) {
			return fmt.Errorf("%w: a text with the character U+0000, which PostgreSQL cannot keep", storage.ErrValidation)
		}
		data = data[at+2:]
	}
}

func (*dialect) Natural() string { return "id" }

func (*dialect) Merge(ctx context.Context, conn sqldoc.Conn, table, key string, changes storage.Document, now time.Time) (bool, error) {
	data, err := sqldoc.Encode(changes)
	if err != nil {
		return false, err
	}
	n, err := conn.Exec(ctx, `UPDATE "`+table+`" SET data = data || $1::jsonb, updated_at = $2 WHERE id = $3`, string(data), now, key)
	return n > 0, err
}
