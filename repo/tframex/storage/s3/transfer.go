package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Export yields the documents of a table by the date of their insert, on one day by id: one
// request for each document, batch_size of them at once, and one for each 1,000. A position
// is what the key has behind data/. It holds batch_size documents at once. An object that is
// no JSON object, has more than 64 MiB, or is in an archive, is a [*storage.RecordError]; to go
// on behind it costs the reading of batch_size documents again, at most.
func (s *Storage) Export(ctx context.Context, table, from string) iter.Seq2[storage.Record, error] {
	return func(yield func(storage.Record, error) bool) {
		var stopped bool
		err := s.do(ctx, "Export", table, "", func(c *conn) error {
			after := ""
			if from != "" {
				after = c.dataKey(table) + from
			}
			for o, err := range c.documents(ctx, table, c.entries(ctx, table, after), 0) {
				if err != nil {
					return c.recordError(table, err)
				}
				record := storage.Record{ID: o.id, Document: o.doc, CreatedAt: o.created, UpdatedAt: o.updated, Position: c.position(table, o.key)}
				if stopped = !yield(record, nil); stopped {
					return nil
				}
			}
			return nil
		})
		if err != nil && !stopped {
			yield(storage.Record{}, err)
		}
	}
}

// position is where Export goes on behind an object.
func (c *conn) position(table, key string) string { return strings.TrimPrefix(key, c.dataKey(table)) }

// recordError returns the error of Export for one of reading: that of a record, if it is of one
// object.
func (c *conn) recordError(table string, err error) error {
	of, ok := errors.AsType[*objectError](err)
	if !ok {
		return err
	}
	id, _ := c.keyID(table, of.key)
	return &storage.RecordError{ID: id, Position: c.position(table, of.key), Err: err}
}

// Import stores records, batch_size of them at once: one request for each, and before those
// that tell which ids are taken, as for BulkInsert. A new document has the date of its
// record; one that is replaced stays where it is.
func (s *Storage) Import(ctx context.Context, table string, records []storage.Record, existing storage.Existing) (report storage.ImportReport, err error) {
	err = s.change(ctx, "Import", table, "", func(c *conn) error {
		objects, errs := make([]*object, len(records)), make([]error, len(records))
		var ids []string
		for i, record := range records {
			if objects[i], errs[i] = imported(record); errs[i] == nil {
				ids = append(ids, record.ID)
			}
		}
		there, err := c.taken(ctx, table, ids)
		if err != nil {
			return err
		}
		results := make([]result, len(records))
		for _, round := range rounds(objects) {
			err := c.each(ctx, len(round), func(_ context.Context, n int) error {
				i := round[n]
				results[i], errs[i] = c.importOne(ctx, table, objects[i], there[objects[i].id], existing)
				return nil
			})
			if err != nil {
				return errors.Join(err, summary(&report, records, results, errs))
			}
			for _, i := range round { // those of the next round meet them
				if errs[i] == nil && there[objects[i].id] == "" {
					there[objects[i].id] = objects[i].key
				}
			}
		}
		return summary(&report, records, results, errs)
	})
	return report, err
}

// imported returns the object of a record; its key is not known yet.
func imported(record storage.Record) (*object, error) {
	if err := storage.CheckID(record.ID); err != nil {
		return nil, err
	}
	doc, err := storage.CheckDocument(record.Document)
	if err != nil {
		return nil, err
	}
	created := record.CreatedAt
	if created.IsZero() {
		created = time.Now()
	}
	if year := created.UTC().Year(); year < 1 || year > 9999 {
		return nil, fmt.Errorf("%w: a time of the year %d", storage.ErrValidation, year)
	}
	updated := record.UpdatedAt
	if updated.IsZero() {
		updated = created
	}
	return &object{id: record.ID, doc: doc, created: created.UTC(), updated: updated.UTC()}, nil
}

// rounds returns the numbers of objects in groups in which no id is twice.
func rounds(objects []*object) (list [][]int) {
	times := map[string]int{}
	for i, o := range objects {
		if o == nil {
			continue
		}
		n := times[o.id]
		if times[o.id]++; n == len(list) {
			list = append(list, nil)
		}
		list[n] = append(list[n], i)
	}
	return list
}

// result is what became of a record.
type result int

const (
	unknown result = iota
	created
	skipped
	overwritten
)

// importOne stores a record; key is where one with its id is, if there is one.
func (c *conn) importOne(ctx context.Context, table string, o *object, key string, existing storage.Existing) (result, error) {
	unlock, err := c.lock(ctx, table, o.id)
	if err != nil {
		return unknown, err
	}
	defer unlock()
	o.key = cmp.Or(key, c.key(table, o.id, o.created))
	if key == "" {
		err := c.writeNew(ctx, table, o)
		if !isChanged(err) {
			return created, err
		}
	}
	switch existing {
	case storage.Refuse:
		return unknown, storage.ErrDuplicate
	case storage.Skip:
		return skipped, nil
	}
	return overwritten, c.write(ctx, table, o, "")
}

// summary puts results into a report. Errors of single records are in it; those of the
// connection concern all, and are returned.
func summary(report *storage.ImportReport, records []storage.Record, results []result, errs []error) error {
	var failed error
	for i, err := range errs {
		switch {
		case errors.Is(err, storage.ErrConnection) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
			failed = cmpError(failed, err)
		case err != nil:
			report.Refused = append(report.Refused, storage.Refusal{ID: records[i].ID, Err: err})
		case results[i] == created:
			report.Created++
		case results[i] == skipped:
			report.Skipped++
		case results[i] == overwritten:
			report.Overwritten++
		}
	}
	return failed
}
