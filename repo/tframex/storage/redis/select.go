package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Get returns a document: one round trip; of user_roles, and of a session by its session_id
// if it has another id, two.
func (s *Storage) Get(ctx context.Context, table, id string) (storage.Document, error) {
	_, t, err := s.reading(table)
	if err == nil {
		err = storage.CheckID(id)
	}
	var doc storage.Document
	if err == nil {
		doc, err = t.document(ctx, id)
	}
	if err != nil {
		return nil, s.fail("Get", table, id, err)
	}
	return doc, nil
}

func (t *table) document(ctx context.Context, id string) (storage.Document, error) {
	rec, err := t.get(ctx, id)
	if err != nil {
		return nil, err
	}
	return t.decode(rec)
}

// Select returns documents. What indexes answer costs one round trip for 250 of them. Other
// conditions are checked here, on what the indexes leave, and another order is made here:
// of Config.MaxScan documents at most, else the error is [storage.ErrScan]. Offset is read
// and left out.
func (s *Storage) Select(ctx context.Context, table string, q storage.Query) ([]storage.Document, error) {
	_, t, err := s.reading(table)
	var docs []storage.Document
	if err == nil {
		docs, err = s.selected(ctx, t, q)
	}
	if err != nil {
		return nil, s.fail("Select", table, "", err)
	}
	return docs, nil
}

// Count returns how many documents match. What indexes answer is one round trip, whatever
// the number; for other conditions documents are read, as Select does.
func (s *Storage) Count(ctx context.Context, table string, filter storage.Filter) (int64, error) {
	_, t, err := s.reading(table)
	var n int64
	if err == nil {
		n, err = s.counted(ctx, t, filter)
	}
	if err != nil {
		return 0, s.fail("Count", table, "", err)
	}
	return n, nil
}

// finding is how documents are found: by indexes, whose order it may be, and by what is left
// to check.
type finding struct {
	*table
	conditions []storage.Condition
	usable     []condition // those that indexes know something of
	exact      bool        // the indexes answer all conditions
	never      bool        // nothing meets them
	most       int         // documents to look at
}

func (s *Storage) find(t *table, filter storage.Filter) (f finding, err error) {
	f = finding{table: t, exact: true, most: s.config.MaxScan}
	if f.most < 0 {
		f.most = math.MaxInt
	}
	if f.conditions, err = filter.Conditions(); err != nil {
		return f, err
	}
	for _, c := range f.conditions {
		ix, usable := t.index(c.Field), false
		if ix != nil {
			var done condition
			if done, usable = ix.convert(c); usable {
				f.usable = append(f.usable, done)
				f.exact = f.exact && done.exact
				f.never = f.never || done.never
			}
		}
		f.exact = f.exact && usable
	}
	return f, nil
}

func (s *Storage) selected(ctx context.Context, t *table, q storage.Query) ([]storage.Document, error) {
	f, err := s.find(t, q.Filter)
	if err != nil {
		return nil, err
	}
	if q.Offset < 0 {
		return nil, fmt.Errorf("%w: offset %d is negative", storage.ErrValidation, q.Offset)
	}
	limit := cmp.Or(q.Limit, storage.DefaultLimit)
	end := math.MaxInt
	if limit >= 0 && q.Offset <= math.MaxInt-limit {
		end = q.Offset + limit
	}
	found, err := f.documents(ctx, q.OrderBy, q.Desc, end)
	if err != nil || q.Offset >= len(found) {
		return nil, err
	}
	return slices.Clip(found[q.Offset:min(end, len(found))]), nil
}

// documents returns the documents up to an end, in order.
func (f *finding) documents(ctx context.Context, order string, desc bool, end int) ([]storage.Document, error) {
	if f.never || end == 0 {
		return nil, nil
	}
	if ids, ok := f.ids(); ok {
		found, err := f.byID(ctx, ids)
		f.sort(found, order, desc)
		return found, err
	}
	if order == "" || f.ordered(order) {
		found, err := f.walk(ctx, f.usable, order, desc, end)
		if !errors.Is(err, repo.ErrNoIndex) {
			return found, err
		}
	}
	var found []storage.Document
	err := error(repo.ErrNoIndex)
	if len(f.usable) > 0 { // by other indexes, and sorted here
		found, err = f.walk(ctx, f.usable, "", false, sorted(order, end))
	}
	if errors.Is(err, repo.ErrNoIndex) { // all
		f.exact = false
		if f.orderedAlone(order) {
			return f.walk(ctx, nil, order, desc, end)
		}
		found, err = f.walk(ctx, nil, "", false, sorted(order, end))
	}
	f.sort(found, order, desc)
	return found, err
}

// sorted returns how many documents have to be found: all of them, if they are to be sorted.
func sorted(order string, end int) int {
	if order == "" {
		return end
	}
	return everything
}

// everything has walk return all that there is, if that is not too much to sort.
const everything = -1

// ids returns the ids that a condition names.
func (f *finding) ids() ([]string, bool) {
	for _, c := range f.conditions {
		if c.Field != storage.FieldID || c.Op != "$eq" && c.Op != "$in" {
			continue
		}
		values := []any{c.Value}
		if c.Op == "$in" {
			values, _ = c.Value.([]any)
		}
		ids, usable := []string{}, true
		for _, v := range values {
			id, ok := v.(string)
			if usable = usable && v != nil; ok && storage.CheckID(id) == nil && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		// A record that was imported may have another id than its document.
		if usable && len(ids) <= 100 {
			return ids, true
		}
	}
	return nil, false
}

func (f *finding) byID(ctx context.Context, ids []string) (found []storage.Document, err error) {
	recs, err := f.getMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, rec := range recs {
		doc, err := f.decode(rec)
		if err != nil {
			return nil, err
		}
		if f.match(doc) {
			found = append(found, doc)
		}
	}
	return found, nil
}

// ordered tells whether an index has the order for all that match.
func (f *finding) ordered(order string) bool {
	ix := f.index(order)
	if ix == nil || !ix.order {
		return false
	}
	return !ix.optional || slices.ContainsFunc(f.usable, func(c condition) bool { return c.Field == order }) // those without the field do not match
}

// orderedAlone tells whether an index has all documents in the order.
func (f *finding) orderedAlone(order string) bool {
	ix := f.index(order)
	return ix != nil && ix.order && !ix.optional
}

// pageSize is how many records a page has at most; one round trip reads 250.
const pageSize = 1000

// walk returns the documents that meet all conditions, in the order of an index.
func (f *finding) walk(ctx context.Context, usable []condition, order string, desc bool, end int) (found []storage.Document, err error) {
	q, looked, last := f.find(usable, order, desc), 0, end
	if end == everything {
		last = math.MaxInt
	}
	for after := ""; ; {
		size := min(pageSize, last-len(found))
		if !f.exact {
			size = min(pageSize, max(250, size))
		}
		recs, next, err := q.page(ctx, max(1, size), after)
		if err != nil {
			return nil, err
		}
		for _, rec := range recs {
			if looked++; looked > f.most && (!f.exact || end == everything) {
				return nil, f.tooMany()
			}
			doc, err := f.decode(rec)
			if err != nil {
				return nil, err
			}
			if f.exact || f.match(doc) {
				if len(found) >= last && !f.ties(found[len(found)-1], doc, order) {
					next = ""
					break
				}
				found = append(found, doc)
			}
		}
		if after = next; next == "" || len(found) >= last && !f.tied(order) {
			break
		}
	}
	if f.tied(order) {
		f.sort(found, order, desc)
	}
	return found, nil
}

// tied tells whether an index has documents that are equal in the order not by their ids.
func (f *finding) tied(order string) bool { return order != "" && f.plan != nil && f.plan.named }

// ties tells whether two documents are equal in the order, and to be sorted by id.
func (f *finding) ties(a, b storage.Document, order string) bool {
	return f.tied(order) && f.compare(a, b, order) == 0
}

// sort sorts documents by a field and their ids.
func (f *finding) sort(docs []storage.Document, order string, desc bool) {
	if order == "" {
		return
	}
	slices.SortStableFunc(docs, func(a, b storage.Document) int {
		by := cmp.Or(f.compare(a, b, order), storage.Compare(a[storage.FieldID], b[storage.FieldID]))
		if desc {
			return -by
		}
		return by
	})
}

// tooMany returns the error of a scan that is too long.
func (f *finding) tooMany() error {
	var fields []string
	for _, c := range f.conditions {
		if !slices.Contains(fields, c.Field) {
			fields = append(fields, c.Field)
		}
	}
	what := "its order"
	if len(fields) > 0 {
		what = "the condition on " + strings.Join(fields, ", ") + ", or its order"
	}
	return fmt.Errorf("%w: more than %d; no index answers %s. Indexes of the table: %s; or raise max_scan",
		storage.ErrScan, f.most, what, indexed(f.fields))
}

func (s *Storage) counted(ctx context.Context, t *table, filter storage.Filter) (int64, error) {
	f, err := s.find(t, filter)
	if err != nil || f.never {
		return 0, err
	}
	if ids, ok := f.ids(); ok {
		found, err := f.byID(ctx, ids)
		return int64(len(found)), err
	}
	if f.exact {
		n, err := f.find(f.usable, "", false).count(ctx)
		if !errors.Is(err, repo.ErrNoIndex) {
			return n, err
		}
	}
	found, err := f.documents(ctx, "", false, math.MaxInt)
	return int64(len(found)), err
}
