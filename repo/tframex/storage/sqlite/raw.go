package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/sqldoc"
)

// raw runs any statement. on is one connection.
func raw(ctx context.Context, on runner, query string, args []any) ([]storage.Document, int64, error) {
	params := make([]any, len(args))
	for i := range args {
		var err error
		if params[i], err = param(args[i]); err != nil {
			return nil, 0, err
		}
	}
	before, err := changes(ctx, on)
	if err != nil {
		return nil, 0, err
	}
	docs, err := results(ctx, on, query, params)
	if err != nil || docs != nil {
		return docs, 0, err
	}
	after, err := changes(ctx, on)
	return nil, after - before, err
}

// changes returns how many rows a connection has changed since it was opened.
func changes(ctx context.Context, on runner) (n int64, err error) {
	r, err := on.QueryContext(ctx, "SELECT total_changes()")
	if err != nil {
		return 0, classify(ctx, err)
	}
	defer r.Close()
	if r.Next() {
		err = r.Scan(&n)
	}
	if err == nil {
		err = r.Err()
	}
	return n, classify(ctx, err)
}

// results returns the rows of a statement, nil if it has no columns.
func results(ctx context.Context, on runner, query string, params []any) ([]storage.Document, error) {
	r, err := on.QueryContext(ctx, query, params...)
	if err != nil {
		return nil, classify(ctx, err)
	}
	defer r.Close()
	columns, err := r.Columns()
	if err != nil {
		return nil, classify(ctx, err)
	}
	var docs []storage.Document
	if len(columns) > 0 {
		docs = []storage.Document{}
	}
	for r.Next() {
		values, dest := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := r.Scan(dest...); err != nil {
			return nil, classify(ctx, err)
		}
		doc := storage.Document{}
		for i, name := range columns {
			doc[name] = value(values[i])
		}
		if doc, err = storage.CheckDocument(doc); err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, classify(ctx, r.Err())
}

// param returns a parameter as SQLite takes it: times as documents have them, lists and
// objects as JSON.
func param(v any) (any, error) {
	switch v := v.(type) {
	case time.Time:
		return storage.FormatTime(v), nil
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i, nil
		}
		return v.Float64()
	case nil, []byte:
		return v, nil
	}
	switch reflect.TypeOf(v).Kind() {
	case reflect.Map, reflect.Slice, reflect.Array, reflect.Struct:
		data, err := sqldoc.Encode(v)
		return string(data), err
	case reflect.Func, reflect.Chan:
		return nil, fmt.Errorf("%w: a parameter of type %T", storage.ErrValidation, v)
	}
	return v, nil
}

// value returns a value of a row as documents have it.
func value(v any) any {
	switch v := v.(type) {
	case []byte:
		if utf8.Valid(v) {
			return string(v)
		}
	case time.Time:
		return storage.FormatTime(v)
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return fmt.Sprint(v)
		}
	}
	return v
}
