package s3

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// fresh returns the object of a document to insert, with what Insert adds; its key is not
// known yet. made tells whether the id was made up.
func fresh(table string, given storage.Document) (o *object, made bool, err error) {
	doc, err := storage.CheckDocument(given)
	if err != nil {
		return nil, false, err
	}
	if doc[storage.FieldID] == nil {
		doc[storage.FieldID], made = newID(table, doc)
	}
	id, ok := doc[storage.FieldID].(string)
	if !ok {
		return nil, false, fmt.Errorf("%w: id is no text", storage.ErrValidation)
	}
	if err := storage.CheckID(id); err != nil {
		return nil, false, err
	}
	now := time.Now().UTC()
	for _, field := range []string{storage.FieldCreatedAt, storage.FieldUpdatedAt} {
		if _, ok := doc[field]; !ok {
			doc[field] = storage.FormatTime(now)
		}
	}
	return &object{id: id, doc: doc, created: now, updated: now}, made, nil
}

// newID returns the id of a document that has none: sessions and the roles of users have
// keys of their own.
func newID(table string, doc storage.Document) (id string, made bool) {
	session, _ := doc["session_id"].(string)
	user, _ := doc["user_id"].(string)
	role, _ := doc["role_id"].(string)
	switch {
	case table == "sessions" && session != "":
		return session, false
	case table == "user_roles" && user != "" && role != "":
		return user + ":" + role, false
	}
	return uuid.NewString(), true
}

// Insert stores a document: one request, and if the document brings its id those that look
// for it among the documents of other dates (see Get), unless Config.TrustIDs says not to.
func (s *Storage) Insert(ctx context.Context, table string, doc storage.Document) (id string, err error) {
	name, _ := doc[storage.FieldID].(string)
	err = s.change(ctx, "Insert", table, name, func(c *conn) error {
		o, made, err := fresh(table, doc)
		if err != nil {
			return err
		}
		id = o.id
		return c.insert(ctx, table, o, made || c.config.TrustIDs)
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// insert stores a new object.
func (c *conn) insert(ctx context.Context, table string, o *object, trusted bool) error {
	unlock, err := c.lock(ctx, table, o.id)
	if err != nil {
		return err
	}
	defer unlock()
	if !trusted {
		if key, err := c.locate(ctx, table, o.id); err != nil || key != "" {
			return cmpError(err, storage.ErrDuplicate)
		}
	}
	o.key = c.key(table, o.id, o.created)
	if err := c.writeNew(ctx, table, o); err != nil {
		if isChanged(err) {
			return storage.ErrDuplicate
		}
		return err
	}
	c.known.put(table, o.id, o.key)
	return nil
}

// writeNew writes an object that is not there yet. The index learns of it, also if it was there
// or nobody knows whether it was written: but not before, as a listing that begins meanwhile may
// not have it.
func (c *conn) writeNew(ctx context.Context, table string, o *object) error {
	err := c.write(ctx, table, o, absent)
	c.index.stored(table, o.id, c.dayOf(table, o.id, o.key))
	return err
}

// cmpError returns the first error that is one.
func cmpError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// BulkInsert stores documents, batch_size of them at once, each as Insert does. If more than
// a few bring their ids, the table is listed instead of a search for each: one request for each
// 1,000 documents that it has. What that has told is used by later calls, also of Import, for
// ten times as long as it took, and for a minute at least: then only ids that are there cost a
// request, or the table is listed anew where that is faster. Of a document that another process
// has stored since with an id, on another date, they do not know. It takes some 30 bytes of
// memory for each document, and tables of more than 4,000,000 are listed by each call.
func (s *Storage) BulkInsert(ctx context.Context, table string, docs []storage.Document) ([]string, error) {
	ids := make([]string, len(docs))
	err := s.change(ctx, "BulkInsert", table, "", func(c *conn) error {
		bad := &storage.BulkError{Errs: make([]error, len(docs))}
		objects, err := c.freshAll(ctx, table, docs, bad.Errs)
		if err != nil {
			return err
		}
		err = c.each(ctx, len(docs), func(_ context.Context, i int) error {
			if bad.Errs[i] != nil {
				return nil
			}
			if bad.Errs[i] = c.insert(ctx, table, objects[i], true); bad.Errs[i] == nil {
				ids[i] = objects[i].id
			}
			return nil
		})
		for i := range docs { // those that were not begun
			if bad.Errs[i] == nil && ids[i] == "" {
				bad.Errs[i] = err
			}
		}
		if len(bad.Unwrap()) == 0 {
			return nil
		}
		return bad
	})
	return ids, err
}

// freshAll returns the objects of documents to insert, and the errors of those that cannot
// be: also of a second one with an id, and of one whose id is taken.
func (c *conn) freshAll(ctx context.Context, table string, docs []storage.Document, errs []error) ([]*object, error) {
	objects := make([]*object, len(docs))
	var asked []string
	seen := map[string]bool{}
	for i, doc := range docs {
		var made bool
		if objects[i], made, errs[i] = fresh(table, doc); errs[i] != nil {
			continue
		}
		if seen[objects[i].id] {
			errs[i] = storage.ErrDuplicate
		} else if !made && !c.config.TrustIDs {
			asked = append(asked, objects[i].id)
		}
		seen[objects[i].id] = true
	}
	there, err := c.taken(ctx, table, asked)
	if err != nil {
		return nil, err
	}
	for i, o := range objects {
		if errs[i] == nil && there[o.id] != "" {
			errs[i] = storage.ErrDuplicate
		}
	}
	return objects, nil
}

// Get returns a document: one request if this storage has met it before, else also one
// listing, and in a table of more than 1,000 documents one request for each day that has
// some. A session is also found by its session_id.
func (s *Storage) Get(ctx context.Context, table, id string) (doc storage.Document, err error) {
	err = s.do(ctx, "Get", table, id, func(c *conn) error {
		o, err := c.get(ctx, table, id)
		if err == nil {
			doc = o.doc
		}
		return err
	})
	return doc, err
}

// Update changes a document: what Get costs, and one request. It is done again if another
// process has changed the document meanwhile.
func (s *Storage) Update(ctx context.Context, table, id string, changes storage.Document) (found bool, err error) {
	err = s.change(ctx, "Update", table, id, func(c *conn) error {
		changes, err := storage.CheckDocument(changes)
		if err != nil {
			return err
		}
		unlock, err := c.lock(ctx, table, id)
		if err != nil {
			return err
		}
		defer unlock()
		found, err = c.update(ctx, table, id, changes)
		return err
	})
	return found, err
}

func (c *conn) update(ctx context.Context, table, id string, changes storage.Document) (bool, error) {
	for attempt := 1; ; attempt++ {
		o, err := c.get(ctx, table, id)
		if errors.Is(err, storage.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		o.merge(changes)
		err = c.write(ctx, table, o, condition(o.etag))
		switch {
		case err == nil:
			return true, nil
		case !isChanged(err) && !isMissing(err):
			return false, err
		case attempt == attempts:
			return false, fmt.Errorf("%w: others have changed the document %d times meanwhile; try again", storage.ErrQuery, attempts)
		}
		if err := pause(ctx, attempt); err != nil {
			return false, err
		}
	}
}

// merge puts changes into a document.
func (o *object) merge(changes storage.Document) {
	id, named := o.doc[storage.FieldID]
	maps.Copy(o.doc, changes)
	if delete(o.doc, storage.FieldID); named {
		o.doc[storage.FieldID] = id
	}
	o.updated = time.Now().UTC()
	o.doc[storage.FieldUpdatedAt] = storage.FormatTime(o.updated)
}

// Delete removes a document: what the search of Get costs, and one request. If two processes
// do it at once, both may hear that there was one.
func (s *Storage) Delete(ctx context.Context, table, id string) (had bool, err error) {
	err = s.change(ctx, "Delete", table, id, func(c *conn) error {
		if err := storage.CheckID(id); err != nil {
			return err
		}
		unlock, err := c.lock(ctx, table, id)
		if err != nil {
			return err
		}
		defer unlock()
		had, err = c.delete(ctx, table, id)
		return err
	})
	return had, err
}

func (c *conn) delete(ctx context.Context, table, id string) (bool, error) {
	key, err := c.locate(ctx, table, id)
	if err == nil && key == "" && table == "sessions" {
		var o *object
		if o, err = c.get(ctx, table, id); err == nil {
			key, id = o.key, o.id
		}
	}
	if err != nil || key == "" {
		if errors.Is(err, storage.ErrNotFound) {
			err = nil
		}
		return false, err
	}
	if err := c.remove(ctx, key); err != nil {
		return false, err
	}
	c.known.forget(table, id)
	return true, nil
}
