package storages

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// few is how many documents subjects have in tests.
const few = 200

// TestSame has all subjects do the same, and compares what they have then.
func TestSame(t *testing.T) {
	list := subjects(t)
	var want []storage.Document
	for i, s := range list {
		s.fill(t, few)
		s.change(t)
		if got := s.documents(t); i == 0 {
			want = got
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s has other documents than %s:\n%v\n%v", s.name, list[0].name, got, want)
		}
		for _, op := range operations {
			for _, call := range op.calls(s, 2) {
				if err := call(t.Context()); err != nil {
					t.Errorf("%s: %s: %v", s.name, op.name, err)
				}
			}
		}
		if n := 2 + 2*100 - 2; len(s.added) != n {
			t.Errorf("%s has %d documents that are to be deleted, want %d", s.name, len(s.added), n)
		}
	}
}

// change inserts, updates and deletes some documents.
func (s *subject) change(t *testing.T) {
	t.Helper()
	for n := few; n < few+8; n++ {
		table, doc := document(n)
		made, err := s.Insert(t.Context(), table, doc)
		check(t, err)
		if made != doc["id"] {
			t.Errorf("%s: inserted %s, want %s", s.name, made, doc["id"])
		}
	}
	s.next += 8
	for n := few; n < few+4; n++ {
		at := placeOf(n)
		field := map[string]string{conversations: "title", messages: "content"}[at.table]
		check(t, there(s.Update(t.Context(), at.table, at.id, storage.Document{field: "changed"})))
	}
	for n := few + 4; n < few+6; n++ {
		at := placeOf(n)
		check(t, there(s.Delete(t.Context(), at.table, at.id)))
		if was, err := s.Delete(t.Context(), at.table, at.id); was || err != nil {
			t.Errorf("%s: Delete again: %v, %v", s.name, was, err)
		}
	}
}

// documents returns what a subject has, as far as programs by hand return it alike.
func (s *subject) documents(t *testing.T) (docs []storage.Document) {
	t.Helper()
	for user := range users {
		list, err := s.Newest(t.Context(), userID(user), page)
		check(t, err)
		docs = append(docs, list...)
	}
	for n := range few + 4 {
		at := placeOf(n)
		doc, err := s.Get(t.Context(), at.table, at.id)
		check(t, err)
		docs = append(docs, doc)
	}
	for i, doc := range docs {
		data, err := json.Marshal(doc)
		check(t, err)
		docs[i] = nil
		check(t, json.Unmarshal(data, &docs[i]))
		if docs[i]["updated_at"] != docs[i]["created_at"] {
			docs[i]["updated_at"] = "later"
		}
	}
	return docs
}

// TestSize tells whether documents are as large as docs/performance.md says.
func TestSize(t *testing.T) {
	for n := range 4 {
		table, doc := document(n)
		data, err := json.Marshal(doc)
		check(t, err)
		if len(data) < 380 || len(data) > 420 {
			t.Errorf("a document of %s has %d bytes", table, len(data))
		}
	}
}

// TestSynchronous tells how the backend of SQLite waits for the disk, as docs/performance.md
// says: 2 is FULL.
func TestSynchronous(t *testing.T) {
	s := subjects(t)[byBackend].program.(backend)
	for name, want := range map[string]any{"synchronous": int64(2), "journal_mode": "wal"} {
		got, err := s.ExecuteRaw(t.Context(), "PRAGMA "+name)
		check(t, err)
		if !reflect.DeepEqual(got, []storage.Document{{name: want}}) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
