package storagetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// paper is the least that is a storage: maps of records behind a mutex.
type paper struct {
	mu      sync.Mutex
	open    bool
	tables  map[string]*sheet
	maxScan int // 0: no bound
}

type sheet struct {
	records map[string]storage.Record
	created time.Time // zero: never
	schema  doc
}

func newPaper(maxScan int) *paper {
	return &paper{open: true, tables: map[string]*sheet{}, maxScan: maxScan}
}

func (p *paper) Backend() string { return "paper" }

// do runs an operation, and names it in its error.
func (p *paper) do(ctx context.Context, op, table, id string, f func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := ctx.Err()
	if !p.open {
		err = storage.ErrClosed
	}
	if err == nil && table != none {
		err = storage.CheckTable(table)
	}
	if err == nil {
		err = f()
	}
	if err == nil {
		return nil
	}
	if table == none {
		table = ""
	}
	return &storage.Error{Backend: "paper", Op: op, Table: table, ID: id, Err: err}
}

// none is no table.
const none = "-"

func (p *paper) Initialize(ctx context.Context) error { return p.Connect(ctx) }

func (p *paper) Connect(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = true
	return nil
}

func (p *paper) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = false
	return nil
}

func (p *paper) Ping(ctx context.Context) error {
	return p.do(ctx, "Ping", none, "", func() error { return nil })
}

func (p *paper) HealthCheck(ctx context.Context) storage.Health {
	h := storage.Health{Backend: "paper", Timestamp: time.Now(), Connected: true, Ping: true}
	if err := p.Ping(ctx); err != nil {
		h.Connected, h.Ping, h.Error = !errors.Is(err, storage.ErrClosed), false, err.Error()
	}
	return h
}

// sheet returns a table, made if it is not there.
func (p *paper) sheet(table string) *sheet {
	if p.tables[table] == nil {
		p.tables[table] = &sheet{records: map[string]storage.Record{}}
	}
	return p.tables[table]
}

func (p *paper) there(table string) bool {
	s := p.tables[table]
	return s != nil && (len(s.records) > 0 || !s.created.IsZero())
}

func (p *paper) CreateTable(ctx context.Context, table string, schema doc) error {
	return p.do(ctx, "CreateTable", table, "", func() error {
		s := p.sheet(table)
		if !s.created.IsZero() {
			return nil
		}
		s.created = time.Now()
		if schema != nil {
			var err error
			s.schema, err = storage.CheckDocument(schema)
			return err
		}
		return nil
	})
}

func (p *paper) DropTable(ctx context.Context, table string) (had bool, err error) {
	err = p.do(ctx, "DropTable", table, "", func() error {
		had = p.there(table)
		delete(p.tables, table)
		return nil
	})
	return had, err
}

func (p *paper) ListTables(ctx context.Context) (list []string, err error) {
	err = p.do(ctx, "ListTables", none, "", func() error {
		for table := range p.tables {
			if p.there(table) {
				list = append(list, table)
			}
		}
		slices.Sort(list)
		return nil
	})
	return list, err
}

func (p *paper) TableInfo(ctx context.Context, table string) (info storage.TableInfo, err error) {
	err = p.do(ctx, "TableInfo", table, "", func() error {
		if !p.there(table) {
			return storage.ErrNoTable
		}
		s := p.sheet(table)
		info = storage.TableInfo{Name: table, Schema: s.schema, CreatedAt: s.created, Records: int64(len(s.records))}
		return nil
	})
	return info, err
}

// find returns the record with an id, or the session with a session_id.
func (p *paper) find(table, id string) (storage.Record, error) {
	if err := storage.CheckID(id); err != nil {
		return storage.Record{}, err
	}
	if record, ok := p.sheet(table).records[id]; ok {
		return record, nil
	}
	for _, record := range p.sheet(table).records {
		if table == "sessions" && record.Document["session_id"] == id {
			return record, nil
		}
	}
	return storage.Record{}, storage.ErrNotFound
}

// complete returns a document with what Insert adds, and its id.
func complete(table string, given doc) (doc, string, error) {
	d, err := storage.CheckDocument(given)
	if err != nil {
		return nil, "", err
	}
	if d["id"] == nil {
		switch d["id"] = uuid.NewString(); {
		case table == "sessions" && d["session_id"] != nil:
			d["id"] = d["session_id"]
		case table == "user_roles" && d["user_id"] != nil && d["role_id"] != nil:
			d["id"] = fmt.Sprint(d["user_id"], ":", d["role_id"])
		}
	}
	id, ok := d["id"].(string)
	if !ok {
		return nil, "", fmt.Errorf("%w: the id is no text", storage.ErrValidation)
	}
	now := storage.FormatTime(time.Now())
	for _, field := range []string{"created_at", "updated_at"} {
		if _, ok := d[field]; !ok {
			d[field] = now
		}
	}
	return d, id, storage.CheckID(id)
}

func (p *paper) add(table string, given doc) (string, error) {
	d, id, err := complete(table, given)
	if err != nil {
		return id, err
	}
	if _, taken := p.sheet(table).records[id]; taken {
		return id, storage.ErrDuplicate
	}
	now := time.Now()
	p.sheet(table).records[id] = storage.Record{ID: id, Document: d, CreatedAt: now, UpdatedAt: now, Position: id}
	return id, nil
}

func (p *paper) Insert(ctx context.Context, table string, given doc) (id string, err error) {
	name, _ := given["id"].(string)
	err = p.do(ctx, "Insert", table, name, func() error { id, err = p.add(table, given); return err })
	return id, err
}

func (p *paper) BulkInsert(ctx context.Context, table string, docs []doc) (ids []string, err error) {
	ids = make([]string, len(docs))
	return ids, p.do(ctx, "BulkInsert", table, "", func() error {
		bad := &storage.BulkError{Errs: make([]error, len(docs))}
		for i, d := range docs {
			if ids[i], bad.Errs[i] = p.add(table, d); bad.Errs[i] != nil {
				ids[i] = ""
			}
		}
		if len(bad.Unwrap()) > 0 {
			return bad
		}
		return nil
	})
}

func (p *paper) Get(ctx context.Context, table, id string) (d doc, err error) {
	err = p.do(ctx, "Get", table, id, func() error {
		record, err := p.find(table, id)
		if err == nil {
			d, err = storage.CheckDocument(record.Document)
		}
		return err
	})
	return d, err
}

// scan returns the documents that match.
func (p *paper) scan(table string, filter storage.Filter, sorted bool) (list []doc, err error) {
	conditions, err := filter.Conditions()
	if err != nil {
		return nil, err
	}
	if n := len(p.sheet(table).records); p.maxScan > 0 && n > p.maxScan && (sorted || len(conditions) > 0) {
		return nil, storage.ErrScan
	}
	for _, id := range slices.Sorted(maps.Keys(p.sheet(table).records)) {
		if d := p.sheet(table).records[id].Document; storage.MatchAll(d, conditions) {
			list = append(list, d)
		}
	}
	return list, nil
}

func (p *paper) Select(ctx context.Context, table string, q storage.Query) (list []doc, err error) {
	err = p.do(ctx, "Select", table, "", func() error {
		found, err := p.scan(table, q.Filter, q.OrderBy != "")
		if err != nil {
			return err
		}
		if q.OrderBy != "" {
			slices.SortStableFunc(found, func(a, b doc) int {
				return cmp.Or(storage.Compare(a[q.OrderBy], b[q.OrderBy]), storage.Compare(a["id"], b["id"]))
			})
			if q.Desc {
				slices.Reverse(found)
			}
		}
		found = found[min(q.Offset, len(found)):]
		if limit := cmp.Or(q.Limit, storage.DefaultLimit); limit > 0 {
			found = found[:min(limit, len(found))]
		}
		for _, d := range found {
			d, err := storage.CheckDocument(d)
			if err != nil {
				return err
			}
			list = append(list, d)
		}
		return nil
	})
	return list, err
}

func (p *paper) Update(ctx context.Context, table, id string, given doc) (found bool, err error) {
	err = p.do(ctx, "Update", table, id, func() error {
		changes, err := storage.CheckDocument(given)
		if err != nil {
			return err
		}
		record, err := p.find(table, id)
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		d := maps.Clone(record.Document)
		maps.Copy(d, changes)
		d["id"], d["updated_at"] = record.Document["id"], storage.FormatTime(time.Now())
		record.Document, record.UpdatedAt, found = d, time.Now(), true
		p.sheet(table).records[record.ID] = record
		return nil
	})
	return found, err
}

func (p *paper) Delete(ctx context.Context, table, id string) (had bool, err error) {
	err = p.do(ctx, "Delete", table, id, func() error {
		record, err := p.find(table, id)
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		had = err == nil
		delete(p.sheet(table).records, record.ID)
		return err
	})
	return had, err
}

func (p *paper) Count(ctx context.Context, table string, filter storage.Filter) (n int64, err error) {
	err = p.do(ctx, "Count", table, "", func() error {
		list, err := p.scan(table, filter, false)
		n = int64(len(list))
		return err
	})
	return n, err
}

func (p *paper) ExecuteRaw(ctx context.Context, _ string, _ ...any) (any, error) {
	return nil, p.do(ctx, "ExecuteRaw", none, "", func() error { return errors.ErrUnsupported })
}

func (p *paper) Transaction(ctx context.Context, _ func(storage.Storage) error) error {
	return p.do(ctx, "Transaction", none, "", func() error { return errors.ErrUnsupported })
}

func (p *paper) Export(ctx context.Context, table, from string) iter.Seq2[storage.Record, error] {
	return func(yield func(storage.Record, error) bool) {
		var list []storage.Record
		err := p.do(ctx, "Export", table, "", func() error {
			for _, id := range slices.Sorted(maps.Keys(p.sheet(table).records)) {
				if id > from {
					list = append(list, p.sheet(table).records[id])
				}
			}
			return nil
		})
		for _, record := range list {
			if !yield(record, nil) {
				return
			}
		}
		if err != nil {
			yield(storage.Record{}, err)
		}
	}
}

func (p *paper) Import(ctx context.Context, table string, records []storage.Record, existing storage.Existing) (report storage.ImportReport, err error) {
	err = p.do(ctx, "Import", table, "", func() error {
		for _, record := range records {
			d, err := storage.CheckDocument(record.Document)
			if err == nil {
				err = storage.CheckID(record.ID)
			}
			_, taken := p.sheet(table).records[record.ID]
			if err == nil && taken && existing == storage.Refuse {
				err = storage.ErrDuplicate
			}
			switch {
			case err != nil:
				report.Refused = append(report.Refused, storage.Refusal{ID: record.ID, Err: err})
				continue
			case taken && existing == storage.Skip:
				report.Skipped++
				continue
			case taken:
				report.Overwritten++
			default:
				report.Created++
			}
			record.Document, record.Position = d, record.ID
			p.sheet(table).records[record.ID] = record
		}
		return nil
	})
	return report, err
}
