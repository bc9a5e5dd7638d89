package migrate

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a storage in plain maps, whose operations fail when a test says so.
type fake struct {
	storage.Storage // what a migration does not call

	mu      sync.Mutex
	tables  map[string]map[string]storage.Record
	schemas map[string]storage.Document
	imports int // calls

	// onImport is called before records are stored, and onStored after; an error of either
	// is that of Import.
	onImport, onStored func(call int, list []storage.Record) error
	// onGet is called for each document that is read.
	onGet func(id string) error
	// onExport is called before each record.
	onExport func(r storage.Record) error
	// refuse returns why a record is refused.
	refuse func(r storage.Record) error
}

func newFake() *fake {
	return &fake{tables: map[string]map[string]storage.Record{}, schemas: map[string]storage.Document{}}
}

// fill puts n documents into a table.
func (f *fake) fill(table string, n int) *fake {
	for i := range n {
		id := fmt.Sprintf("%s-%06d", table, i)
		f.put(table, storage.Record{ID: id, Document: storage.Document{"id": id, "n": int64(i), "nothing": nil}})
	}
	return f
}

func (f *fake) put(table string, r storage.Record) {
	if f.tables[table] == nil {
		f.tables[table] = map[string]storage.Record{}
	}
	f.tables[table][r.ID] = r
}

func (f *fake) Backend() string { return "fake" }

func (f *fake) ListTables(context.Context) ([]string, error) {
	return slices.Sorted(maps.Keys(f.tables)), nil
}

func (f *fake) TableInfo(_ context.Context, table string) (storage.TableInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tables[table] == nil {
		return storage.TableInfo{}, storage.ErrNoTable
	}
	return storage.TableInfo{Name: table, Schema: f.schemas[table], Records: int64(len(f.tables[table]))}, nil
}

func (f *fake) CreateTable(_ context.Context, table string, schema storage.Document) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tables[table] == nil {
		f.tables[table], f.schemas[table] = map[string]storage.Record{}, schema
	}
	return nil
}

func (f *fake) Get(_ context.Context, table, id string) (storage.Document, error) {
	if f.onGet != nil {
		if err := f.onGet(id); err != nil {
			return nil, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.tables[table][id]
	if !ok {
		return nil, storage.ErrNotFound
	}
	return r.Document, nil
}

func (f *fake) Export(ctx context.Context, table, from string) iter.Seq2[storage.Record, error] {
	return func(yield func(storage.Record, error) bool) {
		f.mu.Lock()
		all := maps.Clone(f.tables[table])
		f.mu.Unlock()
		for _, id := range slices.Sorted(maps.Keys(all)) {
			if id <= from {
				continue
			}
			r := all[id]
			r.Position = id
			err := ctx.Err()
			if err == nil && f.onExport != nil {
				err = f.onExport(r)
			}
			if err != nil {
				yield(storage.Record{}, err)
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (f *fake) Import(ctx context.Context, table string, list []storage.Record, existing storage.Existing) (report storage.ImportReport, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.imports++
	if f.onImport != nil {
		if err := f.onImport(f.imports, list); err != nil {
			return report, err
		}
	}
	for _, r := range list {
		_, taken := f.tables[table][r.ID]
		err := error(nil)
		if f.refuse != nil {
			err = f.refuse(r)
		}
		switch {
		case err != nil:
			report.Refused = append(report.Refused, storage.Refusal{ID: r.ID, Err: err})
		case taken && existing == storage.Refuse:
			report.Refused = append(report.Refused, storage.Refusal{ID: r.ID, Err: storage.ErrDuplicate})
		case taken && existing == storage.Skip:
			report.Skipped++
		default:
			f.put(table, r)
			if taken {
				report.Overwritten++
			} else {
				report.Created++
			}
		}
	}
	if f.onStored != nil {
		err = f.onStored(f.imports, list)
	}
	return report, err
}

// checking is a fake that can check records.
type checking struct {
	*fake
	asked int
}

func (c *checking) Check(_ context.Context, _ string, r storage.Record) error {
	c.asked++
	return c.refuse(r)
}

// same fails the test unless both have the same documents.
func same(t *testing.T, a, b *fake) {
	t.Helper()
	if !maps.EqualFunc(a.tables, b.tables, func(x, y map[string]storage.Record) bool {
		return maps.EqualFunc(x, y, func(x, y storage.Record) bool { return storage.Equal(x.Document, y.Document) })
	}) {
		t.Errorf("the documents differ")
	}
}
