package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"modernc.org/sqlite"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/sqldoc"
)

// collation is the order of values of documents that are not text, given as JSON.
const collation = "tframex_json"

func init() {
	sqlite.MustRegisterCollationUtf8(collation, compareJSON)
}

func compareJSON(a, b string) int {
	if a == b {
		return 0
	}
	x, err := storage.ParseValue([]byte(a))
	y, wrong := storage.ParseValue([]byte(b))
	if err != nil || wrong != nil {
		return strings.Compare(a, b)
	}
	return storage.Compare(x, y)
}

// dialect is what is particular to SQLite.
type dialect struct{ config Config }

func (d *dialect) Open(ctx context.Context) (sqldoc.Database, error) {
	db, err := open(ctx, d.config)
	if err != nil {
		return nil, err
	}
	return db, nil
}

func (*dialect) Arg(n int) string { return "?" + strconv.Itoa(n) }

func (*dialect) Create(ctx context.Context, conn sqldoc.Conn, table string) error {
	if strings.HasPrefix(strings.ToLower(table), "sqlite_") {
		return fmt.Errorf("%w: SQLite keeps names that begin with sqlite_ for itself", storage.ErrValidation)
	}
	statements := []string{
		`CREATE TABLE IF NOT EXISTS "` + table + `" (id TEXT PRIMARY KEY, data TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT)`,
		`CREATE INDEX IF NOT EXISTS "idx_` + table + `_created_at" ON "` + table + `" (created_at)`,
		`CREATE INDEX IF NOT EXISTS "idx_` + table + `_updated_at" ON "` + table + `" (updated_at)`,
	}
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func (*dialect) Tables() string {
	return `SELECT name FROM sqlite_master AS m WHERE type = 'table' AND
		(SELECT count(*) FROM pragma_table_info(m.name) WHERE name IN ('id', 'data', 'created_at', 'updated_at')) = 4`
}

func (*dialect) Fold(table string) string { return strings.ToLower(table) }

func (*dialect) Key(_, id string) (string, error) { return id, nil }

func (*dialect) Time(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return storage.FormatTime(t)
}

func (*dialect) Parse(data []byte) (storage.Document, error) { return storage.ParseDocument(data) }

func (*dialect) CheckJSON([]byte) error { return nil }

func (*dialect) Natural() string { return "rowid" }

// Merge changes fields in the JSON, and leaves the text of the others as it is.
func (*dialect) Merge(ctx context.Context, conn sqldoc.Conn, table, key string, changes storage.Document, now time.Time) (done bool, err error) {
	err = conn.Atomic(ctx, func(tx sqldoc.Conn) error {
		text, found, err := dataOf(ctx, tx, table, key)
		if err != nil || !found {
			return err
		}
		merged, err := merge(text, changes)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE "`+table+`" SET data = ?1, updated_at = ?2 WHERE id = ?3`, merged, storage.FormatTime(now), key)
		done = n > 0
		return err
	})
	return done && err == nil, err
}

// dataOf returns the JSON of a row.
func dataOf(ctx context.Context, tx sqldoc.Conn, table, key string) (text []byte, found bool, err error) {
	rows, err := tx.Query(ctx, `SELECT data FROM "`+table+`" WHERE id = ?1`, key)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, false, rows.Err()
	}
	return text, true, rows.Scan(&text)
}

// merge returns the JSON of an object with other values of some fields.
func merge(text []byte, changes storage.Document) (string, error) {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return "", fmt.Errorf("%w: the document that is stored is no JSON object: %w", storage.ErrValidation, err)
	}
	for field, v := range changes {
		data, err := sqldoc.Encode(v)
		if err != nil {
			return "", err
		}
		fields[field] = data
	}
	merged, err := sqldoc.Encode(fields)
	return string(merged), err
}

// term is a field of the document in SQL.
type term struct{ kind, value, text string }

// field returns the terms of a field; false if no document can have one of that name.
func field(b *sqldoc.Builder, name string) (term, bool) {
	if !utf8.ValidString(name) {
		return term{}, false
	}
	quoted, err := sqldoc.Encode(name)
	if err != nil {
		return term{}, false
	}
	path := b.Arg("$." + string(quoted))
	return term{"json_type(data, " + path + ")", "json_extract(data, " + path + ")", "(data -> " + path + ")"}, true
}

func (*dialect) Where(b *sqldoc.Builder, c storage.Condition) (string, bool) {
	f, ok := field(b, c.Field)
	if !ok {
		return "", false
	}
	switch c.Op {
	case "$eq":
		return f.equal(b, c.Value)
	case "$ne":
		term, exact := f.equal(b, c.Value)
		if !exact {
			return "", false
		}
		return "NOT " + term, true
	case "$in":
		return f.among(b, c.Value.([]any))
	}
	return f.ordered(b, map[string]string{"$lt": "<", "$lte": "<=", "$gt": ">", "$gte": ">="}[c.Op], c.Value), true
}

// equal returns the condition that the field has a value; it is never null.
func (f term) equal(b *sqldoc.Builder, v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "(coalesce(" + f.kind + ", 'null') = 'null')", true
	case bool:
		return "(" + f.kind + " IS '" + strconv.FormatBool(v) + "')", true
	case string:
		return "(" + f.value + " IS " + b.Arg(v) + " AND " + f.kind + " IS 'text')", true
	case []any:
		return "(" + f.kind + " IS 'array')", false
	case map[string]any:
		return "(" + f.kind + " IS 'object')", false
	}
	return f.number(b, "=", v), true
}

func (f term) among(b *sqldoc.Builder, list []any) (string, bool) {
	terms, exact := []string{"1 = 0"}, true
	for _, v := range list {
		term, is := f.equal(b, v)
		terms, exact = append(terms, term), exact && is
	}
	return "(" + strings.Join(terms, " OR ") + ")", exact
}

// ordered returns the condition that the field is on one side of a value.
func (f term) ordered(b *sqldoc.Builder, operator string, v any) string {
	switch v := v.(type) {
	case bool:
		var kinds []string
		for _, has := range []bool{false, true} {
			if (storage.Condition{Field: "v", Op: operators[operator], Value: v}).Match(storage.Document{"v": has}) {
				kinds = append(kinds, "'"+strconv.FormatBool(has)+"'")
			}
		}
		return "(" + f.kind + " IN (" + strings.Join(kinds, ", ") + "))"
	case string:
		return "(" + f.kind + " IS 'text' AND " + f.value + " " + operator + " " + b.Arg(v) + ")"
	case nil, []any, map[string]any:
		return "(1 = 0)"
	}
	return f.number(b, operator, v)
}

// operators are those of conditions by those of SQL.
var operators = map[string]string{"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}

// number compares a number with the field by their exact values.
func (f term) number(b *sqldoc.Builder, operator string, v any) string {
	text, _ := sqldoc.Encode(v)
	return "(CASE WHEN " + f.kind + " IN ('integer', 'real') THEN " + f.text + " " + operator + " " + b.Arg(string(text)) + " COLLATE " + collation + " ELSE 0 END)"
}

func (*dialect) Order(b *sqldoc.Builder, name string) ([]string, string) {
	f, ok := field(b, name)
	if !ok {
		return nil, ""
	}
	return []string{
		"CASE coalesce(" + f.kind + ", 'null') WHEN 'null' THEN 0 WHEN 'false' THEN 1 WHEN 'true' THEN 2 WHEN 'text' THEN 4 WHEN 'array' THEN 5 WHEN 'object' THEN 6 ELSE 3 END",
		"CASE " + f.kind + " WHEN 'text' THEN " + f.value + " END",
		"CASE WHEN " + f.kind + " IN ('integer', 'real') THEN CAST(" + f.value + " AS REAL) END",
		"CASE WHEN " + f.kind + " IN ('integer', 'real', 'array', 'object') THEN " + f.text + " END COLLATE " + collation,
	}, ""
}
