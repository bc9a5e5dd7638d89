package storagetest

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// matches fails the test unless exactly the documents with these numbers in their ids match.
func (r *run) matches(table string, filter storage.Filter, want ...int) {
	r.Helper()
	var names []string
	for _, n := range want {
		names = append(names, id(n))
	}
	docs, err := r.s.Select(r.Context(), table, storage.Query{Filter: filter, Limit: -1})
	if err != nil {
		r.Errorf("%v: %v", filter, err)
		return
	}
	got := idsOf(docs)
	slices.Sort(got)
	if !slices.Equal(got, names) {
		r.Errorf("%v: %q, want %q", filter, got, names)
	}
	if n := r.count(table, filter); n != int64(len(want)) {
		r.Errorf("%v: Count is %d, want %d", filter, n, len(want))
	}
}

func filters(r *run) {
	type is = map[string]any
	r.fill(nil, false, true, -1, 0, 1, 1.5, int64(1<<53), int64(1<<53+1), json.Number("12345678901234567890"), // 1 to 10
		"", "1", "10", "9", "true", "null", "é", "Z", "a", "ab", // 11 to 20
		[]any{}, []any{1, "a"}, doc{}, doc{"x": 1, "y": nil}) // 21 to 24
	r.insert(things, doc{"id": id(25), "w": 1})

	for _, test := range []struct {
		value any
		want  []int
	}{
		{nil, []int{1, 25}},
		{false, []int{2}},
		{true, []int{3}},
		{1, []int{6}},
		{1.0, []int{6}},
		{json.Number("1.0"), []int{6}},
		{json.Number("15e-1"), []int{7}},
		{int64(1 << 53), []int{8}},
		{json.Number("9007199254740993"), []int{9}},
		{json.Number("12345678901234567890"), []int{10}},
		{json.Number("12345678901234567891"), nil},
		{"1", []int{12}},
		{"", []int{11}},
		{"null", []int{16}},
		{"é", []int{17}},
		{"e\u0301", nil},
		{"A", nil},
		{[]any{}, []int{21}},
		{[]any{1.0, "a"}, []int{22}},
		{[]any{"a", 1}, nil},
		{doc{}, []int{23}},
		{doc{"y": nil, "x": 1}, []int{24}},
		{doc{"x": 1}, nil},
		{is{"$eq": 0}, []int{5}},
		{is{"$eq": nil}, []int{1, 25}},
		{is{"$eq": doc{"$x": 1}}, nil},
		{is{"$ne": nil}, span(2, 24)},
		{is{"$ne": "1"}, append(span(1, 11), span(13, 25)...)},
		{is{"$ne": 1}, append(span(1, 5), span(7, 25)...)},
		{is{"$in": []any{}}, nil},
		{is{"$in": []any{1, "1", nil, 5}}, []int{1, 6, 12, 25}},
		{is{"$in": []any{[]any{}, doc{}, true}}, []int{3, 21, 23}},
		{is{"$lt": 1}, []int{4, 5}},
		{is{"$lte": 1}, []int{4, 5, 6}},
		{is{"$gt": int64(1 << 53)}, []int{9, 10}},
		{is{"$gte": int64(1 << 53)}, []int{8, 9, 10}},
		{is{"$gt": json.Number("12345678901234567889")}, []int{10}},
		{is{"$gt": 0, "$lt": 1.5}, []int{6}},
		{is{"$lt": "10"}, []int{11, 12}},
		{is{"$gte": "a"}, []int{15, 16, 17, 19, 20}},
		{is{"$gt": "Z", "$lte": "ab"}, []int{19, 20}},
		{is{"$gt": "z"}, []int{17}},
		{is{"$lt": true}, []int{2}},
		{is{"$gte": false}, []int{2, 3}},
		{is{"$lt": nil}, nil},
		{is{"$gte": nil}, nil},
		{is{"$lte": []any{}}, nil},
		{is{"$gte": doc{}}, nil},
		{is{"$ne": 1, "$gte": 0, "$lt": 2}, []int{5, 7}},
	} {
		r.matches(things, storage.Filter{"v": test.value}, test.want...)
	}
	r.matches(things, nil, span(1, 25)...)
	r.matches(things, storage.Filter{}, span(1, 25)...)
	r.matches(things, storage.Filter{"v": nil, "w": 1}, 25)
	r.matches(things, storage.Filter{"v": nil, "w": nil}, 1)
	r.matches(things, storage.Filter{"v": is{"$ne": []any{1}}, "w": is{"$gt": 0}}, 25)
	r.matches(things, storage.Filter{"id": id(3)}, 3)
	r.matches(things, storage.Filter{"id": is{"$gt": id(23)}}, 24, 25)
}

// span returns the numbers from first to last.
func span(first, last int) []int {
	var list []int
	for n := first; n <= last; n++ {
		list = append(list, n)
	}
	return list
}

func filterFields(r *run) {
	given := awkward()
	given["id"] = id(1)
	r.insert(things, given)
	r.insert(things, doc{"id": id(2), "a": doc{"b": 1}})
	r.insert("users", doc{"id": id(3), "username": "kept"})
	for field, value := range awkward() {
		if value != nil && field != "nested" { // that has an operator
			r.matches(things, storage.Filter{field: value}, 1)
		}
	}
	for _, field := range []string{"x'); DROP TABLE things; --", `x"; DROP TABLE things; --`, "x' OR '1'='1", "$[0]", "a->b", "a{1}", "{id}", "*", "日本語", `\`, "x\ny"} {
		r.matches(things, storage.Filter{field: 1})
		r.matches(things, storage.Filter{field: nil}, 1, 2)
		if got := r.query(things, storage.Query{OrderBy: field}); len(got) != 2 {
			r.Errorf("Select in the order of %q: %d documents, want 2", field, len(got))
		}
		r.insert("named", doc{"id": id(5), field: "' OR 1=1 --"})
		r.matches("named", storage.Filter{field: "' OR 1=1 --"}, 5)
		r.matches("named", storage.Filter{field: "' OR 2=2 --"})
		_, err := r.s.Delete(r.Context(), "named", id(5))
		r.must(err)
	}
	r.matches(things, storage.Filter{"a.b": 1}, 1)
	r.matches(things, storage.Filter{"tenth": json.Number("0.10")}, 1)
	r.matches(things, storage.Filter{"large": json.Number("1E20")}, 1)
	r.matches(things, storage.Filter{"id": "' OR 1=1 --"})
	r.matches(things, storage.Filter{"id": 1})
	r.matches("users", nil, 3)
}

func filterKnown(r *run) {
	at := func(minute int) string {
		return storage.FormatTime(time.Date(2025, 7, 5, 10, minute, 0, 0, time.UTC))
	}
	for n := 1; n <= 12; n++ {
		d := doc{
			"id": id(n), "conversation_id": id(100 + n%2), "role": []string{"user", "assistant", "tool"}[n%3],
			"content": fmt.Sprint("text ", n), "created_at": at(n), "metadata": doc{"n": n}, "color": n % 4,
		}
		if n > 10 {
			d["name"] = "calculator"
		}
		r.insert("messages", d)
	}
	type is = map[string]any
	r.matches("messages", storage.Filter{"conversation_id": id(100)}, 2, 4, 6, 8, 10, 12)
	r.matches("messages", storage.Filter{"conversation_id": id(100), "role": "user"}, 6, 12)
	r.matches("messages", storage.Filter{"role": is{"$in": []any{"user", "nobody"}}}, 3, 6, 9, 12)
	r.matches("messages", storage.Filter{"role": is{"$ne": "user"}, "conversation_id": id(101)}, 1, 5, 7, 11)
	r.matches("messages", storage.Filter{"role": "nobody"})
	r.matches("messages", storage.Filter{"role": nil})
	r.matches("messages", storage.Filter{"name": nil}, span(1, 10)...)
	r.matches("messages", storage.Filter{"name": "calculator", "tool_call_id": nil}, 11, 12)
	r.matches("messages", storage.Filter{"created_at": is{"$lt": at(4)}}, 1, 2, 3)
	r.matches("messages", storage.Filter{"created_at": at(4)}, 4)
	r.matches("messages", storage.Filter{"created_at": is{"$gte": at(4), "$lte": at(6)}, "conversation_id": id(100)}, 4, 6)
	r.matches("messages", storage.Filter{"metadata": doc{"n": 5}}, 5)
	r.matches("messages", storage.Filter{"color": 3}, 3, 7, 11)
	r.matches("messages", storage.Filter{"color": "3"})
	r.matches("messages", storage.Filter{"content": is{"$gt": "text 7"}}, 8, 9)
	r.matches("messages", storage.Filter{"conversation_id": 100})

	for n := 1; n <= 3; n++ {
		r.insert("users", doc{"id": id(n), "username": fmt.Sprint("User", n), "email": fmt.Sprintf("u%d@example.com", n), "is_active": n != 2, "roles": []any{"admin", fmt.Sprint("r", n)}})
	}
	r.matches("users", storage.Filter{"username": "User1"}, 1)
	r.matches("users", storage.Filter{"username": "user1"})
	r.matches("users", storage.Filter{"email": "u2@example.com", "is_active": false}, 2)
	r.matches("users", storage.Filter{"is_active": true}, 1, 3)
	r.matches("users", storage.Filter{"roles": []any{"admin", "r3"}}, 3)
	r.matches("users", storage.Filter{"roles": "admin"})
	r.matches("users", storage.Filter{"username": is{"$gte": "User2"}}, 2, 3)
}

func randomFilters(r *run) {
	seed := maphash.String(maphash.MakeSeed(), "")
	if text := os.Getenv("STORAGE_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		r.must(err)
	}
	defer func() {
		if r.Failed() {
			r.Logf("to repeat: STORAGE_SEED=%d", seed)
		}
	}()
	rng := rand.New(rand.NewPCG(seed, 0))
	texts := []string{"", "a", "A", "0", "1", "01", "1.0", "true", "é", "z", "2025-01-01", "'", `"`, "%", "a_"}
	numbers := []any{0, 1, -1, 0.5, 1e-9, 1e15, json.Number("1.0"), json.Number("1e2"), 100, int64(1 << 60), int64(1<<60 + 1)}
	value := func() any {
		switch rng.IntN(8) {
		case 0:
			return nil
		case 1:
			return rng.IntN(2) == 0
		case 2, 3, 4:
			return numbers[rng.IntN(len(numbers))]
		case 5:
			return []any{numbers[rng.IntN(len(numbers))]}
		}
		return texts[rng.IntN(len(texts))]
	}
	var docs []doc
	for n := range 20 {
		d := doc{"id": id(n)}
		for _, field := range []string{"a", "b"} {
			if rng.IntN(5) > 0 {
				d[field] = value()
			}
		}
		docs = append(docs, d)
	}
	_, err := r.s.BulkInsert(r.Context(), things, docs)
	r.must(err)
	for range 40 {
		filter := storage.Filter{}
		for _, field := range []string{"a", "b"} {
			switch op := []string{"", "$eq", "$ne", "$lt", "$lte", "$gt", "$gte", "$in"}[rng.IntN(8)]; op {
			case "":
			case "$in":
				filter[field] = map[string]any{op: []any{value(), value()}}
			default:
				filter[field] = map[string]any{op: value()}
			}
		}
		r.matches(things, filter, oracle(r, docs, filter)...)
	}
}

// oracle returns the numbers of the documents that match.
func oracle(r *run, docs []doc, filter storage.Filter) (list []int) {
	conditions, err := filter.Conditions()
	r.must(err)
	for n, d := range docs {
		checked, err := storage.CheckDocument(d)
		r.must(err)
		if storage.MatchAll(checked, conditions) {
			list = append(list, n)
		}
	}
	return list
}

func badFilters(r *run) {
	r.fill(1)
	for _, filter := range []storage.Filter{
		{"v": map[string]any{"$near": 1}}, {"v": map[string]any{"$lt": 1, "x": 2}}, {"v": map[string]any{"$in": 1}}, {"v": func() {}}, {"id": map[string]any{"$regex": "."}},
	} {
		_, err := r.s.Select(r.Context(), things, storage.Query{Filter: filter})
		r.is(err, storage.ErrValidation)
		_, err = r.s.Count(r.Context(), things, filter)
		r.is(err, storage.ErrValidation)
	}
}
