package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Select returns documents. Without filter and order it lists keys up to the end of the page
// and reads the documents of the page. A filter with an id reads that document. All else
// reads the table, from its beginning until the page is full or, for an order, to its end;
// [storage.ErrScan] if that is more than Config.MaxScan documents. Without an order they come
// by the date of their insert, on one day by id.
func (s *Storage) Select(ctx context.Context, table string, q storage.Query) (docs []storage.Document, err error) {
	err = s.do(ctx, "Select", table, "", func(c *conn) error {
		conditions, err := q.Filter.Conditions()
		if err != nil {
			return err
		}
		limit := cmp.Or(q.Limit, storage.DefaultLimit)
		var found iter.Seq2[*object, error]
		switch {
		case q.OrderBy != "":
			found = skip(c.sorted(ctx, table, conditions, q), q.Offset)
		case len(conditions) > 0:
			found = skip(c.matching(ctx, table, conditions), q.Offset)
		default:
			found = c.documents(ctx, table, skip(c.entries(ctx, table, ""), q.Offset), limit)
		}
		for o, err := range found {
			if err != nil {
				return err
			}
			if docs = append(docs, o.doc); len(docs) == limit {
				break
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return docs, nil
}

// Count returns how many documents match. Without filter it lists the table: one request for
// each 1,000 documents. With one it reads what Select reads.
func (s *Storage) Count(ctx context.Context, table string, filter storage.Filter) (n int64, err error) {
	err = s.do(ctx, "Count", table, "", func(c *conn) error {
		conditions, err := filter.Conditions()
		if err != nil {
			return err
		}
		if len(conditions) == 0 {
			n, err = size(c.entries(ctx, table, ""))
		} else {
			n, err = size(c.matching(ctx, table, conditions))
		}
		return err
	})
	return n, err
}

// size returns how many values a sequence has.
func size[T any](seq iter.Seq2[T, error]) (n int64, err error) {
	for _, err := range seq {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// skip leaves out the first values of a sequence.
func skip[T any](seq iter.Seq2[T, error], n int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		left := n
		for v, err := range seq {
			if err == nil && left > 0 {
				left--
			} else if !yield(v, err) {
				return
			}
		}
	}
}

// documents yields the documents of a listing. It reads batch_size of them at once, or want
// if that is positive and less.
func (c *conn) documents(ctx context.Context, table string, entries iter.Seq2[entry, error], want int) iter.Seq2[*object, error] {
	most := c.config.BatchSize
	if want > 0 {
		most = min(most, want)
	}
	return func(yield func(*object, error) bool) {
		batch := make([]entry, 0, most)
		flush := func() bool {
			objects, err := c.readAll(ctx, table, batch)
			batch = batch[:0]
			for _, o := range objects {
				if o != nil && !yield(o, nil) {
					return false
				}
			}
			if err != nil {
				yield(nil, err)
			}
			return err == nil
		}
		for e, err := range entries {
			if err != nil {
				yield(nil, err)
				return
			}
			if batch = append(batch, e); len(batch) == most && !flush() {
				return
			}
		}
		flush()
	}
}

// readAll reads documents; nil stands for one that is gone. After an error it returns those
// before the first that could not be read, and the error is of that one: objects that are no
// documents do not keep others from being read.
func (c *conn) readAll(ctx context.Context, table string, list []entry) ([]*object, error) {
	objects, errs := make([]*object, len(list)), make([]error, len(list))
	err := c.each(ctx, len(list), func(ctx context.Context, i int) error {
		objects[i], errs[i] = c.read(ctx, table, list[i].key)
		if errs[i] == nil {
			c.known.put(table, objects[i].id, objects[i].key)
		} else if !isOfObject(errs[i]) && !isMissing(errs[i]) {
			return errs[i]
		}
		return nil
	})
	for i := range list {
		switch {
		case objects[i] != nil || isMissing(errs[i]):
		case err != nil && !isOfObject(errs[i]): // it was not read, or not begun
			return objects[:i], err
		default:
			return objects[:i], errs[i]
		}
	}
	return objects, err
}

// matching yields the documents that match.
func (c *conn) matching(ctx context.Context, table string, conditions []storage.Condition) iter.Seq2[*object, error] {
	if id, ok := idOf(table, conditions); ok {
		return c.one(ctx, table, id, conditions)
	}
	return func(yield func(*object, error) bool) {
		looked := 0
		for o, err := range c.documents(ctx, table, c.entries(ctx, table, ""), c.config.MaxScan) {
			if looked++; err == nil && c.config.MaxScan > 0 && looked > c.config.MaxScan {
				err = fmt.Errorf("%w: the table has more than %d; only a filter with an id finds a document directly; raise max_scan to read more", storage.ErrScan, c.config.MaxScan)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if storage.MatchAll(o.doc, conditions) && !yield(o, nil) {
				return
			}
		}
	}
}

// idOf returns the id that documents have to have to match. Sessions may have been stored
// under another one.
func idOf(table string, conditions []storage.Condition) (string, bool) {
	for _, condition := range conditions {
		if id, ok := condition.Value.(string); ok && table != "sessions" && condition.Field == storage.FieldID && condition.Op == "$eq" {
			return id, storage.CheckID(id) == nil
		}
	}
	return "", false
}

// one yields the document with an id, if it matches.
func (c *conn) one(ctx context.Context, table, id string, conditions []storage.Condition) iter.Seq2[*object, error] {
	return func(yield func(*object, error) bool) {
		o, err := c.get(ctx, table, id)
		if errors.Is(err, storage.ErrNotFound) {
			return
		}
		if err != nil || storage.MatchAll(o.doc, conditions) {
			yield(o, err)
		}
	}
}

// sorted yields the documents that match, in the order of the query.
func (c *conn) sorted(ctx context.Context, table string, conditions []storage.Condition, q storage.Query) iter.Seq2[*object, error] {
	return func(yield func(*object, error) bool) {
		var list []*object
		for o, err := range c.matching(ctx, table, conditions) {
			if err != nil {
				yield(nil, err)
				return
			}
			list = append(list, o)
		}
		slices.SortFunc(list, func(a, b *object) int {
			return cmp.Or(storage.Compare(a.doc[q.OrderBy], b.doc[q.OrderBy]), strings.Compare(a.id, b.id))
		})
		if q.Desc {
			slices.Reverse(list)
		}
		for _, o := range list {
			if !yield(o, nil) {
				return
			}
		}
	}
}
