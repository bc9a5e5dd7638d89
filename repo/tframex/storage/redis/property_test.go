package redis_test

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/redis"
)

type doc = storage.Document

// random returns a source of random numbers. Its seed is printed if the test fails, and taken
// from STORAGE_SEED if that is set.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	seed := maphash.String(maphash.MakeSeed(), "")
	if text := os.Getenv("STORAGE_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to repeat: STORAGE_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// tables are known tables with their fields, by the form of their values.
var tables = map[string]map[string]string{
	"conversations":   {"user_id": "text?", "agent_name": "text", "title": "text?", "metadata": "any", "created_at": "time", "updated_at": "time?"},
	"messages":        {"conversation_id": "text", "role": "role", "content": "text?", "tool_calls": "any", "name": "text?", "metadata": "any", "created_at": "time"},
	"flow_executions": {"user_id": "text?", "flow_name": "text", "status": "status", "started_at": "time", "completed_at": "time?", "metadata": "any"},
	"flow_steps":      {"execution_id": "text", "step_order": "int", "input_data": "any", "output_data": "any", "started_at": "time?"},
	"audit_logs":      {"user_id": "text?", "action": "text", "resource_type": "text?", "resource_id": "text?", "event_type": "text?", "timestamp": "time?", "created_at": "time", "details": "any"},
	"metrics":         {"metric_name": "text", "metric_type": "metric", "value": "float", "labels": "any", "timestamp": "time"},
	"permissions":     {"name": "text", "resource": "text", "action": "text", "description": "text?"},
	"user_roles":      {"user_id": "key", "role_id": "key", "assigned_at": "time", "assigned_by": "text?"},
	"things":          {"a": "any", "created_at": "any", "n": "int"},
}

// maker makes random documents.
type maker struct{ *rand.Rand }

func (m maker) pick(values ...any) any { return values[m.IntN(len(values))] }

// value returns a value of a form, in one of the ways in which it is found; absent: the field
// is not there.
func (m maker) value(form string) (value any, absent bool) {
	switch form {
	case "text":
		return m.pick("", "a", "b", "B", "12", "true", "é", "null", nil, 12, 1.5, true, "[1]", []any{1}), m.IntN(6) == 0
	case "text?":
		return m.pick("a", "b", "", nil, "12", 12, false, doc{"x": 1}), m.IntN(3) == 0
	case "time", "time?":
		at := time.Date(2025, 7, 5, 1, m.IntN(3), 0, m.IntN(3)*1000, time.UTC)
		zone := time.FixedZone("", 7200)
		value := m.pick(storage.FormatTime(at), storage.FormatTime(at), at.Format("2006-01-02 15:04:05.000000"), at.Format(time.RFC3339Nano),
			at.In(zone).Format(time.RFC3339Nano), at.Format("2006-01-02T15:04:05"), storage.FormatTime(at)+"999", nil)
		if form == "time?" {
			value = m.pick(value, value, "")
		}
		return value, m.IntN(6) == 0
	case "int":
		return m.pick(0, 1, 2, 3, "2", 2.5, json.Number("2.0"), json.Number("1e0"), -1, nil), m.IntN(6) == 0
	case "float":
		return m.pick(0, 1.5, "1.50", json.Number("1.50"), int64(1<<60+1), 1e300, -2, nil), m.IntN(6) == 0
	case "role":
		return m.pick("user", "assistant", "system", "tool"), false
	case "status":
		return m.pick("pending", "running", "failed"), false
	case "metric":
		return m.pick("gauge", "counter"), false
	case "key":
		return m.pick("k1", "k2", "k3", "k:4").(string) + fmt.Sprint(m.IntN(1000)), false
	}
	return m.any(3), m.IntN(4) == 0
}

func (m maker) any(depth int) any {
	if depth > 0 && m.IntN(2) == 0 {
		if m.IntN(2) == 0 {
			list := []any{}
			for range m.IntN(3) {
				list = append(list, m.any(depth-1))
			}
			return list
		}
		object := map[string]any{}
		for range m.IntN(3) {
			object[m.pick("a", "$x", "", "é", "null").(string)] = m.any(depth - 1)
		}
		return object
	}
	return m.pick(nil, true, 0, 7, -1.5, "", "text", `{"a":1}`, "[]", json.Number("1.0"), json.Number("1e30"), int64(1<<53+1), 1e21, "\u2028<&>", "a\x00b")
}

// document returns a document of a table.
func (m maker) document(table string, n int) doc {
	d := doc{"id": fmt.Sprintf("id %04d", n)}
	for field, form := range tables[table] {
		if value, absent := m.value(form); !absent {
			d[field] = value
		}
	}
	for range m.IntN(3) {
		d[m.pick("extra", "given", "x", "created_at ", "data").(string)] = m.any(2)
	}
	return d
}

// equal fails the test unless two documents are the same, down to how numbers are written.
func equal(t *testing.T, got, want doc) {
	t.Helper()
	checked, err := storage.CheckDocument(want)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, checked) {
		t.Errorf("got\n%#v, want\n%#v", got, checked)
	}
}

func TestDocumentsComeBack(t *testing.T) {
	m := maker{random(t)}
	s := open(t, onServer(t, ""))
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		var records []storage.Record
		for n := range 80 {
			d := m.document(table, n)
			if n%2 == 0 {
				id, err := s.Insert(t.Context(), table, d)
				if err != nil {
					t.Fatalf("%s: %v: %#v", table, err, d)
				}
				got, err := s.Get(t.Context(), table, id)
				if err != nil {
					t.Fatal(err)
				}
				for _, field := range []string{"created_at", "updated_at"} {
					if _, ok := d[field]; !ok {
						d[field] = got[field]
					}
				}
				equal(t, got, d)
				continue
			}
			id := d["id"].(string)
			if m.IntN(4) == 0 {
				delete(d, "id")
			}
			records = append(records, storage.Record{ID: id, Document: d, CreatedAt: time.Unix(int64(m.IntN(2)*n), 0).UTC(), UpdatedAt: time.Unix(int64(n), 0).UTC()})
		}
		report, err := s.Import(t.Context(), table, records, storage.Refuse)
		if err != nil || report.Created != int64(len(records)) {
			t.Fatalf("%s: %+v, %v", table, report, err)
		}
		exported := map[string]storage.Record{}
		for r, err := range s.Export(t.Context(), table, "") {
			if err != nil {
				t.Fatal(err)
			}
			exported[r.ID] = r
		}
		for _, want := range records {
			got := exported[want.ID]
			equal(t, got.Document, want.Document)
			if !got.CreatedAt.Equal(want.CreatedAt) || !got.UpdatedAt.Equal(want.UpdatedAt) {
				t.Errorf("%s: times %v and %v, want %v and %v", table, got.CreatedAt, got.UpdatedAt, want.CreatedAt, want.UpdatedAt)
			}
		}
		if t.Failed() {
			t.Fatal(table)
		}
	}
}

func TestUpdatesMergeWhateverTheForm(t *testing.T) {
	m := maker{random(t)}
	s := open(t, onServer(t, ""))
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		if table == "user_roles" {
			continue // whose fields are their key
		}
		want := m.document(table, 1)
		id, err := s.Insert(t.Context(), table, want)
		if err != nil {
			t.Fatal(err)
		}
		if want, err = s.Get(t.Context(), table, id); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			changes := m.document(table, 1)
			if ok, err := s.Update(t.Context(), table, id, changes); !ok || err != nil {
				t.Fatalf("%s: %v, %v: %#v", table, ok, err, changes)
			}
			got, err := s.Get(t.Context(), table, id)
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(want, changes)
			want["updated_at"] = got["updated_at"]
			equal(t, got, want)
			want = got
		}
		if t.Failed() {
			t.Fatal(table)
		}
	}
}

// What indexes answer is what looking at each document would.
func TestFiltersOfKnownTables(t *testing.T) {
	m := maker{random(t)}
	s := open(t, onServer(t, ""))
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		var records []storage.Record
		for n := range 80 {
			d := m.document(table, n)
			if tables[table]["user_id"] == "key" {
				d["user_id"], d["role_id"] = fmt.Sprint("u", n%5), fmt.Sprint("r", n)
			}
			records = append(records, storage.Record{ID: d["id"].(string), Document: d})
		}
		if report, err := s.Import(t.Context(), table, records, storage.Refuse); err != nil || report.Created != 80 {
			t.Fatalf("%s: %+v, %v", table, report, err)
		}
		all, err := s.Select(t.Context(), table, storage.Query{Limit: -1})
		if err != nil || len(all) != 80 {
			t.Fatalf("%s: %d documents, %v", table, len(all), err)
		}
		for range 50 {
			m.checkQuery(t, s, table, all)
		}
		if t.Failed() {
			t.Fatal(table)
		}
	}
}

// checkQuery runs a random query, and compares with what matches among all.
func (m maker) checkQuery(t *testing.T, s *redis.Storage, table string, all []doc) {
	t.Helper()
	fields := slices.Sorted(maps.Keys(tables[table]))
	filter := storage.Filter{}
	for range m.IntN(3) {
		field := fields[m.IntN(len(fields))]
		value, _ := m.value(tables[table][field])
		switch op := m.pick("", "$eq", "$ne", "$lt", "$lte", "$gt", "$gte", "$in").(string); op {
		case "":
			filter[field] = map[string]any{"$eq": value}
		case "$in":
			other, _ := m.value(tables[table][field])
			filter[field] = map[string]any{op: []any{value, other}}
		default:
			filter[field] = map[string]any{op: value}
		}
	}
	q := storage.Query{Filter: filter, Limit: -1, Desc: m.IntN(2) == 0}
	if m.IntN(2) == 0 {
		q.OrderBy = fields[m.IntN(len(fields))]
	}
	want := reference(t, table, q, all)
	got, err := s.Select(t.Context(), table, q)
	if err != nil {
		t.Errorf("%s %+v: %v", table, q, err)
		return
	}
	if n, err := s.Count(t.Context(), table, filter); n != int64(len(want)) || err != nil {
		t.Errorf("%s %v: Count is %d, %v; want %d", table, filter, n, err, len(want))
	}
	names := ids(got)
	if q.OrderBy == "" {
		slices.Sort(names)
		slices.Sort(want)
	} else {
		q.Offset, q.Limit = m.IntN(5), 1+m.IntN(9)
		page, err := s.Select(t.Context(), table, q)
		if part := want[min(q.Offset, len(want)):min(q.Offset+q.Limit, len(want))]; err != nil || !slices.Equal(ids(page), part) {
			t.Errorf("%s %+v: %q, %v; want %q", table, q, ids(page), err, part)
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("%s %+v: %q, want %q", table, q, names, want)
	}
}

func ids(docs []doc) []string {
	list := []string{}
	for _, d := range docs {
		list = append(list, d["id"].(string))
	}
	return list
}

// reference returns the ids that a query finds among all documents, with times as points in
// time where the table knows them.
func reference(t *testing.T, table string, q storage.Query, all []doc) []string {
	t.Helper()
	isTime := func(field string) bool { return tables[table][field] == "time" || tables[table][field] == "time?" }
	instant := func(v any) any {
		if text, ok := v.(string); ok {
			if at, err := storage.ParseTime(text); err == nil {
				return storage.FormatTime(at)
			}
		}
		return v
	}
	var conditions []storage.Condition
	list, err := q.Filter.Conditions()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if isTime(c.Field) {
			if values, ok := c.Value.([]any); ok {
				for i := range values {
					values[i] = instant(values[i])
				}
			}
			c.Value = instant(c.Value)
		}
		conditions = append(conditions, c)
	}
	found := slices.Collect(func(yield func(doc) bool) {
		for _, d := range all {
			misses := func(c storage.Condition) bool {
				is := d
				if isTime(c.Field) {
					is = doc{c.Field: instant(d[c.Field])}
					if text, _ := c.Value.(string); text != "" && is[c.Field] == "" {
						is = nil // no time is before or after it
					}
				}
				return !c.Match(is)
			}
			if !slices.ContainsFunc(conditions, misses) && !yield(d) {
				return
			}
		}
	})
	if q.OrderBy != "" {
		slices.SortFunc(found, func(a, b doc) int {
			by := storage.Compare(a[q.OrderBy], b[q.OrderBy])
			if isTime(q.OrderBy) {
				by = storage.Compare(instant(a[q.OrderBy]), instant(b[q.OrderBy]))
			}
			if by == 0 {
				by = storage.Compare(a["id"], b["id"])
			}
			if q.Desc {
				return -by
			}
			return by
		})
	}
	return ids(found)
}
