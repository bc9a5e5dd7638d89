package sqldoc

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Builder collects the parameters of a statement.
type Builder struct {
	dialect Dialect
	args    []any
}

// Arg adds a parameter, and returns what stands for it in SQL.
func (b *Builder) Arg(v any) string {
	b.args = append(b.args, v)
	return b.dialect.Arg(len(b.args))
}

// quote quotes a name.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// where returns the conditions as SQL, " WHERE …" or "", and whether they are exact.
func (s *Store) where(b *Builder, conditions []storage.Condition) (string, bool) {
	exact := true
	var terms []string
	for _, c := range conditions {
		before := len(b.args)
		term, is := s.dialect.Where(b, c)
		exact = exact && is
		if term == "" {
			b.args = b.args[:before] // parameters that no statement has are refused
			continue
		}
		terms = append(terms, term)
	}
	if len(terms) == 0 {
		return "", exact
	}
	return " WHERE " + strings.Join(terms, " AND "), exact
}

// found is a document in the result of a query.
type found struct {
	key string
	doc storage.Document
}

// Select implements [storage.Storage].
func (s *Store) Select(ctx context.Context, table string, q storage.Query) ([]storage.Document, error) {
	docs, err := s.selectAll(ctx, table, q)
	return docs, s.fail("Select", table, "", err)
}

func (s *Store) selectAll(ctx context.Context, table string, q storage.Query) ([]storage.Document, error) {
	conn, conditions, err := s.begin(table, q.Filter)
	if err != nil {
		return nil, err
	}
	if q.Offset < 0 {
		return nil, fmt.Errorf("%w: an offset of %d", storage.ErrValidation, q.Offset)
	}
	var list []found
	err = s.reading(ctx, conn, table, func() error {
		var unsure bool
		list, unsure, err = s.find(ctx, conn, table, q, conditions)
		if err == nil && unsure {
			list, err = s.sorted(ctx, conn, table, q, conditions)
		}
		return err
	})
	docs := make([]storage.Document, len(list))
	for i := range list {
		docs[i] = list[i].doc
	}
	return docs, err
}

// begin checks what all queries have.
func (s *Store) begin(table string, filter storage.Filter) (Conn, []storage.Condition, error) {
	if err := storage.CheckTable(table); err != nil {
		return nil, nil, err
	}
	conditions, err := filter.Conditions()
	if err != nil {
		return nil, nil, err
	}
	conn, err := s.open()
	return conn, conditions, err
}

// reading runs what reads a table, unless there is none.
func (s *Store) reading(ctx context.Context, conn Conn, table string, f func() error) error {
	return s.read(ctx, conn, func() error {
		there, err := s.exists(ctx, conn, table)
		if err != nil || !there {
			return err
		}
		if err = f(); noTable(err) {
			s.forget()
			return nil
		}
		return err
	})
}

// find runs a query. It is unsure if the database cannot tell the order of some of the
// documents.
func (s *Store) find(ctx context.Context, conn Conn, table string, q storage.Query, conditions []storage.Condition) (list []found, unsure bool, err error) {
	b := &Builder{dialect: s.dialect}
	where, exact := s.where(b, conditions)
	terms, doubt := []string{s.dialect.Natural()}, ""
	if q.OrderBy != "" {
		terms, doubt = s.dialect.Order(b, q.OrderBy)
		terms = append(terms, "id")
	}
	query := "SELECT id, data, " + cmp.Or(doubt, "1 = 0") + " FROM " + quote(table) + where + orderBy(terms, q.Desc && q.OrderBy != "")
	limit, skip := limitOf(q), q.Offset
	if exact {
		query += s.page(b, limit, skip)
		skip = 0
	}
	rows, err := conn.Query(ctx, query, b.args...)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for limit != 0 && rows.Next() {
		var one found
		var data []byte
		var doubtful bool
		if err := rows.Scan(&one.key, &data, &doubtful); err != nil {
			return nil, false, err
		}
		if one.doc, err = s.dialect.Parse(data); err != nil {
			return nil, false, fmt.Errorf("the document %q: %w", one.key, err)
		}
		unsure = unsure || doubtful
		switch {
		case !exact && !storage.MatchAll(one.doc, conditions):
		case skip > 0:
			skip--
		default:
			list = append(list, one)
			limit--
		}
	}
	return list, unsure, rows.Err()
}

// limitOf returns how many documents a query returns, negative: all.
func limitOf(q storage.Query) int {
	if q.Limit == 0 {
		return storage.DefaultLimit
	}
	return max(q.Limit, -1)
}

// orderBy returns the clause.
func orderBy(terms []string, desc bool) string {
	direction := " ASC"
	if desc {
		direction = " DESC"
	}
	return " ORDER BY " + strings.Join(terms, direction+", ") + direction
}

// page returns the clauses LIMIT and OFFSET.
func (s *Store) page(b *Builder, limit, offset int) string {
	var clause string
	if limit >= 0 {
		clause = " LIMIT " + b.Arg(int64(limit))
	} else if offset > 0 {
		clause = " LIMIT " + b.Arg(int64(1<<62))
	}
	if offset > 0 {
		clause += " OFFSET " + b.Arg(int64(offset))
	}
	return clause
}

// sorted runs a query whose order only storage.Compare knows.
func (s *Store) sorted(ctx context.Context, conn Conn, table string, q storage.Query, conditions []storage.Condition) ([]found, error) {
	list, _, err := s.find(ctx, conn, table, storage.Query{Limit: -1}, conditions)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b found) int {
		order := cmp.Or(storage.Compare(a.doc[q.OrderBy], b.doc[q.OrderBy]), cmp.Compare(a.key, b.key))
		if q.Desc {
			return -order
		}
		return order
	})
	list = list[min(q.Offset, len(list)):]
	if limit := limitOf(q); limit >= 0 {
		list = list[:min(limit, len(list))]
	}
	return list, nil
}

// Count implements [storage.Storage].
func (s *Store) Count(ctx context.Context, table string, filter storage.Filter) (int64, error) {
	var n int64
	conn, conditions, err := s.begin(table, filter)
	if err == nil {
		err = s.reading(ctx, conn, table, func() error {
			n, err = s.count(ctx, conn, table, conditions)
			return err
		})
	}
	return n, s.fail("Count", table, "", err)
}

func (s *Store) count(ctx context.Context, conn Conn, table string, conditions []storage.Condition) (int64, error) {
	b := &Builder{dialect: s.dialect}
	where, exact := s.where(b, conditions)
	if exact {
		var n int64
		_, err := one(ctx, conn, &n, "SELECT count(*) FROM "+quote(table)+where, b.args...)
		return n, err
	}
	return s.countMatches(ctx, conn, "SELECT data FROM "+quote(table)+where, b.args, conditions)
}

// countMatches counts the documents of a query that meet all conditions.
func (s *Store) countMatches(ctx context.Context, conn Conn, query string, args []any, conditions []storage.Condition) (int64, error) {
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var n int64
	for rows.Next() {
		var data []byte
		if err := rows.Scan(&data); err != nil {
			return 0, err
		}
		doc, err := s.dialect.Parse(data)
		if err != nil {
			return 0, err
		}
		if storage.MatchAll(doc, conditions) {
			n++
		}
	}
	return n, rows.Err()
}

// one scans the only column of the first row, and tells whether there is one.
func one(ctx context.Context, conn Conn, dest any, query string, args ...any) (bool, error) {
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return false, rows.Err()
	}
	if err := rows.Scan(dest); err != nil {
		return false, err
	}
	rows.Close()
	return true, rows.Err()
}

// Get implements [storage.Storage].
func (s *Store) Get(ctx context.Context, table, id string) (storage.Document, error) {
	doc, err := s.get(ctx, table, id)
	return doc, s.fail("Get", table, id, err)
}

func (s *Store) get(ctx context.Context, table, id string) (storage.Document, error) {
	conn, err := s.target(table, id)
	if err != nil {
		return nil, err
	}
	var doc storage.Document
	err = s.reading(ctx, conn, table, func() error {
		data, err := s.data(ctx, conn, table, id)
		if err == nil && data != nil {
			doc, err = s.dialect.Parse(data)
		}
		return err
	})
	if err == nil && doc == nil {
		err = storage.ErrNotFound
	}
	return doc, err
}

// data returns the JSON of the document with an id, nil if there is none.
func (s *Store) data(ctx context.Context, conn Conn, table, id string) ([]byte, error) {
	if key, err := s.dialect.Key(table, id); err == nil {
		data, err := s.dataOf(ctx, conn, table, key)
		if err != nil || data != nil {
			return data, err
		}
	}
	key, err := s.keyOfSession(ctx, conn, table, id)
	if err != nil || key == "" {
		return nil, err
	}
	return s.dataOf(ctx, conn, table, key)
}

func (s *Store) dataOf(ctx context.Context, conn Conn, table, key string) ([]byte, error) {
	var data []byte
	_, err := one(ctx, conn, &data, "SELECT data FROM "+quote(table)+" WHERE id = "+s.dialect.Arg(1), key)
	return data, err
}

// keyOfSession returns the key of the row whose session_id is id, "" if there is none.
func (s *Store) keyOfSession(ctx context.Context, conn Conn, table, id string) (string, error) {
	if table != sessions {
		return "", nil
	}
	b := &Builder{dialect: s.dialect}
	where, _ := s.where(b, []storage.Condition{{Field: sessionID, Op: "$eq", Value: id}})
	var key string
	_, err := one(ctx, conn, &key, "SELECT id FROM "+quote(table)+where+" ORDER BY id LIMIT 1", b.args...)
	return key, err
}

// target checks what operations on one document have.
func (s *Store) target(table, id string) (Conn, error) {
	if err := storage.CheckTable(table); err != nil {
		return nil, err
	}
	if err := storage.CheckID(id); err != nil {
		return nil, err
	}
	return s.open()
}
