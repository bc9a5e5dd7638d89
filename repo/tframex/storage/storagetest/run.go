package storagetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// run is one test on a storage.
type run struct {
	*testing.T
	b Backend
	d Differences
	s storage.Storage
}

// doc is short for documents in tests.
type doc = storage.Document

// things is a table that no storage knows.
const things = "things"

// id returns a UUID; those of larger numbers come later in order.
func id(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// must fails the test at once if there is an error.
func (r *run) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// is fails the test unless err is a *storage.Error around the target.
func (r *run) is(err, target error) {
	r.Helper()
	if !errors.Is(err, target) {
		r.Errorf("the error is %v, want %v", err, target)
	}
	if _, ok := errors.AsType[*storage.Error](err); !ok {
		r.Errorf("%v (%T) is no *storage.Error", err, err)
	}
}

// insert stores a document, and returns its id.
func (r *run) insert(table string, d doc) string {
	r.Helper()
	id, err := r.s.Insert(r.Context(), table, d)
	r.must(err)
	return id
}

// fill stores documents with ids from 1 on in things, each with the value as v.
func (r *run) fill(values ...any) {
	r.Helper()
	docs := make([]doc, len(values))
	for i, v := range values {
		docs[i] = doc{"id": id(i + 1), "v": v}
	}
	_, err := r.s.BulkInsert(r.Context(), things, docs)
	r.must(err)
}

// get returns a document that is there.
func (r *run) get(table, id string) doc {
	r.Helper()
	d, err := r.s.Get(r.Context(), table, id)
	r.must(err)
	return d
}

// none fails the test if there is a document with the id.
func (r *run) none(table, id string) {
	r.Helper()
	_, err := r.s.Get(r.Context(), table, id)
	r.is(err, storage.ErrNotFound)
}

// query returns documents.
func (r *run) query(table string, q storage.Query) []doc {
	r.Helper()
	docs, err := r.s.Select(r.Context(), table, q)
	r.must(err)
	return docs
}

// count returns how many documents match.
func (r *run) count(table string, filter storage.Filter) int64 {
	r.Helper()
	n, err := r.s.Count(r.Context(), table, filter)
	r.must(err)
	return n
}

// same fails the test unless two documents are the same, field by field.
func (r *run) same(got, want doc) {
	r.Helper()
	checked, err := storage.CheckDocument(want)
	r.must(err)
	for _, field := range slices.Sorted(maps.Keys(checked)) {
		if has, ok := got[field]; !ok {
			r.Errorf("%s is missing, want %#v", field, checked[field])
		} else if !storage.Equal(has, checked[field]) {
			r.Errorf("%s is %#v, want %#v", field, has, checked[field])
		}
	}
	for field := range got {
		if _, ok := checked[field]; !ok {
			r.Errorf("%s is %#v, and should not be there", field, got[field])
		}
	}
}

// inserted fails the test unless got is what Insert makes of a document.
func (r *run) inserted(got, given doc) {
	r.Helper()
	want := maps.Clone(given)
	for _, field := range []string{storage.FieldID, storage.FieldCreatedAt, storage.FieldUpdatedAt} {
		if _, ok := given[field]; !ok {
			want[field] = got[field]
			if text, _ := got[field].(string); text == "" {
				r.Errorf("%s was not made, the document has %#v", field, got[field])
			}
		}
	}
	r.same(got, want)
}

// moment returns the time of a field that the storage has made, in the form of storages.
func (r *run) moment(d doc, field string) time.Time {
	r.Helper()
	text, _ := d[field].(string)
	t, err := storage.ParseTime(text)
	r.must(err)
	if storage.FormatTime(t) != text {
		r.Errorf("%s is %q, want the form %q", field, text, storage.FormatTime(t))
	}
	return t
}

// idsOf returns the ids of documents.
func idsOf(docs []doc) []string {
	list := make([]string, len(docs))
	for i, d := range docs {
		list[i], _ = d[storage.FieldID].(string)
	}
	return list
}

// eventually waits until a condition holds.
func (r *run) eventually(what string, holds func() bool) {
	r.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			r.Fatalf("%s: not within 20 seconds", what)
		}
	}
}
