package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Insert stores a new document: one round trip. A session without expires_at lives for
// Config.Typed.SessionTTL; one that has expired already is [storage.ErrValidation].
func (s *Storage) Insert(ctx context.Context, table string, doc storage.Document) (string, error) {
	c, t, err := s.writing(table)
	if err != nil {
		return "", s.fail("Insert", table, "", err)
	}
	rec, id, err := s.prepare(t, doc)
	if err == nil {
		err = c.create(ctx, t, rec)
	}
	if err != nil {
		return "", s.fail("Insert", table, id, err)
	}
	return id, nil
}

// create stores one record, and before it the table of a document, if it is the first of one:
// a table without documents does no harm, but nothing would list documents without a table.
func (c *connection) create(ctx context.Context, t *table, rec any) error {
	doc, ok := rec.(*tframex.Document)
	if !ok {
		return t.create(ctx, rec, repo.KeepTimes())
	}
	batch := c.client.Batch()
	marked := c.tables.In(batch).Create(unmarked(t.name), repo.KeepTimes())
	created := c.docs.In(batch).Create(doc, repo.KeepTimes())
	_ = batch.Run(ctx) // each result has its error
	if created.Err != nil {
		return created.Err
	}
	return unlessThere(marked.Err)
}

// unmarked is what is kept of a table that was never created.
func unmarked(name string) *tframex.Table { return &tframex.Table{Name: name, CreatedAt: unknown} }

// unlessThere returns an error, unless it is that there is such a table.
func unlessThere(err error) error {
	if errors.Is(err, repo.ErrExists) {
		return nil
	}
	return err
}

// BulkInsert stores new documents: one round trip for a hundred of them.
func (s *Storage) BulkInsert(ctx context.Context, table string, docs []storage.Document) ([]string, error) {
	c, t, err := s.writing(table)
	if err != nil {
		return nil, s.fail("BulkInsert", table, "", err)
	}
	ids, errs := make([]string, len(docs)), make([]error, len(docs))
	var recs []any
	var at []int
	for i, doc := range docs {
		rec, id, err := s.prepare(t, doc)
		if ids[i] = id; err != nil {
			errs[i] = err
			continue
		}
		recs, at = append(recs, rec), append(at, i)
	}
	for i, err := range c.createAll(ctx, t, recs) {
		errs[at[i]] = err
	}
	failed := false
	for i, err := range errs {
		if err != nil {
			errs[i], failed = s.fail("BulkInsert", table, ids[i], err), true
			ids[i] = ""
		}
	}
	if failed {
		return ids, &storage.Error{Backend: s.Backend(), Op: "BulkInsert", Table: table, Err: &storage.BulkError{Errs: errs}}
	}
	return ids, nil
}

// createAll stores records, and returns the error of each; it returns one error for each.
func (c *connection) createAll(ctx context.Context, t *table, recs []any, opts ...repo.WriteOption) []error {
	if t.plan == nil && len(recs) > 0 {
		if err := unlessThere(c.tables.Create(ctx, unmarked(t.name), repo.KeepTimes())); err != nil {
			return eachError(len(recs), err)
		}
	}
	return eachError(len(recs), t.createMany(ctx, recs, append(opts, repo.KeepTimes())...))
}

// eachError returns the error of each of n records.
func eachError(n int, err error) []error {
	if many, ok := errors.AsType[*repo.ManyError](err); ok && len(many.Errs) == n {
		return many.Errs
	}
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// prepare returns the record of a new document, and its id. The document stays as it is.
func (s *Storage) prepare(t *table, doc storage.Document) (rec any, id string, err error) {
	if doc, err = storage.CheckDocument(doc); err != nil {
		return nil, "", err
	}
	if id, err = idOf(t, doc); err != nil {
		return nil, "", err
	}
	doc[storage.FieldID] = id
	now := s.now()
	for _, field := range []string{storage.FieldCreatedAt, storage.FieldUpdatedAt} {
		if _, ok := doc[field]; !ok {
			doc[field] = storage.FormatTime(now)
		}
	}
	if t.plan == nil {
		rec, err = newDocument(t.name, id, doc, now, now)
		return rec, id, err
	}
	rec = t.plan.fresh()
	if t.name == sessions {
		t.plan.expire(rec, now.Add(s.config.Typed.SessionTTL))
	}
	if err := t.plan.encode(doc, id, rec); err != nil {
		return nil, id, err
	}
	return rec, id, checkExpiry(t.plan.expiry(rec), now)
}

// sessions is the table whose documents expire.
const sessions = "sessions"

// checkExpiry refuses what has expired, which would be gone at once.
func checkExpiry(expires, now time.Time) error {
	if expires.IsZero() || expires.After(now) {
		return nil
	}
	return fmt.Errorf("%w: it has expired already, at %s", storage.ErrValidation, storage.FormatTime(expires))
}

// idOf returns the id of a new document, made up if it has none.
func idOf(t *table, doc storage.Document) (string, error) {
	switch id := doc[storage.FieldID].(type) {
	case string:
		return id, storage.CheckID(id)
	case nil:
		if t.plan != nil {
			if id := t.plan.defaultID(doc); id != "" {
				return id, storage.CheckID(id)
			}
		}
		return uuid.NewString(), nil
	}
	return "", fmt.Errorf("%w: field %q: an id is text", storage.ErrValidation, storage.FieldID)
}

// newDocument returns the record of a document of a table that no entity knows.
func newDocument(table, id string, doc storage.Document, created, updated time.Time) (*tframex.Document, error) {
	data, err := textOfDocument(doc)
	if err != nil {
		return nil, err
	}
	return &tframex.Document{Table: table, ID: id, Data: data, CreatedAt: created, UpdatedAt: &updated}, nil
}

func textOfDocument(doc storage.Document) (string, error) {
	data, err := json.Marshal(doc)
	if err != nil {
		return "", fmt.Errorf("%w: %w", storage.ErrValidation, err)
	}
	return string(data), nil
}

// Update merges changes into a document, atomically: two round trips, four and a pause for
// each time that another one has changed it meanwhile. The fields that are the key of an
// entity do not change, such as session_id. An expires_at that is past ends a session.
func (s *Storage) Update(ctx context.Context, table, id string, changes storage.Document) (bool, error) {
	_, t, err := s.writing(table)
	if err == nil {
		err = storage.CheckID(id)
	}
	if err == nil {
		changes, err = storage.CheckDocument(changes)
	}
	if err != nil {
		return false, s.fail("Update", table, id, err)
	}
	delete(changes, storage.FieldID)
	err = t.mutate(ctx, id, func(rec any) error {
		now := s.now()
		changes[storage.FieldUpdatedAt] = storage.FormatTime(now)
		return t.merge(rec, changes, now)
	})
	if errors.Is(err, repo.ErrNotFound) {
		return false, nil
	}
	return err == nil, s.fail("Update", table, id, err)
}

// merge puts fields into a record.
func (t *table) merge(rec any, changes storage.Document, now time.Time) error {
	doc, err := t.decode(rec)
	if err != nil {
		return err
	}
	if t.plan == nil {
		maps.Copy(doc, changes)
		d := rec.(*tframex.Document)
		d.UpdatedAt = &now
		d.Data, err = textOfDocument(doc)
		return err
	}
	for _, i := range t.plan.keys {
		name := t.plan.columns[i].name
		if value, ok := changes[name]; ok && !storage.Equal(value, doc[name]) {
			return fmt.Errorf("%w: field %q: it is the key, and cannot change", storage.ErrValidation, name)
		}
	}
	id, stored := t.plan.recordID(rec), t.plan.stored(rec)
	maps.Copy(doc, changes)
	if err := t.plan.encode(doc, id, rec); err != nil {
		return err
	}
	t.plan.store(rec, stored.created, now)
	return nil
}

// decode returns the document of a record.
func (t *table) decode(rec any) (storage.Document, error) {
	d, ok := rec.(*tframex.Document)
	if !ok {
		return t.plan.decode(rec)
	}
	doc, err := storage.ParseDocument([]byte(d.Data))
	if err != nil {
		return nil, fmt.Errorf("document %q: %w", d.ID, err)
	}
	return doc, nil
}

// Delete removes a document: one round trip, of sessions and user_roles two or three.
func (s *Storage) Delete(ctx context.Context, table, id string) (bool, error) {
	_, t, err := s.writing(table)
	if err == nil {
		err = storage.CheckID(id)
	}
	if err == nil {
		err = t.remove(ctx, id)
	}
	if errors.Is(err, repo.ErrNotFound) {
		return false, nil
	}
	return err == nil, s.fail("Delete", table, id, err)
}

// Transaction is [errors.ErrUnsupported]: documents of different tables are in different
// slots of a cluster, and no script reaches them all.
func (s *Storage) Transaction(context.Context, func(storage.Storage) error) error {
	return s.fail("Transaction", "", "", fmt.Errorf("%w: documents of different tables cannot change together in Redis; "+
		"each method changes a document whole or not at all, and Client().Tx several records of one entity", errors.ErrUnsupported))
}
