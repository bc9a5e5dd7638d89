package storagetest

import (
	"slices"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// tablesAre fails the test unless these are all tables.
func (r *run) tablesAre(want ...string) {
	r.Helper()
	got, err := r.s.ListTables(r.Context())
	r.must(err)
	if !slices.Equal(got, want) {
		r.Errorf("tables are %q, want %q", got, want)
	}
}

// dropped fails the test unless DropTable says want.
func (r *run) dropped(table string, want bool) {
	r.Helper()
	if ok, err := r.s.DropTable(r.Context(), table); ok != want || err != nil {
		r.Errorf("DropTable %q: %v, %v; want %v", table, ok, err, want)
	}
}

func tables(r *run) {
	r.tablesAre()
	before := time.Now().Add(-slack)
	schema := doc{"fields": []any{doc{"name": "n", "type": "integer", "max": int64(1<<53 + 1)}}, "version": 2}
	r.must(r.s.CreateTable(r.Context(), things, schema))
	r.must(r.s.CreateTable(r.Context(), "plain", nil))
	r.must(r.s.CreateTable(r.Context(), "users", nil))
	r.insert("implied", doc{"a": 1})
	r.insert("messages", doc{"conversation_id": id(1), "role": "user", "content": "hello"})
	r.tablesAre("implied", "messages", "plain", things, "users")

	info, err := r.s.TableInfo(r.Context(), things)
	r.must(err)
	if info.Name != things || info.Records != 0 || info.CreatedAt.Before(before) || info.CreatedAt.After(time.Now().Add(slack)) {
		r.Errorf("TableInfo: %+v", info)
	}
	r.same(info.Schema, schema)

	r.must(r.s.CreateTable(r.Context(), things, doc{"another": "schema"}))
	r.fill(1, 2, 3)
	again, err := r.s.TableInfo(r.Context(), things)
	r.must(err)
	if again.Records != 3 || !again.CreatedAt.Equal(info.CreatedAt) {
		r.Errorf("TableInfo after three documents: %+v", again)
	}
	r.same(again.Schema, schema)

	if info, err := r.s.TableInfo(r.Context(), "implied"); err != nil || info.Records != 1 || info.Name != "implied" || info.Schema != nil {
		r.Errorf("TableInfo of a table that was not created: %+v, %v", info, err)
	}
	_, err = r.s.TableInfo(r.Context(), "missing")
	r.is(err, storage.ErrNoTable)

	r.dropped(things, true)
	r.dropped(things, false)
	r.dropped("messages", true)
	r.dropped("missing", false)
	r.tablesAre("implied", "plain", "users")
	r.none(things, id(1))
	r.matches(things, nil)
	r.matches("messages", nil)
	_, err = r.s.TableInfo(r.Context(), things)
	r.is(err, storage.ErrNoTable)
	r.fill(4)
	r.matches(things, nil, 1)
	if info, err := r.s.TableInfo(r.Context(), things); err != nil || info.Schema != nil || info.Records != 1 {
		r.Errorf("TableInfo of a table that came back: %+v, %v", info, err)
	}
}

func emptyTables(r *run) {
	r.must(r.s.CreateTable(r.Context(), "created", nil))
	for _, table := range []string{"created", "implied"} {
		name := r.insert(table, doc{"a": 1})
		if ok, err := r.s.Delete(r.Context(), table, name); !ok || err != nil {
			r.Errorf("Delete: %v, %v", ok, err)
		}
	}
	if r.d.TablesStay {
		r.tablesAre("created", "implied")
		return
	}
	r.tablesAre("created")
	_, err := r.s.TableInfo(r.Context(), "implied")
	r.is(err, storage.ErrNoTable)
}

func tableNames(r *run) {
	good := []string{"_", "a", "A1_b", "order", "select", "table", "data", "tables", "documents", "_metadata", strings.Repeat("x", 63)}
	for i, table := range good {
		r.must(r.s.CreateTable(r.Context(), table, nil))
		r.insert(table, doc{"id": id(i), "in": table})
	}
	for i, table := range good {
		r.inserted(r.get(table, id(i)), doc{"id": id(i), "in": table})
		r.matches(table, storage.Filter{"in": table}, i)
	}
	slices.Sort(good)
	r.tablesAre(good...)

	r.insert(things, doc{"id": id(1)})
	r.insert("THINGS", doc{"id": id(2)})
	if r.d.FoldsTables {
		r.matches(things, nil, 1, 2)
	} else {
		r.matches(things, nil, 1)
		r.matches("THINGS", nil, 2)
	}
	for _, bad := range []string{"", "1a", "a b", "a-b", "a.b", "a/b", "../a", "a:b", "a{b}", "a*", `a"b`, "a'b", "é", "a\n", "a\x00", `x"; DROP TABLE things; --`, strings.Repeat("x", 64)} {
		for op, call := range r.calls(bad) {
			if err := call(); err != nil {
				r.is(err, storage.ErrValidation)
			} else {
				r.Errorf("%s takes the table %q", op, bad)
			}
		}
	}
}

func unknownTables(r *run) {
	r.matches("missing", nil)
	r.matches("missing", storage.Filter{"a": 1})
	if got := r.query("missing", storage.Query{OrderBy: "a", Limit: 5, Offset: 2}); len(got) != 0 {
		r.Errorf("Select from a table that is not there: %v", got)
	}
	r.none("missing", id(1))
	if ok, err := r.s.Update(r.Context(), "missing", id(1), doc{"a": 1}); ok || err != nil {
		r.Errorf("Update in a table that is not there: %v, %v; want false", ok, err)
	}
	if ok, err := r.s.Delete(r.Context(), "missing", id(1)); ok || err != nil {
		r.Errorf("Delete from a table that is not there: %v, %v; want false", ok, err)
	}
	if records, err := collect(r.s.Export(r.Context(), "missing", "")); len(records) > 0 || err != nil {
		r.Errorf("Export of a table that is not there: %v, %v", records, err)
	}
	r.tablesAre()
}
