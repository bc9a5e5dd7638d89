package redis

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Export yields all records of a table: one round trip for 250. Those of most tables come
// in the order of a time, and Position is a time and an id; permissions and flow_steps come
// in pages, and what follows a record that is gone may begin with others of its page.
func (s *Storage) Export(ctx context.Context, table, from string) iter.Seq2[storage.Record, error] {
	return func(yield func(storage.Record, error) bool) {
		_, t, err := s.reading(table)
		if err == nil {
			err = t.export(ctx, from, func(r storage.Record) bool { return yield(r, nil) })
		}
		if err != nil {
			yield(storage.Record{}, s.fail("Export", table, "", err))
		}
	}
}

// position is where Export goes on.
type position struct {
	after  string // the cursor of the page, of tables without an order
	micros int64  // of the time that orders the table
	member string // the record behind which it is; "": the beginning of the page
}

func (p position) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.micros, 10) + " " + p.after + " " + p.member))
}

func parsePosition(text string) (p position, err error) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	parts := strings.SplitN(string(data), " ", 3)
	if err == nil && text != "" && len(parts) == 3 {
		p.after, p.member = parts[1], parts[2]
		p.micros, err = strconv.ParseInt(parts[0], 10, 64)
	} else if text != "" {
		err = errors.New("damaged")
	}
	if err != nil {
		return position{}, fmt.Errorf("%w: a position that Export has not returned", storage.ErrValidation)
	}
	return p, nil
}

func (t *table) export(ctx context.Context, from string, yield func(storage.Record) bool) error {
	at, err := parsePosition(from)
	if err != nil {
		return err
	}
	order := t.listing()
	var conditions []condition
	if order != "" && from != "" {
		conditions = []condition{{Condition: storage.Condition{Field: order, Op: "$gte"}, times: []time.Time{time.UnixMicro(at.micros).UTC()}}}
	}
	q := t.find(conditions, order, false)
	for after, skip := at.after, at.member; ; {
		recs, load, next, err := t.exportPage(ctx, q, after)
		if err != nil {
			return err
		}
		recs, skip = t.behind(recs, at, skip, order)
		for _, rec := range recs {
			here := position{member: t.member(rec)}
			if order != "" {
				here.micros = t.moment(rec).UnixMicro()
			} else {
				here.after = after
			}
			r, err := load(rec)
			switch {
			case errors.Is(err, repo.ErrNotFound): // it has just gone
				continue
			case isUnreadable(err):
				return &storage.RecordError{ID: t.recordID(rec), Position: here.String(), Err: classify(err)}
			case err != nil:
				return err
			}
			r.Position = here.String()
			if !yield(r) {
				return nil
			}
		}
		if after = next; next == "" {
			return nil
		}
	}
}

// exportPage returns a page of records, and what makes of each the one that Export yields. If
// one of them cannot be read, they have no more than tells their position, and each is read by
// itself.
func (t *table) exportPage(ctx context.Context, q query, after string) (recs []any, load func(any) (storage.Record, error), next string, err error) {
	const size = 250
	load = t.record
	recs, next, err = q.page(ctx, size, after)
	if isUnreadable(err) {
		recs, next, err = q.bare().page(ctx, size, after)
		load = func(rec any) (storage.Record, error) {
			whole, err := t.again(ctx, rec)
			if err != nil {
				return storage.Record{}, err
			}
			return t.record(whole)
		}
	}
	return recs, load, next, err
}

// isUnreadable tells whether an error is of what is stored, not of how it was read.
func isUnreadable(err error) bool {
	return err != nil && errors.Is(classify(err), storage.ErrValidation)
}

// behind returns the records of a page that come behind a position, and what is to be
// skipped of the next page.
func (t *table) behind(recs []any, at position, skip, order string) ([]any, string) {
	if skip == "" {
		return recs, ""
	}
	if order == "" {
		i := slices.IndexFunc(recs, func(rec any) bool { return t.member(rec) == skip })
		return recs[i+1:], "" // all, if it is gone
	}
	i := slices.IndexFunc(recs, func(rec any) bool {
		return t.moment(rec).UnixMicro() != at.micros || t.member(rec) > skip
	})
	if i < 0 {
		return nil, skip
	}
	return recs[i:], ""
}

// listing returns the time that all records of the table are ordered by, "" if there is none.
func (t *table) listing() string {
	if t.plan == nil {
		return storage.FieldCreatedAt
	}
	for _, c := range t.plan.columns {
		if c.sorted && !c.optional {
			return c.name
		}
	}
	return ""
}

// moment returns the time of a record that orders the table.
func (t *table) moment(rec any) time.Time {
	if d, ok := rec.(*tframex.Document); ok {
		return d.CreatedAt
	}
	c := t.plan.column(t.listing())
	return reflect.ValueOf(rec).Elem().Field(c.field).Interface().(time.Time)
}

// member returns what orders records of one time: as their indexes have them.
func (t *table) member(rec any) string {
	switch v := rec.(type) {
	case *tframex.Session:
		return v.SessionID
	case *tframex.UserRole:
		id, _ := repo.NewID(2).String(v.UserID).String(v.RoleID).Join()
		return id
	}
	return t.recordID(rec)
}

// recordID returns the id of the document of a record.
func (t *table) recordID(rec any) string {
	if d, ok := rec.(*tframex.Document); ok {
		return d.ID
	}
	return t.plan.recordID(rec)
}
