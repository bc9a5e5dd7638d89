package storages

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// hand is a program by hand on package database/sql: the layout of the tables and the
// indexes are those of the backend, one connection writes, ten read, and each statement is
// prepared once.
type hand struct {
	reader, writer *sql.DB
	tables         map[string]*statements
	newest         *sql.Stmt
}

// statements are those of one table.
type statements struct {
	insert, get, remove *sql.Stmt
	bulk                *sql.Stmt            // of a hundred documents
	update              map[string]*sql.Stmt // by the field that changes
}

// openHand opens the database at path. Synchronous is FULL, which waits for the disk with each
// transaction, or NORMAL, which does not.
func openHand(ctx context.Context, path, synchronous string) (_ *hand, err error) {
	h := &hand{tables: map[string]*statements{}}
	pragmas := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(" + synchronous + ")"}}
	for _, pool := range []**sql.DB{&h.writer, &h.reader} {
		if *pool, err = sql.Open("sqlite", "file:"+path+"?"+pragmas.Encode()); err != nil {
			return nil, err
		}
	}
	h.writer.SetMaxOpenConns(1)
	h.reader.SetMaxOpenConns(10)
	h.reader.SetMaxIdleConns(10)
	for _, table := range []string{conversations, messages} {
		if err := h.create(ctx, table); err != nil {
			return nil, err
		}
	}
	h.newest, err = h.reader.PrepareContext(ctx, "SELECT data FROM conversations WHERE json_extract(data, '$.user_id') = ? ORDER BY created_at DESC, id DESC LIMIT ?")
	return h, err
}

// create makes a table, and its statements.
func (h *hand) create(ctx context.Context, table string) error {
	_, err := h.writer.ExecContext(ctx, fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %[1]s (id TEXT PRIMARY KEY, data TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT);
		CREATE INDEX IF NOT EXISTS idx_%[1]s_created_at ON %[1]s (created_at);
		CREATE INDEX IF NOT EXISTS idx_%[1]s_updated_at ON %[1]s (updated_at)`, table))
	if err != nil {
		return err
	}
	s := &statements{update: map[string]*sql.Stmt{}}
	h.tables[table] = s
	for _, one := range []struct {
		pool *sql.DB
		to   **sql.Stmt
		text string
	}{
		{h.writer, &s.insert, "INSERT INTO %s (id, data, created_at, updated_at) VALUES (?, ?, ?, ?)"},
		{h.writer, &s.bulk, "INSERT INTO %s (id, data, created_at, updated_at) VALUES (?, ?, ?, ?)" + strings.Repeat(", (?, ?, ?, ?)", 99)},
		{h.writer, &s.remove, "DELETE FROM %s WHERE id = ?"},
		{h.reader, &s.get, "SELECT data FROM %s WHERE id = ?"},
	} {
		if *one.to, err = one.pool.PrepareContext(ctx, fmt.Sprintf(one.text, table)); err != nil {
			return err
		}
	}
	for _, field := range []string{"title", "content"} {
		text := "UPDATE " + table + " SET data = json_set(data, '$." + field + "', json(?1), '$.updated_at', ?2), updated_at = ?2 WHERE id = ?3"
		if s.update[field], err = h.writer.PrepareContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

func (h *hand) Close() error { return errors.Join(h.reader.Close(), h.writer.Close()) }

func columns(doc storage.Document) ([]any, error) {
	data, err := json.Marshal(doc)
	return []any{doc["id"], string(data), doc["created_at"], doc["updated_at"]}, err
}

func (h *hand) Insert(ctx context.Context, table string, doc storage.Document) (string, error) {
	args, err := columns(doc)
	if err == nil {
		_, err = h.tables[table].insert.ExecContext(ctx, args...)
	}
	return doc["id"].(string), err
}

func (h *hand) BulkInsert(ctx context.Context, table string, docs []storage.Document) ([]string, error) {
	ids, args := make([]string, len(docs)), make([]any, 0, 4*len(docs))
	for i, doc := range docs {
		ids[i] = doc["id"].(string)
		one, err := columns(doc)
		if err != nil {
			return nil, err
		}
		args = append(args, one...)
	}
	_, err := h.tables[table].bulk.ExecContext(ctx, args...)
	return ids, err
}

func (h *hand) Get(ctx context.Context, table, id string) (doc storage.Document, err error) {
	var data []byte
	if err := h.tables[table].get.QueryRowContext(ctx, id).Scan(&data); err != nil {
		return nil, err
	}
	return doc, json.Unmarshal(data, &doc)
}

func (h *hand) Newest(ctx context.Context, user string, n int) (docs []storage.Document, err error) {
	rows, err := h.newest.QueryContext(ctx, user, n)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var data sql.RawBytes
		if err := rows.Scan(&data); err != nil {
			return nil, err
		}
		var doc storage.Document
		if err := json.Unmarshal(data, &doc); err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, rows.Err()
}

// Update changes one field, in one statement.
func (h *hand) Update(ctx context.Context, table, id string, changes storage.Document) (bool, error) {
	for field, value := range changes {
		data, err := json.Marshal(value)
		if err != nil {
			return false, err
		}
		return changed(h.tables[table].update[field].ExecContext(ctx, string(data), storage.FormatTime(time.Now()), id))
	}
	return false, errors.New("nothing changes")
}

func (h *hand) Delete(ctx context.Context, table, id string) (bool, error) {
	return changed(h.tables[table].remove.ExecContext(ctx, id))
}

func changed(r sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}
