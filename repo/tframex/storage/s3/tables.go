package s3

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// metadata is the object of a table that was created.
type metadata struct {
	TableName string           `json:"table_name"`
	Schema    storage.Document `json:"schema"`
	CreatedAt string           `json:"created_at"`
	// RecordCount is how many documents the table had when the object was written. It is
	// not kept up to date, as every insert would have to change one object: TableInfo
	// counts.
	RecordCount int64 `json:"record_count"`
}

// CreateTable makes a table known: a listing, and one request.
func (s *Storage) CreateTable(ctx context.Context, table string, schema storage.Document) error {
	return s.change(ctx, "CreateTable", table, "", func(c *conn) (err error) {
		m := metadata{TableName: table, CreatedAt: storage.FormatTime(time.Now())}
		if schema != nil {
			if m.Schema, err = storage.CheckDocument(schema); err != nil {
				return err
			}
		}
		if m.RecordCount, err = size(c.entries(ctx, table, "")); err != nil {
			return err
		}
		data, err := json.Marshal(m)
		if err != nil {
			return fmt.Errorf("%w: %w", storage.ErrValidation, err)
		}
		err = c.put(ctx, c.tableKey(table)+metadataName, data, absent, map[string]string{metaTable: table, metaCreated: m.CreatedAt})
		if isChanged(err) {
			return nil
		}
		return err
	})
}

// DropTable removes all objects of a table, batch_size of them at once: one request for each,
// and one for each 1,000. If it is interrupted, what is left is a smaller table.
func (s *Storage) DropTable(ctx context.Context, table string) (had bool, err error) {
	err = s.change(ctx, "DropTable", table, "", func(c *conn) error {
		for p, err := range c.list(ctx, c.tableKey(table), "", "") {
			if err != nil {
				return err
			}
			had = had || len(p.keys) > 0
			err = c.each(ctx, len(p.keys), func(ctx context.Context, i int) error {
				if id, ok := c.keyID(table, p.keys[i]); ok {
					c.known.forget(table, id)
				}
				return c.remove(ctx, p.keys[i])
			})
			if err != nil {
				return err
			}
		}
		c.index.forget(table)
		return nil
	})
	return had, err
}

// ListTables returns the tables that have objects: one request for each 1,000 tables.
func (s *Storage) ListTables(ctx context.Context) (list []string, err error) {
	err = s.do(ctx, "ListTables", noTable, "", func(c *conn) error {
		found, err := c.prefixes(ctx, c.tablesKey())
		for _, prefix := range found {
			table := strings.TrimSuffix(strings.TrimPrefix(prefix, c.tablesKey()), "/")
			if storage.CheckTable(table) == nil {
				list = append(list, table)
			}
		}
		slices.Sort(list)
		return err
	})
	return list, err
}

// TableInfo tells about a table: one request, and one for each 1,000 documents. Of a table
// whose _metadata.json cannot be read it knows neither schema nor time.
func (s *Storage) TableInfo(ctx context.Context, table string) (info storage.TableInfo, err error) {
	err = s.do(ctx, "TableInfo", table, "", func(c *conn) error {
		m, err := c.metadata(ctx, table)
		created := !isMissing(err)
		if err != nil && created {
			return err
		}
		n, err := size(c.entries(ctx, table, ""))
		if err != nil {
			return err
		}
		if !created && n == 0 {
			return storage.ErrNoTable
		}
		info = storage.TableInfo{Name: table, Schema: m.Schema, Records: n}
		info.CreatedAt, _ = storage.ParseTime(m.CreatedAt) // zero, if it is in another form
		return nil
	})
	return info, err
}

// metadata reads the object of a table, or returns errMissing. One that cannot
// be read tells nothing, and keeps nobody from the documents.
func (c *conn) metadata(ctx context.Context, table string) (m metadata, err error) {
	doc, _, err := c.download(ctx, c.tableKey(table)+metadataName)
	if isOfObject(err) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	m.Schema, _ = doc["schema"].(storage.Document)
	m.CreatedAt, _ = doc["created_at"].(string)
	return m, nil
}
