package postgresql

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// results returns the rows of a statement, nil if it has no columns.
func results(r pgx.Rows) ([]storage.Document, error) {
	var docs []storage.Document
	if len(r.FieldDescriptions()) > 0 {
		docs = []storage.Document{}
	}
	for r.Next() {
		doc, err := result(r)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, r.Err()
}

// result returns a row as a document.
func result(r pgx.Rows) (storage.Document, error) {
	columns := r.FieldDescriptions()
	dest := make([]any, len(columns))
	for i, column := range columns {
		if column.DataTypeOID == pgtype.JSONOID || column.DataTypeOID == pgtype.JSONBOID {
			dest[i] = new([]byte)
		} else {
			dest[i] = new(any)
		}
	}
	if err := r.Scan(dest...); err != nil {
		return nil, err
	}
	doc := storage.Document{}
	for i, column := range columns {
		v, err := value(dest[i])
		if err != nil {
			return nil, err
		}
		doc[column.Name] = v
	}
	return storage.CheckDocument(doc)
}

// value returns what was scanned as documents have it.
func value(dest any) (any, error) {
	if data, isJSON := dest.(*[]byte); isJSON {
		if *data == nil {
			return nil, nil
		}
		v, err := storage.ParseValue(*data)
		return restore(v), err
	}
	return plain(*dest.(*any))
}

func plain(v any) (any, error) {
	switch v := v.(type) {
	case [16]byte:
		return uuid.UUID(v).String(), nil
	case time.Time:
		return storage.FormatTime(v), nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return fmt.Sprint(v), nil
		}
	case float32:
		return plain(float64(v))
	case pgtype.Numeric:
		if v.NaN || v.InfinityModifier != pgtype.Finite {
			return v.Value()
		}
		text, err := v.MarshalJSON()
		return json.Number(text), err
	case []any:
		for i := range v {
			var err error
			if v[i], err = plain(v[i]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}
