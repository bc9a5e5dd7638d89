package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"iter"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// fake is a storage in memory. What the package does not use it does not have.
type fake struct {
	storage.Storage

	mu      sync.Mutex
	tables  map[string]*fakeTable
	imports int
	// onImport, if it is not nil, is told the number of each Import, from 1; apply
	// stores records of it.
	onImport func(n int, records []storage.Record, apply func([]storage.Record)) error
	// onExport, if it is not nil, may have an Export end before a record.
	onExport func(r storage.Record) error
}

type fakeTable struct {
	info    storage.TableInfo
	ids     []string
	records map[string]storage.Record
}

func newFake() *fake { return &fake{tables: map[string]*fakeTable{}} }

// put stores documents with times of their own.
func (f *fake) put(table string, records ...storage.Record) *fake {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.open(table)
	for _, r := range records {
		t.put(r)
	}
	return f
}

func (f *fake) open(table string) *fakeTable {
	if f.tables[table] == nil {
		f.tables[table] = &fakeTable{info: storage.TableInfo{Name: table}, records: map[string]storage.Record{}}
	}
	return f.tables[table]
}

func (t *fakeTable) put(r storage.Record) {
	if _, taken := t.records[r.ID]; !taken {
		t.ids = append(t.ids, r.ID)
	}
	t.records[r.ID] = r
}

func (f *fake) Backend() string { return "fake" }

func (f *fake) CreateTable(_ context.Context, table string, schema storage.Document) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.open(table)
	if t.info.CreatedAt.IsZero() {
		t.info.Schema, t.info.CreatedAt = schema, time.Now()
	}
	return nil
}

func (f *fake) ListTables(ctx context.Context) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.tables)), ctx.Err()
}

func (f *fake) TableInfo(_ context.Context, table string) (storage.TableInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.tables[table]
	if t == nil {
		return storage.TableInfo{}, &storage.Error{Backend: "fake", Op: "TableInfo", Table: table, Err: storage.ErrNoTable}
	}
	info := t.info
	info.Records = int64(len(t.records))
	return info, nil
}

func (f *fake) Count(_ context.Context, table string, _ storage.Filter) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tables[table] == nil {
		return 0, nil
	}
	return int64(len(f.tables[table].records)), nil
}

func (f *fake) Get(_ context.Context, table, id string) (storage.Document, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t := f.tables[table]; t != nil {
		if r, ok := t.records[id]; ok {
			return maps.Clone(r.Document), nil
		}
	}
	return nil, &storage.Error{Backend: "fake", Op: "Get", Table: table, ID: id, Err: storage.ErrNotFound}
}

func (f *fake) Export(_ context.Context, table, from string) iter.Seq2[storage.Record, error] {
	return func(yield func(storage.Record, error) bool) {
		next, _ := strconv.Atoi(from)
		for {
			f.mu.Lock()
			t := f.tables[table]
			if t == nil || next >= len(t.ids) {
				f.mu.Unlock()
				return
			}
			r := t.records[t.ids[next]]
			f.mu.Unlock()
			next++
			r.Position = strconv.Itoa(next)
			if f.onExport != nil {
				if err := f.onExport(r); err != nil {
					yield(storage.Record{}, err)
					return
				}
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (f *fake) Import(ctx context.Context, table string, records []storage.Record, existing storage.Existing) (report storage.ImportReport, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return report, err
	}
	f.imports++
	apply := func(records []storage.Record) { f.apply(table, records, existing, &report) }
	if f.onImport != nil {
		err = f.onImport(f.imports, records, apply)
	} else {
		apply(records)
	}
	return report, err
}

func (f *fake) apply(table string, records []storage.Record, existing storage.Existing, report *storage.ImportReport) {
	t := f.open(table)
	for _, r := range records {
		_, taken := t.records[r.ID]
		switch {
		case r.Document["refuse"] == true:
			report.Refused = append(report.Refused, storage.Refusal{ID: r.ID, Err: storage.ErrValidation})
			continue
		case taken && existing == storage.Refuse:
			report.Refused = append(report.Refused, storage.Refusal{ID: r.ID, Err: storage.ErrDuplicate})
			continue
		case taken && existing == storage.Skip:
			report.Skipped++
			continue
		case taken:
			report.Overwritten++
		default:
			report.Created++
		}
		t.put(r)
	}
}

// equal fails the test unless two storages have the same.
func equal(t *testing.T, got, want *fake) {
	t.Helper()
	if g, w := slices.Sorted(maps.Keys(got.tables)), slices.Sorted(maps.Keys(want.tables)); !slices.Equal(g, w) {
		t.Fatalf("tables %q, want %q", g, w)
	}
	for name, w := range want.tables {
		g := got.tables[name]
		if !storage.Equal(doc(g.info.Schema), doc(w.info.Schema)) {
			t.Errorf("table %q: schema %v, want %v", name, g.info.Schema, w.info.Schema)
		}
		if len(g.ids) != len(w.ids) || len(g.records) != len(w.records) {
			t.Errorf("table %q: %d records under %d ids, want %d", name, len(g.records), len(g.ids), len(w.records))
		}
		for id, want := range w.records {
			if got := g.records[id]; !equalRecords(got, want) {
				t.Errorf("table %q: record %q is\n%+v, want\n%+v", name, id, got, want)
			}
		}
	}
}

// doc returns a document as a value that can be compared.
func doc(d storage.Document) any {
	if d == nil {
		return nil
	}
	return d
}

func equalRecords(a, b storage.Record) bool {
	return a.ID == b.ID && storage.Equal(doc(a.Document), doc(b.Document)) &&
		a.CreatedAt.Equal(b.CreatedAt) && a.UpdatedAt.Equal(b.UpdatedAt) && a.ExpiresAt.Equal(b.ExpiresAt)
}

// at is a moment of the tests.
var at = time.Date(2026, 7, 5, 1, 22, 0, 315338000, time.UTC)

// numbered returns records with ids r0, r1, …
func numbered(n int) []storage.Record {
	list := make([]storage.Record, n)
	for i := range list {
		id := "r" + strconv.Itoa(i)
		list[i] = storage.Record{ID: id, Document: storage.Document{"id": id, "n": int64(i)}, CreatedAt: at}
	}
	return list
}

// parsed returns a document from its JSON.
func parsed(t *testing.T, text string) storage.Document {
	t.Helper()
	d, err := storage.ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var errBroken = errors.New("the storage is broken")

// sum returns a checksum as backups have it.
func sum(h hash.Hash) string { return fmt.Sprintf("%x", h.Sum(nil)) }

// text returns a number as backups have it.
func text(n int64) string { return strconv.FormatInt(n, 10) }

// manifestOf returns the manifest that a line has.
func manifestOf(t *testing.T, text string) *Manifest {
	t.Helper()
	var l line
	if err := json.Unmarshal([]byte(text), &l); err != nil || l.Manifest == nil {
		t.Fatalf("%s: %v", text, err)
	}
	return l.Manifest
}

// limit has documents be shorter than storages have them.
func limit(t *testing.T, n int) {
	t.Helper()
	before := maxDocument
	maxDocument = n
	t.Cleanup(func() { maxDocument = before })
}
