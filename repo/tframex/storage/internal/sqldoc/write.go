package sqldoc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// chunk is how many rows one statement inserts, and one transaction of many.
const chunk = 200

// writing runs what writes to a table, which it makes before if it is to be made. Without
// a table nothing is run.
func (s *Store) writing(ctx context.Context, conn Conn, table string, create bool, f func() error) error {
	prepare := func() (bool, error) {
		if create {
			return true, s.ensure(ctx, conn, table)
		}
		return s.exists(ctx, conn, table)
	}
	return s.write(conn, func() error {
		var ready bool
		err := s.read(ctx, conn, func() (err error) {
			ready, err = prepare()
			return err
		})
		if err != nil || !ready {
			return err
		}
		if err = f(); err == nil || !noTable(err) {
			return err
		}
		// Somebody else has dropped it: nothing was written.
		s.forget()
		if ready, again := prepare(); again != nil || !ready {
			return again
		}
		return f()
	})
}

// Insert implements [storage.Storage].
func (s *Store) Insert(ctx context.Context, table string, doc storage.Document) (string, error) {
	id, err := s.insert(ctx, table, doc)
	if err != nil {
		return "", s.fail("Insert", table, id, err)
	}
	return id, nil
}

func (s *Store) insert(ctx context.Context, table string, doc storage.Document) (string, error) {
	if err := storage.CheckTable(table); err != nil {
		return "", err
	}
	conn, err := s.open()
	if err != nil {
		return "", err
	}
	r, err := s.newRow(table, doc, time.Now())
	if err != nil {
		return "", err
	}
	return r.id, s.writing(ctx, conn, table, true, func() error {
		n, err := conn.Exec(ctx, s.insertion(table, 1), s.args(r)...)
		if err == nil && n == 0 {
			err = storage.ErrDuplicate
		}
		return err
	})
}

// insertion returns the statement that inserts n rows, those of which there are none like them.
func (s *Store) insertion(table string, n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + quote(table) + " (id, data, created_at, updated_at) VALUES ")
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		arg := func(column int) string { return s.dialect.Arg(4*i + column) }
		b.WriteString("(" + arg(1) + ", " + arg(2) + ", " + arg(3) + ", " + arg(4) + ")")
	}
	b.WriteString(" ON CONFLICT DO NOTHING")
	return b.String()
}

// BulkInsert implements [storage.Storage].
func (s *Store) BulkInsert(ctx context.Context, table string, docs []storage.Document) ([]string, error) {
	ids, err := s.bulk(ctx, table, docs)
	return ids, s.fail("BulkInsert", table, "", err)
}

func (s *Store) bulk(ctx context.Context, table string, docs []storage.Document) ([]string, error) {
	if err := storage.CheckTable(table); err != nil {
		return nil, err
	}
	conn, err := s.open()
	if err != nil {
		return nil, err
	}
	b := batch{errs: make([]error, len(docs))}
	now := time.Now()
	for i, doc := range docs {
		r, err := s.newRow(table, doc, now)
		if b.errs[i] = err; err == nil {
			b.rows, b.at = append(b.rows, r), append(b.at, i)
		}
	}
	ids := make([]string, len(docs))
	err = s.eachChunk(ctx, conn, table, b, func(tx Conn, part batch) (func(), error) {
		stored, err := s.put(ctx, tx, table, part)
		return func() {
			for i, index := range part.at {
				if stored[i] {
					ids[index] = part.rows[i].id
				} else if b.errs[index] == nil {
					b.errs[index] = storage.ErrDuplicate
				}
			}
		}, err
	})
	if err != nil {
		b.interrupted(ids, err)
	}
	for _, err := range b.errs {
		if err != nil {
			return ids, &storage.BulkError{Errs: b.errs}
		}
	}
	return ids, nil
}

// batch is rows that are written, each with its place in a list of errors.
type batch struct {
	rows []row
	at   []int
	errs []error
}

// interrupted gives an error to all that were not tried.
func (b batch) interrupted(ids []string, err error) {
	for _, index := range b.at {
		if ids[index] == "" && b.errs[index] == nil {
			b.errs[index] = err
		}
	}
}

// eachChunk runs f on parts of a batch, each in a transaction. When that has been committed,
// it runs what f has returned.
func (s *Store) eachChunk(ctx context.Context, conn Conn, table string, b batch, f func(tx Conn, part batch) (func(), error)) error {
	for first := 0; first < len(b.rows); first += chunk {
		last := min(first+chunk, len(b.rows))
		part := batch{b.rows[first:last], b.at[first:last], b.errs}
		var committed func()
		err := s.writing(ctx, conn, table, true, func() error {
			return conn.Atomic(ctx, func(tx Conn) (err error) {
				committed, err = f(tx, part)
				return err
			})
		})
		if err != nil {
			return err
		}
		committed()
	}
	return nil
}

// put inserts rows, and tells which were not there before. What is refused gets an error; the
// error returned is one that concerns all.
func (s *Store) put(ctx context.Context, tx Conn, table string, b batch) (stored []bool, err error) {
	err = savepoint(ctx, tx, func() error {
		stored, err = s.putAll(ctx, tx, table, b.rows)
		return err
	})
	if err == nil || fatal(err) {
		return stored, err
	}
	stored = make([]bool, len(b.rows))
	for i, r := range b.rows {
		err := savepoint(ctx, tx, func() error {
			n, err := tx.Exec(ctx, s.insertion(table, 1), s.args(r)...)
			stored[i] = n > 0
			return err
		})
		if fatal(err) {
			return stored, err
		}
		if err != nil {
			b.errs[b.at[i]] = err
		}
	}
	return stored, nil
}

// putAll inserts rows by one statement.
func (s *Store) putAll(ctx context.Context, tx Conn, table string, list []row) ([]bool, error) {
	args := make([]any, 0, 4*len(list))
	first := make(map[string]int, len(list))
	for i, r := range list {
		args = append(args, s.args(r)...)
		if _, twice := first[r.key]; !twice {
			first[r.key] = i
		}
	}
	rows, err := tx.Query(ctx, s.insertion(table, len(list))+" RETURNING id", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	stored := make([]bool, len(list))
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		stored[first[key]] = true
	}
	return stored, rows.Err()
}

// savepoint runs f, and undoes what it did in a transaction if it fails.
func savepoint(ctx context.Context, tx Conn, f func() error) error {
	if _, err := tx.Exec(ctx, "SAVEPOINT documents"); err != nil {
		return err
	}
	err := f()
	if err != nil {
		if _, undo := tx.Exec(ctx, "ROLLBACK TO SAVEPOINT documents"); undo != nil {
			return errors.Join(err, undo)
		}
	}
	if _, done := tx.Exec(ctx, "RELEASE SAVEPOINT documents"); done != nil {
		return errors.Join(err, done)
	}
	return err
}

// Update implements [storage.Storage].
func (s *Store) Update(ctx context.Context, table, id string, changes storage.Document) (bool, error) {
	done, err := s.update(ctx, table, id, changes)
	return done, s.fail("Update", table, id, err)
}

func (s *Store) update(ctx context.Context, table, id string, changes storage.Document) (bool, error) {
	now := time.Now()
	checked, err := s.changes(changes, now)
	if err != nil {
		return false, err
	}
	return s.change(ctx, table, id, func(conn Conn, key string) (bool, error) {
		return s.dialect.Merge(ctx, conn, table, key, checked, now)
	})
}

// changes returns what is merged into a document.
func (s *Store) changes(changes storage.Document, now time.Time) (storage.Document, error) {
	checked, err := storage.CheckDocument(changes)
	if err != nil {
		return nil, err
	}
	delete(checked, storage.FieldID)
	checked[storage.FieldUpdatedAt] = storage.FormatTime(now)
	data, err := Encode(checked)
	if err != nil {
		return nil, err
	}
	return checked, s.dialect.CheckJSON(data)
}

// change runs what changes one row: that with the id, or of a session, that with its
// session_id.
func (s *Store) change(ctx context.Context, table, id string, f func(conn Conn, key string) (bool, error)) (done bool, err error) {
	conn, err := s.target(table, id)
	if err != nil {
		return false, err
	}
	err = s.writing(ctx, conn, table, false, func() error {
		if key, err := s.dialect.Key(table, id); err == nil {
			if done, err = f(conn, key); err != nil || done {
				return err
			}
		}
		key, err := s.keyOfSession(ctx, conn, table, id)
		if err == nil && key != "" {
			done, err = f(conn, key)
		}
		return err
	})
	return done, err
}

// Delete implements [storage.Storage].
func (s *Store) Delete(ctx context.Context, table, id string) (bool, error) {
	done, err := s.change(ctx, table, id, func(conn Conn, key string) (bool, error) {
		n, err := conn.Exec(ctx, "DELETE FROM "+quote(table)+" WHERE id = "+s.dialect.Arg(1), key)
		return n > 0, err
	})
	return done, s.fail("Delete", table, id, err)
}

// ExecuteRaw implements [storage.Storage]: SQL with parameters. It returns the rows, as a
// []storage.Document, or how many were changed, an int64.
func (s *Store) ExecuteRaw(ctx context.Context, query string, params ...any) (any, error) {
	conn, err := s.open()
	if err == nil && strings.TrimSpace(query) == "" {
		err = fmt.Errorf("%w: no statement", storage.ErrValidation)
	}
	if err != nil {
		return nil, s.fail("ExecuteRaw", "", "", err)
	}
	var docs []storage.Document
	var changed int64
	err = s.write(conn, func() error {
		docs, changed, err = conn.Raw(ctx, query, params)
		return err
	})
	s.forget()
	if err != nil || docs == nil {
		return changed, s.fail("ExecuteRaw", "", "", err)
	}
	return docs, nil
}
