// Package sqldoctest has the tests that backends on SQL databases have in common, beyond the
// suite of all backends.
package sqldoctest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Backend is what the tests run on.
type Backend struct {
	// New returns a storage that is empty and initialized, and opens the same again.
	New func(t *testing.T, noTables bool) (s storage.Storage, again func() storage.Storage)
	// Checked creates the table "checked" in the layout, which refuses documents with the
	// word forbidden.
	Checked string
	// Unique makes username of the table "users" unique.
	Unique string
}

// Run runs the tests.
func Run(t *testing.T, b Backend) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, b Backend)
	}{
		{"no tables", noTables},
		{"transactions", transactions},
		{"transaction and its goroutines", transactionInParallel},
		{"panic", panics},
		{"refused rows", refused},
		{"unique index", unique},
		{"updates", updates},
		{"dropped elsewhere", dropped},
		{"created at once", createdAtOnce},
		{"positions", positions},
		{"numbers", numbers},
		{"raw", raw},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, b) })
	}
}

func id(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("the error is %v, want %v", err, target)
	}
}

func insert(t *testing.T, s storage.Storage, table string, doc storage.Document) {
	t.Helper()
	_, err := s.Insert(t.Context(), table, doc)
	must(t, err)
}

// countIs fails the test unless so many documents match.
func countIs(t *testing.T, s storage.Storage, table string, filter storage.Filter, want int64) {
	t.Helper()
	got, err := s.Count(t.Context(), table, filter)
	must(t, err)
	if got != want {
		t.Errorf("%s: %d documents of %v, want %d", table, got, filter, want)
	}
}

func noTables(t *testing.T, b Backend) {
	s, _ := b.New(t, true)
	_, err := s.Insert(t.Context(), "things", storage.Document{"a": 1})
	is(t, err, storage.ErrNoTable)
	_, err = s.Import(t.Context(), "things", []storage.Record{{ID: id(1), Document: storage.Document{}}}, storage.Refuse)
	is(t, err, storage.ErrNoTable)
	must(t, s.CreateTable(t.Context(), "things", nil))
	insert(t, s, "things", storage.Document{"a": 1})
	countIs(t, s, "things", nil, 1)
}

func transactions(t *testing.T, b Backend) {
	s, _ := b.New(t, false)
	insert(t, s, "things", storage.Document{"id": id(1), "a": 1})
	fault := errors.New("fault")
	var kept storage.Storage
	err := s.Transaction(t.Context(), func(tx storage.Storage) error {
		kept = tx
		insert(t, tx, "things", storage.Document{"id": id(2)})
		insert(t, tx, "others", storage.Document{"id": id(3)})
		_, err := tx.Insert(t.Context(), "things", storage.Document{"id": id(1)})
		is(t, err, storage.ErrDuplicate)
		_, err = tx.BulkInsert(t.Context(), "things", []storage.Document{{"id": id(1)}, {"id": id(4)}})
		is(t, err, storage.ErrDuplicate)
		if ok, err := tx.Update(t.Context(), "things", id(1), storage.Document{"a": 2}); !ok || err != nil {
			t.Errorf("Update: %v, %v", ok, err)
		}
		countIs(t, tx, "things", nil, 3)
		is(t, tx.Transaction(t.Context(), func(storage.Storage) error { return nil }), errors.ErrUnsupported)
		is(t, tx.Close(), errors.ErrUnsupported)
		must(t, tx.Ping(t.Context()))
		return fault
	})
	is(t, err, fault)
	countIs(t, s, "things", storage.Filter{"a": 1}, 1)
	countIs(t, s, "things", nil, 1)
	if tables, err := s.ListTables(t.Context()); err != nil || len(tables) != 1 {
		t.Errorf("tables are %q, %v", tables, err)
	}
	insert(t, s, "others", storage.Document{"id": id(3)})

	_, err = kept.Insert(t.Context(), "things", storage.Document{})
	is(t, err, storage.ErrClosed)
	is(t, kept.Connect(t.Context()), storage.ErrClosed)
}

func transactionInParallel(t *testing.T, b Backend) {
	s, _ := b.New(t, false)
	insert(t, s, "things", storage.Document{"id": id(1), "a": 1})
	must(t, s.Transaction(t.Context(), func(tx storage.Storage) error {
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				if _, err := tx.Update(t.Context(), "things", id(1), storage.Document{fmt.Sprint("f", n): n}); err != nil {
					t.Error(err)
				}
				if _, err := tx.Get(t.Context(), "things", id(1)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		return nil
	}))
	for n := range 8 {
		countIs(t, s, "things", storage.Filter{fmt.Sprint("f", n): n}, 1)
	}
}

func panics(t *testing.T, b Backend) {
	s, _ := b.New(t, false)
	insert(t, s, "things", storage.Document{"id": id(1)})
	func() {
		defer func() {
			if recover() != "on purpose" {
				t.Error("the panic was lost")
			}
		}()
		_ = s.Transaction(t.Context(), func(tx storage.Storage) error {
			insert(t, tx, "things", storage.Document{"id": id(2)})
			panic("on purpose")
		})
	}()
	countIs(t, s, "things", nil, 1)
	insert(t, s, "things", storage.Document{"id": id(2)})
}

func refused(t *testing.T, b Backend) {
	s, _ := b.New(t, false)
	_, err := s.ExecuteRaw(t.Context(), b.Checked)
	must(t, err)
	docs := make([]storage.Document, 300)
	for n := range docs {
		docs[n] = storage.Document{"id": id(n), "word": "allowed"}
	}
	docs[7]["word"], docs[250]["word"], docs[251]["id"] = "forbidden", "forbidden", id(0)
	ids, err := s.BulkInsert(t.Context(), "checked", docs)
	bulk, ok := errors.AsType[*storage.BulkError](err)
	if !ok {
		t.Fatalf("BulkInsert: %v", err)
	}
	for n := range docs {
		bad := n == 7 || n == 250 || n == 251
		if (bulk.Errs[n] != nil) != bad || (ids[n] == "") != bad {
			t.Errorf("document %d: %v, id %q", n, bulk.Errs[n], ids[n])
		}
	}
	is(t, bulk.Errs[7], storage.ErrValidation)
	is(t, bulk.Errs[251], storage.ErrDuplicate)
	countIs(t, s, "checked", nil, 297)

	report, err := s.Import(t.Context(), "checked", []storage.Record{
		{ID: id(0), Document: storage.Document{"word": "forbidden"}}, {ID: id(1), Document: storage.Document{"word": "new"}},
		{ID: id(7), Document: storage.Document{"word": "forbidden"}}, {ID: id(8), Document: nil}, {ID: id(400), Document: storage.Document{}},
	}, storage.Overwrite)
	must(t, err)
	if report.Created != 1 || report.Overwritten != 1 || len(report.Refused) != 3 {
		t.Errorf("the report is %+v", report)
	}
	countIs(t, s, "checked", storage.Filter{"word": "new"}, 1)
	countIs(t, s, "checked", storage.Filter{"word": "forbidden"}, 0)
}

func unique(t *testing.T, b Backend) {
	s, _ := b.New(t, false)
	must(t, s.CreateTable(t.Context(), "users", nil))
	_, err := s.ExecuteRaw(t.Context(), b.Unique)
	must(t, err)
	insert(t, s, "users", storage.Document{"id": id(1), "username": "anna"})
	insert(t, s, "users", storage.Document{"id": id(2), "username": "berta"})
	_, err = s.Insert(t.Context(), "users", storage.Document{"username": "anna"})
	is(t, err, storage.ErrDuplicate)
	_, err = s.Update(t.Context(), "users", id(2), storage.Document{"username": "anna"})
	is(t, err, storage.ErrDuplicate)
	countIs(t, s, "users", storage.Filter{"username": "anna"}, 1)
}

// updates changes one document from many goroutines of two storages: no change is lost.
func updates(t *testing.T, b Backend) {
	s, again := b.New(t, false)
	insert(t, s, "things", storage.Document{"id": id(1), "kept": "as it is"})
	const workers, each = 6, 10
	var wg sync.WaitGroup
	for n, on := range []storage.Storage{s, again()} {
		for w := range workers {
			wg.Go(func() {
				for i := range each {
					field := fmt.Sprintf("f%d_%d_%d", n, w, i)
					if ok, err := on.Update(t.Context(), "things", id(1), storage.Document{field: i}); !ok || err != nil {
						t.Errorf("Update: %v, %v", ok, err)
					}
				}
			})
		}
	}
	wg.Wait()
	doc, err := s.Get(t.Context(), "things", id(1))
	must(t, err)
	fields := 0
	for field := range doc {
		if strings.HasPrefix(field, "f") {
			fields++
		}
	}
	if fields != 2*workers*each || doc["kept"] != "as it is" {
		t.Errorf("%d fields, want %d", fields, 2*workers*each)
	}
}

// dropped drops a table that another storage believes to be there.
func dropped(t *testing.T, b Backend) {
	s, again := b.New(t, false)
	insert(t, s, "things", storage.Document{"id": id(1)})
	other := again()
	drop := func() {
		t.Helper()
		if ok, err := other.DropTable(t.Context(), "things"); !ok || err != nil {
			t.Fatalf("DropTable: %v, %v", ok, err)
		}
	}
	drop()
	_, err := s.Get(t.Context(), "things", id(1))
	is(t, err, storage.ErrNotFound)
	insert(t, s, "things", storage.Document{"id": id(1)})
	drop()
	if ok, err := s.Update(t.Context(), "things", id(1), storage.Document{}); ok || err != nil {
		t.Errorf("Update: %v, %v", ok, err)
	}
	insert(t, s, "things", storage.Document{"id": id(1)})
	drop()
	insert(t, s, "things", storage.Document{"id": id(2)})
	drop()
	_, err = s.BulkInsert(t.Context(), "things", []storage.Document{{"id": id(3)}})
	must(t, err)
	countIs(t, other, "things", nil, 1)
}

func createdAtOnce(t *testing.T, b Backend) {
	s, again := b.New(t, false)
	var wg sync.WaitGroup
	for _, on := range []storage.Storage{s, again()} {
		for range 4 {
			wg.Go(func() {
				if _, err := on.Insert(t.Context(), "things", storage.Document{}); err != nil {
					t.Error(err)
				}
				if err := on.CreateTable(t.Context(), "created", storage.Document{"version": 1}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	countIs(t, s, "things", nil, 8)
	info, err := s.TableInfo(t.Context(), "created")
	must(t, err)
	if info.Schema["version"] != int64(1) || info.CreatedAt.IsZero() {
		t.Errorf("TableInfo: %+v", info)
	}
}
