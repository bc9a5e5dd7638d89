package s3

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

type doc = storage.Document

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestRead reads what another program has stored in the layout.
func TestRead(t *testing.T) {
	server := serve(t, nil)
	const dir = "tframex/tables/users/"
	server.store(t, dir+"_metadata.json", `{"table_name": "users", "schema": {"username": "text"}, "created_at": "2025-07-01T00:00:00.000001", "record_count": 99}`, nil)
	const key = dir + "data/2025/07/05/6f0c1f3e-0000-4000-8000-000000000001.json"
	const id = "6f0c1f3e-0000-4000-8000-000000000001"
	server.store(t, key, `{"id": "`+id+`", "username": "ada", "n": 12345678901234567890}`, map[string]string{"table_name": "users", "record_id": id, "created_at": "2025-07-05T01:22:00.315338"})
	others := []string{"a b", "a/b", "100%", "é", "x.json"}
	for _, other := range others {
		server.store(t, dir+"data/2025/07/06/"+other+".json", `{"id": "`+other+`"}`, nil)
	}
	for _, foreign := range []string{"data/readme.txt", "data/2025/07/05/", "data/2025/07/05/x.txt", "data/2025/7/5/y.json", "data/z.json", "notes/2025/07/05/a.json"} {
		server.store(t, dir+foreign, "not a document", nil)
	}
	s := connect(t, server, Config{})

	info := must[storage.TableInfo](t)(s.TableInfo(t.Context(), "users"))
	if info.Records != 6 || info.Schema["username"] != "text" || storage.FormatTime(info.CreatedAt) != "2025-07-01T00:00:00.000001" {
		t.Errorf("TableInfo: %+v", info)
	}
	got := must[doc](t)(s.Get(t.Context(), "users", id))
	if want := (doc{"id": id, "username": "ada", "n": json.Number("12345678901234567890")}); !storage.Equal(got, want) {
		t.Errorf("Get: %v, want %v", got, want)
	}
	for _, other := range others {
		if got := must[doc](t)(s.Get(t.Context(), "users", other)); got["id"] != other {
			t.Errorf("Get %q: %v", other, got)
		}
	}
	for record, err := range s.Export(t.Context(), "users", "") {
		if err != nil || storage.FormatTime(record.CreatedAt) != "2025-07-05T01:22:00.315338" || record.ID != id || time.Since(record.UpdatedAt) > time.Minute {
			t.Errorf("the first record is %+v, %v", record, err)
		}
		break
	}

	before := server.keys(t)
	if ok := must[bool](t)(s.Update(t.Context(), "users", id, doc{"username": "Ada"})); !ok {
		t.Error("Update has not found the document")
	}
	if _, err := s.Insert(t.Context(), "users", doc{"id": id}); !errors.Is(err, storage.ErrDuplicate) {
		t.Errorf("Insert of an id of another date: %v, want ErrDuplicate", err)
	}
	if after := server.keys(t); !slices.Equal(after, before) {
		t.Errorf("keys are %q, want %q", after, before)
	}
	if tables := must[[]string](t)(s.ListTables(t.Context())); !slices.Equal(tables, []string{"users"}) {
		t.Errorf("tables are %q", tables)
	}
}

// TestWritten compares what is stored with the layout.
func TestWritten(t *testing.T) {
	server := serve(t, nil)
	s := connect(t, server, Config{Prefix: "/team/a"})
	if err := s.CreateTable(t.Context(), "roles", doc{"v": 1}); err != nil {
		t.Fatal(err)
	}
	made := must[string](t)(s.Insert(t.Context(), "roles", doc{"name": "admin"}))
	must[string](t)(s.Insert(t.Context(), "roles", doc{"id": "a/b é", "name": "user"}))
	today := time.Now().UTC().Format("2006/01/02")
	want := []string{"team/a/tables/roles/_metadata.json", "team/a/tables/roles/data/" + today + "/" + made + ".json", "team/a/tables/roles/data/" + today + "/a%2Fb%20%C3%A9.json"}
	slices.Sort(want)
	if got := server.keys(t); !slices.Equal(got, want) {
		t.Fatalf("keys are %q, want %q", got, want)
	}

	object, err := server.backend.GetObject(bucket, "team/a/tables/roles/data/"+today+"/"+made+".json", nil)
	if err != nil {
		t.Fatal(err)
	}
	body := must[[]byte](t)(io.ReadAll(object.Contents))
	got := must[doc](t)(storage.ParseDocument(body))
	if got["id"] != made || got["name"] != "admin" || got["created_at"] == nil {
		t.Errorf("the object is %s", body)
	}
	meta := map[string]string{}
	for name, value := range object.Metadata {
		meta[strings.ToLower(name)] = value
	}
	if meta["content-type"] != "application/json" || meta["x-amz-meta-table_name"] != "roles" || meta["x-amz-meta-record_id"] != made {
		t.Errorf("the metadata is %v", meta)
	}
	if at, err := storage.ParseTime(meta["x-amz-meta-created_at"]); err != nil || time.Since(at) > time.Minute {
		t.Errorf("created_at is %q, %v", meta["x-amz-meta-created_at"], err)
	}

	object, err = server.backend.GetObject(bucket, "team/a/tables/roles/_metadata.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	table := must[doc](t)(storage.ParseDocument(must[[]byte](t)(io.ReadAll(object.Contents))))
	if table["table_name"] != "roles" || table["record_count"] != int64(0) || !storage.Equal(table["schema"], doc{"v": int64(1)}) || table["created_at"] == nil {
		t.Errorf("_metadata.json has %v", table)
	}
}

// TestManyKeys has more documents than one listing returns, of many days.
func TestManyKeys(t *testing.T) {
	const n = 1120
	server := serve(t, nil)
	name := func(i int) string { return fmt.Sprintf("%04d", i) }
	for i := range n {
		day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i*60/n)
		server.store(t, "tframex/tables/things/data/"+day.Format("2006/01/02/")+name(i)+".json", `{"id": "`+name(i)+`"}`, nil)
	}
	server.store(t, "tframex/tables/things/data/2024/03/20/a b.json", `{"id": "a b"}`, nil)
	s := connect(t, server, Config{})
	if got := must[int64](t)(s.Count(t.Context(), "things", nil)); got != n+1 {
		t.Errorf("Count is %d, want %d", got, n+1)
	}
	for _, id := range []string{name(0), name(999), name(1000), name(n - 1), "a b"} {
		if got := must[doc](t)(s.Get(t.Context(), "things", id)); got["id"] != id {
			t.Errorf("Get %q: %v", id, got)
		}
	}
	if _, err := s.Get(t.Context(), "things", "missing"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("Get of what is missing: %v", err)
	}
	if _, err := s.Insert(t.Context(), "things", doc{"id": name(1050)}); !errors.Is(err, storage.ErrDuplicate) {
		t.Errorf("Insert of an id behind the first thousand: %v, want ErrDuplicate", err)
	}
	docs := make([]doc, 8)
	for i := range docs {
		docs[i] = doc{"id": name(n - 4 + i)}
	}
	ids, err := s.BulkInsert(t.Context(), "things", docs)
	if !errors.Is(err, storage.ErrDuplicate) || slices.Compare(ids, []string{"", "", "", "", name(n), name(n + 1), name(n + 2), name(n + 3)}) != 0 {
		t.Errorf("BulkInsert: %q, %v", ids, err)
	}
	page := must[[]doc](t)(s.Select(t.Context(), "things", storage.Query{Offset: 1010, Limit: 3}))
	if len(page) != 3 || page[0]["id"] != name(1010) || page[2]["id"] != name(1012) {
		t.Errorf("a page behind the first thousand: %v", page)
	}
	if got := must[[]doc](t)(s.Select(t.Context(), "things", storage.Query{Filter: storage.Filter{"id": name(1111)}})); len(got) != 1 {
		t.Errorf("Select of an id: %v", got)
	}
	if ok := must[bool](t)(s.DropTable(t.Context(), "things")); !ok || len(server.keys(t)) != 0 {
		t.Errorf("DropTable has left %d objects", len(server.keys(t)))
	}
}

// TestTrustIDs shows what TrustIDs leaves out.
func TestTrustIDs(t *testing.T) {
	server := serve(t, nil)
	server.store(t, "tframex/tables/things/data/2025/07/05/a.json", `{"id": "a"}`, nil)
	s := connect(t, server, Config{TrustIDs: true})
	must[string](t)(s.Insert(t.Context(), "things", doc{"id": "a"}))
	if _, err := s.Insert(t.Context(), "things", doc{"id": "a"}); !errors.Is(err, storage.ErrDuplicate) {
		t.Errorf("Insert of an id of the same date: %v, want ErrDuplicate", err)
	}
	if len(server.keys(t)) != 2 {
		t.Errorf("keys are %q", server.keys(t))
	}
}

func TestEscape(t *testing.T) {
	seed := maphash.String(maphash.MakeSeed(), "")
	rng := rand.New(rand.NewPCG(seed, 0))
	parts := []string{"a", "Z", "9", "/", "%", "%2F", "%~", "~", ".", " ", "é", "\\", "日", "+", "=", "😀", "%zz", strings.Repeat("/", 60)}
	names := map[string]string{}
	for range 5000 {
		var b strings.Builder
		for range 1 + rng.IntN(12) {
			b.WriteString(parts[rng.IntN(len(parts))])
		}
		id := b.String()
		if storage.CheckID(id) != nil {
			continue
		}
		name := escape(id)
		if unescape(name) != id || strings.Contains(name, "/") || len(name) > 700 {
			t.Fatalf("seed %d: %q is escaped as %q and read as %q", seed, id, name, unescape(name))
		}
		if other, taken := names[name]; taken && other != id {
			t.Fatalf("seed %d: %q and %q are both escaped as %q", seed, id, other, name)
		}
		names[name] = id
	}
	const uuid = "6f0c1f3e-0000-4000-8000-000000000001"
	if escape(uuid) != uuid || escape(uuid+":"+uuid) != uuid+":"+uuid {
		t.Error("UUIDs are escaped")
	}
}

// TestDamaged reads a table with an object that is no document.
func TestDamaged(t *testing.T) {
	server := serve(t, nil)
	const dir = "tframex/tables/things/data/2025/07/05/"
	server.store(t, dir+"a.json", `{"id": "a"}`, nil)
	server.store(t, dir+"b.json", `{"id": "b", "n": NaN}`, nil)
	server.store(t, dir+"c.json", `{"id": "c"}`, nil)
	s := connect(t, server, Config{})
	_, getErr := s.Get(t.Context(), "things", "b")
	_, selectErr := s.Select(t.Context(), "things", storage.Query{})
	_, countErr := s.Count(t.Context(), "things", storage.Filter{"n": 1})
	_, updateErr := s.Update(t.Context(), "things", "b", doc{"n": 1})
	var ids []string
	var exportErr error
	for record, err := range s.Export(t.Context(), "things", "") {
		if err != nil {
			exportErr = err
			break
		}
		ids = append(ids, record.ID)
	}
	for _, err := range []error{getErr, selectErr, countErr, updateErr, exportErr} {
		if !errors.Is(err, storage.ErrValidation) || !strings.Contains(err.Error(), dir+"b.json") {
			t.Errorf("%v, want one about b.json", err)
		}
	}
	if !slices.Equal(ids, []string{"a"}) {
		t.Errorf("Export has yielded %q before the error", ids)
	}
	if got := must[int64](t)(s.Count(t.Context(), "things", nil)); got != 3 {
		t.Errorf("Count is %d, want 3", got)
	}
	if page := must[[]doc](t)(s.Select(t.Context(), "things", storage.Query{Limit: 1})); page[0]["id"] != "a" {
		t.Errorf("the page before is %v", page)
	}
	if ok := must[bool](t)(s.Delete(t.Context(), "things", "b")); !ok {
		t.Error("Delete has not found the damaged object")
	}
	if got := must[[]doc](t)(s.Select(t.Context(), "things", storage.Query{})); len(got) != 2 {
		t.Errorf("%d documents are left, want 2", len(got))
	}
}
