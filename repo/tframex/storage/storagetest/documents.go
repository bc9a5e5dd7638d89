package storagetest

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

func insertDocuments(r *run) {
	given := doc{"id": id(1), "name": "pen", "price": 1.5}
	before := maps.Clone(given)
	if got := r.insert(things, given); got != id(1) {
		r.Errorf("Insert returned %q, want the id %q", got, id(1))
	}
	if !maps.Equal(given, before) {
		r.Errorf("Insert has made %v of %v", given, before)
	}
	r.inserted(r.get(things, id(1)), given)
	if n := r.count(things, nil); n != 1 {
		r.Errorf("Count is %d, want 1", n)
	}
	r.inserted(r.query(things, storage.Query{})[0], given)

	type color struct {
		Red int `json:"red"`
	}
	r.insert(things, doc{"id": id(2), "color": color{7}, "at": time.Unix(0, 0).UTC()})
	r.inserted(r.get(things, id(2)), doc{"id": id(2), "color": doc{"red": 7}, "at": "1970-01-01T00:00:00Z"})

	got := r.get(things, id(1))
	got["name"] = "changed by the caller"
	r.inserted(r.get(things, id(1)), given)
}

func ids(r *run) {
	seen := map[string]bool{}
	for _, given := range []doc{{}, {"a": 1}, {"a": 1}, {"id": nil}} {
		made := r.insert(things, given)
		if parsed, err := uuid.Parse(made); err != nil || parsed.String() != made {
			r.Errorf("the id that was made is %q, which is no UUID: %v", made, err)
		}
		if seen[made] {
			r.Errorf("%q was made twice", made)
		}
		seen[made] = true
		if got := r.get(things, made); got["id"] != made {
			r.Errorf("the document has the id %#v, want %q", got["id"], made)
		}
	}
	for _, bad := range []any{"", 1, true, []any{"a"}, "a\nb", "a\x00b", strings.Repeat("x", 513)} {
		_, err := r.s.Insert(r.Context(), things, doc{"id": bad})
		r.is(err, storage.ErrValidation)
	}
	for _, bad := range []string{"", "a\nb", strings.Repeat("x", 513)} {
		_, err := r.s.Get(r.Context(), things, bad)
		r.is(err, storage.ErrValidation)
		_, err = r.s.Update(r.Context(), things, bad, doc{"a": 1})
		r.is(err, storage.ErrValidation)
		_, err = r.s.Delete(r.Context(), things, bad)
		r.is(err, storage.ErrValidation)
	}
}

// odd are ids that mean something to one backend or the other.
var odd = []string{
	"a", "A", "0", "a b", " a", "a/b", "/", "//a", "a/", ".", "..", "../../x", "%41", "%2F", "100%", "a+b", "a?b=c&d", "a#b", `a\b`, `a"b`, "a'b", "a:b", "a{b}", "{}",
	"*", "[a-z]", "~x", "=x", "é", "日本語", "e\u0301", "😀", "_metadata", "_metadata.json", "a.json", "data/2025/01/01/a", "' OR 1=1 --", "$1", "null",
	strings.Repeat("x", 512), strings.Repeat("/", 512), strings.Repeat("é", 256),
}

func oddIDs(r *run) {
	if r.d.UUIDs {
		_, err := r.s.Insert(r.Context(), things, doc{"id": "no UUID"})
		r.is(err, storage.ErrValidation)
		r.none(things, "no UUID")
		for _, change := range []func() (bool, error){
			func() (bool, error) { return r.s.Update(r.Context(), things, "no UUID", doc{"a": 1}) },
			func() (bool, error) { return r.s.Delete(r.Context(), things, "no UUID") },
		} {
			if done, err := change(); done || err != nil {
				r.Errorf("a change of a document that cannot be: %v, %v; want false", done, err)
			}
		}
		return
	}
	for _, name := range odd {
		r.insert(things, doc{"id": name, "is": name})
	}
	for _, name := range odd {
		r.inserted(r.get(things, name), doc{"id": name, "is": name})
		if ok, err := r.s.Update(r.Context(), things, name, doc{"is": name + "!"}); !ok || err != nil {
			r.Errorf("Update of %q: %v, %v", name, ok, err)
		}
		if got := r.query(things, storage.Query{Filter: storage.Filter{"id": name}}); len(got) != 1 || got[0]["is"] != name+"!" {
			r.Errorf("Select of the id %q: %v", name, got)
		}
	}
	if n := r.count(things, nil); n != int64(len(odd)) {
		r.Errorf("Count is %d, want %d", n, len(odd))
	}
	for _, name := range odd {
		if ok, err := r.s.Delete(r.Context(), things, name); !ok || err != nil {
			r.Errorf("Delete of %q: %v, %v", name, ok, err)
		}
		r.none(things, name)
	}
}

// slack is how far the clock of a backend may be from ours.
const slack = 2 * time.Second

func times(r *run) {
	before := time.Now().Add(-slack)
	r.insert(things, doc{"id": id(1)})
	made := r.get(things, id(1))
	created, updated := r.moment(made, storage.FieldCreatedAt), r.moment(made, storage.FieldUpdatedAt)
	if created.Before(before) || created.After(time.Now().Add(slack)) {
		r.Errorf("created_at is %v, want now", created)
	}
	if !updated.Equal(created) {
		r.Errorf("updated_at is %v, want created_at, %v", updated, created)
	}

	for i, given := range []doc{
		{"created_at": "2025-07-05 01:10:56.998281"},
		{"created_at": "2025-07-05T01:22:00.315338+02:00", "updated_at": "2025-07-05T01:22:01"},
		{"updated_at": nil},
		{"created_at": nil, "updated_at": nil},
	} {
		given["id"] = id(10 + i)
		r.insert(things, given)
		r.inserted(r.get(things, id(10+i)), given)
	}

	ok, err := r.s.Update(r.Context(), things, id(10), doc{"a": 1})
	r.must(err)
	changed := r.get(things, id(10))
	if at := r.moment(changed, storage.FieldUpdatedAt); !ok || at.Before(before) {
		r.Errorf("updated_at is %v after an update, want now", at)
	}
	if changed["created_at"] != "2025-07-05 01:10:56.998281" {
		r.Errorf("created_at is %v after an update", changed["created_at"])
	}
	_, err = r.s.Update(r.Context(), things, id(10), doc{"updated_at": "2001-01-01T00:00:00"})
	r.must(err)
	if at := r.moment(r.get(things, id(10)), storage.FieldUpdatedAt); at.Before(before) {
		r.Errorf("updated_at is %v after an update that names it, want now", at)
	}
}

// awkward is a document with one value of each kind.
func awkward() doc {
	return doc{
		"null": nil, "yes": true, "no": false, "zero": 0, "int": 42, "negative": -7, "float": 1.25, "tenth": 0.1, "small": 1e-7, "large": 1e20,
		"max": int64(math.MaxInt64), "min": int64(math.MinInt64), "beyond": json.Number("12345678901234567890"), "exact": json.Number("3.14159265358979323846"),
		"2^53+1": int64(1<<53 + 1), "empty": "", "text": "héllo 日本 😀", "quotes": `"'\` + "`", "lines": "a\nb\tc\r\n", "html": "<a href=x>&amp;</a>", "number as text": "42",
		"list": []any{}, "lists": []any{1, "a", nil, []any{true, doc{"x": 1.5}}}, "object": doc{}, "nested": doc{"a": doc{"b": []any{doc{"c": nil}}}, "$lt": 5, "": "no name"},
		"": "no name", "a.b": 1, "$.x": 2, "a'b": 3, `a"b`: 4, "日本": 5, "ID": "not the id", "_id": 6, "data": "like a column", "extra": doc{"fields": 1}, "separators": "\u2028\u2029\u007f",
	}
}

func values(r *run) {
	given := awkward()
	given["id"] = id(1)
	r.insert(things, given)
	got := r.get(things, id(1))
	r.inserted(got, given)
	r.inserted(r.query(things, storage.Query{})[0], given)
	typed := doc{"int": int64(42), "max": int64(math.MaxInt64), "2^53+1": int64(1<<53 + 1), "float": 1.25, "tenth": 0.1, "beyond": json.Number("12345678901234567890")}
	for field, want := range typed {
		if got[field] != want {
			r.Errorf("%s is %#v (%T), want %#v (%T)", field, got[field], got[field], want, want)
		}
	}
	_, err := r.s.Insert(r.Context(), things, doc{"id": id(2), "v": "a\x00b"})
	if r.d.NoNUL {
		r.is(err, storage.ErrValidation)
		r.none(things, id(2))
		return
	}
	r.must(err)
	r.inserted(r.get(things, id(2)), doc{"id": id(2), "v": "a\x00b"})
}

func notValid(r *run) {
	for _, bad := range []doc{nil, {"f": func() {}}, {"c": make(chan int)}, {"inf": math.Inf(1)}, {"nan": math.NaN()}} {
		_, err := r.s.Insert(r.Context(), things, bad)
		r.is(err, storage.ErrValidation)
	}
	r.insert(things, doc{"id": id(1), "a": 1})
	_, err := r.s.Update(r.Context(), things, id(1), doc{"b": 2, "inf": math.Inf(1)})
	r.is(err, storage.ErrValidation)
	r.inserted(r.get(things, id(1)), doc{"id": id(1), "a": 1})
}

func duplicates(r *run) {
	r.insert(things, doc{"id": id(1), "a": 1})
	_, err := r.s.Insert(r.Context(), things, doc{"id": id(1), "a": 2})
	r.is(err, storage.ErrDuplicate)
	r.is(err, storage.ErrValidation)
	r.inserted(r.get(things, id(1)), doc{"id": id(1), "a": 1})
	r.insert("others", doc{"id": id(1), "a": 3})
	if n := r.count(things, nil); n != 1 {
		r.Errorf("Count is %d, want 1", n)
	}
	if ok, err := r.s.Delete(r.Context(), things, id(1)); !ok || err != nil {
		r.Errorf("Delete: %v, %v", ok, err)
	}
	r.insert(things, doc{"id": id(1), "a": 4})
	r.inserted(r.get(things, id(1)), doc{"id": id(1), "a": 4})
}

func update(r *run) {
	r.insert(things, doc{"id": id(1), "a": 1, "b": doc{"x": 1, "y": 2}, "c": "kept"})
	r.insert(things, doc{"id": id(2), "a": 1})
	changes := doc{"id": id(7), "a": nil, "b": doc{"x": 3}, "d": []any{1}}
	given := maps.Clone(changes)
	if ok, err := r.s.Update(r.Context(), things, id(1), changes); !ok || err != nil {
		r.Fatalf("Update: %v, %v", ok, err)
	}
	if !reflect.DeepEqual(changes, given) {
		r.Errorf("Update has made %v of the changes %v", changes, given)
	}
	r.inserted(r.get(things, id(1)), doc{"id": id(1), "a": nil, "b": doc{"x": 3}, "c": "kept", "d": []any{1}})
	r.inserted(r.get(things, id(2)), doc{"id": id(2), "a": 1})
	r.none(things, id(7))

	if ok, err := r.s.Update(r.Context(), things, id(1), doc{}); !ok || err != nil {
		r.Errorf("Update without changes: %v, %v; want true", ok, err)
	}
	if ok, err := r.s.Update(r.Context(), things, id(3), doc{"a": 1}); ok || err != nil {
		r.Errorf("Update of a document that is not there: %v, %v; want false", ok, err)
	}
	r.none(things, id(3))
	if n := r.count(things, nil); n != 2 {
		r.Errorf("Count is %d, want 2", n)
	}
}

func deleteDocuments(r *run) {
	r.insert(things, doc{"id": id(1)})
	r.insert(things, doc{"id": id(2)})
	for _, want := range []bool{true, false} {
		if ok, err := r.s.Delete(r.Context(), things, id(1)); ok != want || err != nil {
			r.Errorf("Delete: %v, %v; want %v", ok, err, want)
		}
	}
	r.none(things, id(1))
	if ok, err := r.s.Update(r.Context(), things, id(1), doc{"a": 1}); ok || err != nil {
		r.Errorf("Update of a document that was deleted: %v, %v; want false", ok, err)
	}
	if got := r.query(things, storage.Query{}); len(got) != 1 || got[0]["id"] != id(2) {
		r.Errorf("Select after Delete: %v", got)
	}
}

func large(r *run) {
	text := strings.Repeat("0123456789abcdef", 1<<16)
	for _, table := range []string{things, "messages"} {
		given := doc{"id": id(1), "conversation_id": id(9), "role": "user", "content": text, "metadata": doc{"copy": text[:1000]}}
		r.insert(table, given)
		r.inserted(r.get(table, id(1)), given)
		if ok, err := r.s.Update(r.Context(), table, id(1), doc{"metadata": doc{"n": 1}}); !ok || err != nil {
			r.Fatalf("Update: %v, %v", ok, err)
		}
		given["metadata"] = doc{"n": 1}
		r.inserted(r.query(table, storage.Query{Filter: storage.Filter{"id": id(1)}})[0], given)
	}
}

func bulk(r *run) {
	if list, err := r.s.BulkInsert(r.Context(), things, nil); len(list) != 0 || err != nil {
		r.Errorf("BulkInsert of nothing: %v, %v", list, err)
	}
	list, err := r.s.BulkInsert(r.Context(), things, []doc{{"id": id(1), "a": 1}, {"a": 2}, {"id": id(3), "a": 3}})
	r.must(err)
	if len(list) != 3 || list[0] != id(1) || list[2] != id(3) || list[1] == "" {
		r.Fatalf("BulkInsert returned %q", list)
	}
	for i, made := range list {
		r.inserted(r.get(things, made), doc{"id": made, "a": i + 1})
	}

	docs := []doc{{"id": id(4)}, {"id": id(1), "a": 9}, {"id": 5}, nil, {"inf": math.Inf(1)}, {"id": id(6)}, {"id": id(6)}, {"a": 7}}
	list, err = r.s.BulkInsert(r.Context(), things, docs)
	r.is(err, storage.ErrDuplicate)
	r.is(err, storage.ErrValidation)
	bad, ok := errors.AsType[*storage.BulkError](err)
	if !ok || len(bad.Errs) != len(docs) || len(list) != len(docs) {
		r.Fatalf("BulkInsert: %v (%T), %q", err, err, list)
	}
	for i, want := range []error{nil, storage.ErrDuplicate, storage.ErrValidation, storage.ErrValidation, storage.ErrValidation, nil, storage.ErrDuplicate, nil} {
		if !errors.Is(bad.Errs[i], want) || (want == nil) != (list[i] != "") {
			r.Errorf("document %d: %v and id %q, want %v", i, bad.Errs[i], list[i], want)
		}
	}
	r.inserted(r.get(things, id(1)), doc{"id": id(1), "a": 1})
	if n := r.count(things, nil); n != 6 {
		r.Errorf("Count is %d, want 6", n)
	}
}
