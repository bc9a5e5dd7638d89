package sqldoc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// row is what a table has of a document.
type row struct {
	id               string // of the document
	key              string // in the column id
	data             []byte
	created, updated time.Time
}

// args returns the values of the columns.
func (s *Store) args(r row) []any {
	created := r.created
	if created.IsZero() {
		created = time.Now()
	}
	return []any{r.key, string(r.data), s.dialect.Time(created), s.dialect.Time(r.updated)}
}

// newRow returns the row of a document that is inserted, with an id and times.
func (s *Store) newRow(table string, doc storage.Document, now time.Time) (row, error) {
	checked, err := storage.CheckDocument(doc)
	if err != nil {
		return row{}, err
	}
	id, err := newID(table, checked)
	if err != nil {
		return row{}, err
	}
	checked[storage.FieldID] = id
	for _, field := range []string{storage.FieldCreatedAt, storage.FieldUpdatedAt} {
		if _, given := checked[field]; !given {
			checked[field] = storage.FormatTime(now)
		}
	}
	return s.rowOf(table, id, checked, now)
}

// rowOf returns the row of a document as it is. Times that are not known are those that the
// document has.
func (s *Store) rowOf(table, id string, doc storage.Document, now time.Time) (row, error) {
	if err := storage.CheckID(id); err != nil {
		return row{}, err
	}
	key, err := s.dialect.Key(table, id)
	if err != nil {
		return row{}, err
	}
	data, err := Encode(doc)
	if err != nil {
		return row{}, err
	}
	if err := s.dialect.CheckJSON(data); err != nil {
		return row{}, err
	}
	r := row{id: id, key: key, data: data, created: timeOf(doc, storage.FieldCreatedAt), updated: timeOf(doc, storage.FieldUpdatedAt)}
	if r.created.IsZero() {
		r.created = now
	}
	return r, nil
}

// timeOf returns the time in a field, zero if there is none.
func timeOf(doc storage.Document, field string) time.Time {
	text, _ := doc[field].(string)
	t, err := storage.ParseTime(text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// newID returns the id of a document that is inserted.
func newID(table string, doc storage.Document) (string, error) {
	if doc[storage.FieldID] == nil {
		doc = maps.Clone(doc)
		delete(doc, storage.FieldID)
		if id := idOf(table, doc); id != "" {
			return id, nil
		}
		return uuid.NewString(), nil
	}
	id, ok := doc[storage.FieldID].(string)
	if !ok {
		return "", fmt.Errorf("%w: the id is no text", storage.ErrValidation)
	}
	return id, storage.CheckID(id)
}

// idOf returns the id that a document has by itself, "" if it has none: sessions are known by
// their session_id, links of users and roles by both ids.
func idOf(table string, doc storage.Document) string {
	text := func(field string) string {
		value, _ := doc[field].(string)
		return value
	}
	if id := text(storage.FieldID); id != "" {
		return id
	}
	switch user, role := text("user_id"), text("role_id"); {
	case table == sessions:
		return text(sessionID)
	case table == userRoles && user != "" && role != "":
		return user + ":" + role
	}
	return ""
}

// Tables whose documents are also known by other fields than id.
const (
	sessions  = "sessions"
	sessionID = "session_id"
	userRoles = "user_roles"
)

// HasOwnIDs tells whether documents of a table may have ids that are no UUIDs.
func HasOwnIDs(table string) bool { return table == sessions || table == userRoles }

// Encode returns the JSON of a document or of a value of one, in which text is as it is.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("%w: no JSON: %w", storage.ErrValidation, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// recordTime returns the time in a column; zero if it is none.
func recordTime(v any) time.Time {
	switch v := v.(type) {
	case time.Time:
		return v.UTC()
	case string:
		if t, err := storage.ParseTime(v); err == nil {
			return t
		}
	}
	return time.Time{}
}
