package sqldoc

import (
	"context"
	"iter"
	"strconv"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Export implements [storage.Storage]. Records come in the order of their ids, some hundred
// with each query; between queries nothing is held.
func (s *Store) Export(ctx context.Context, table, from string) iter.Seq2[storage.Record, error] {
	return func(yield func(storage.Record, error) bool) {
		for {
			page, err := s.exportPage(ctx, table, from)
			for _, record := range page {
				if !yield(record, nil) {
					return
				}
				from = record.Position
			}
			if err != nil {
				yield(storage.Record{}, s.fail("Export", table, "", err))
				return
			}
			if len(page) < chunk {
				return
			}
		}
	}
}

func (s *Store) exportPage(ctx context.Context, table, from string) ([]storage.Record, error) {
	conn, _, err := s.begin(table, nil)
	if err != nil {
		return nil, err
	}
	b := &Builder{dialect: s.dialect}
	clauses := " ORDER BY id LIMIT " + strconv.Itoa(chunk)
	if from != "" {
		clauses = " WHERE id > " + b.Arg(from) + clauses
	}
	var page []storage.Record
	err = s.reading(ctx, conn, table, func() error {
		page, err = s.records(ctx, conn, table, clauses, b.args...)
		return err
	})
	return page, err
}

// records returns the records that clauses choose. Those before one that cannot be read come
// with the error.
func (s *Store) records(ctx context.Context, conn Conn, table, clauses string, args ...any) ([]storage.Record, error) {
	rows, err := conn.Query(ctx, "SELECT id, data, created_at, updated_at FROM "+quote(table)+clauses, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []storage.Record
	for rows.Next() {
		var key string
		var data []byte
		var created, updated any
		if err := rows.Scan(&key, &data, &created, &updated); err != nil {
			return list, err
		}
		doc, err := s.dialect.Parse(data)
		if err != nil {
			return list, &storage.RecordError{ID: key, Position: key, Err: err}
		}
		list = append(list, storage.Record{
			ID: s.idOfRow(table, key, doc), Document: doc, CreatedAt: recordTime(created), UpdatedAt: recordTime(updated), Position: key,
		})
	}
	return list, rows.Err()
}

// idOfRow returns the id for which a row has its key.
func (s *Store) idOfRow(table, key string, doc storage.Document) string {
	session, _ := doc[sessionID].(string)
	for _, id := range []string{idOf(table, doc), session} {
		if made, err := s.dialect.Key(table, id); id != "" && err == nil && made == key {
			return id
		}
	}
	return key
}

// Check implements [storage.Checker].
func (s *Store) Check(_ context.Context, table string, record storage.Record) error {
	_, err := s.rowOfRecord(table, record)
	return s.fail("Check", table, record.ID, err)
}

// Import implements [storage.Storage]. A part of the records is in one transaction.
func (s *Store) Import(ctx context.Context, table string, records []storage.Record, existing storage.Existing) (storage.ImportReport, error) {
	report, err := s.importAll(ctx, table, records, existing)
	return report, s.fail("Import", table, "", err)
}

func (s *Store) importAll(ctx context.Context, table string, records []storage.Record, existing storage.Existing) (storage.ImportReport, error) {
	var report storage.ImportReport
	if err := storage.CheckTable(table); err != nil {
		return report, err
	}
	conn, err := s.open()
	if err != nil {
		return report, err
	}
	b := batch{errs: make([]error, len(records))}
	for i, record := range records {
		r, err := s.rowOfRecord(table, record)
		if err != nil {
			report.Refused = append(report.Refused, storage.Refusal{ID: record.ID, Err: err})
			continue
		}
		b.rows, b.at = append(b.rows, r), append(b.at, i)
	}
	err = s.eachChunk(ctx, conn, table, b, func(tx Conn, part batch) (func(), error) {
		stored, err := s.put(ctx, tx, table, part)
		var there []int64
		if err == nil {
			there, err = s.overwrite(ctx, tx, table, part, stored, existing)
		}
		return func() { s.report(&report, part, stored, there, existing) }, err
	})
	return report, err
}

// rowOfRecord returns the row of a record as it is.
func (s *Store) rowOfRecord(table string, record storage.Record) (row, error) {
	doc, err := storage.CheckDocument(record.Document)
	if err != nil {
		return row{}, err
	}
	id := record.ID
	if id == "" {
		id = idOf(table, doc)
	}
	r, err := s.rowOf(table, id, doc, time.Now())
	if !record.CreatedAt.IsZero() {
		r.created = record.CreatedAt
	}
	if !record.UpdatedAt.IsZero() {
		r.updated = record.UpdatedAt
	}
	return r, err
}

// overwrite replaces the rows that were there, if so wanted, and returns how many rows each
// has replaced.
func (s *Store) overwrite(ctx context.Context, tx Conn, table string, b batch, stored []bool, existing storage.Existing) ([]int64, error) {
	there := make([]int64, len(b.rows))
	if existing != storage.Overwrite {
		return there, nil
	}
	arg := s.dialect.Arg
	query := "UPDATE " + quote(table) + " SET data = " + arg(2) + ", created_at = " + arg(3) + ", updated_at = " + arg(4) + " WHERE id = " + arg(1)
	for i, r := range b.rows {
		if stored[i] || b.errs[b.at[i]] != nil {
			continue
		}
		err := savepoint(ctx, tx, func() (err error) {
			there[i], err = tx.Exec(ctx, query, s.args(r)...)
			return err
		})
		if fatal(err) {
			return nil, err
		}
		if err != nil {
			b.errs[b.at[i]] = err
		}
	}
	return there, nil
}

// report adds what became of rows.
func (s *Store) report(report *storage.ImportReport, b batch, stored []bool, there []int64, existing storage.Existing) {
	for i, r := range b.rows {
		err := b.errs[b.at[i]]
		switch {
		case err == nil && stored[i]:
			report.Created++
		case err == nil && there[i] > 0:
			report.Overwritten++
		case err == nil && existing == storage.Skip:
			report.Skipped++
		case err == nil:
			err = storage.ErrDuplicate
		}
		if err != nil {
			report.Refused = append(report.Refused, storage.Refusal{ID: r.id, Err: err})
		}
	}
}
