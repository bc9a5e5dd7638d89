package sqldoctest

import (
	"context"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// positions exports in two parts, with what a caller might make up as the position.
func positions(t *testing.T, b Backend) {
	s, _ := b.New(t, false)
	docs := make([]storage.Document, 450)
	for n := range docs {
		docs[n] = storage.Document{"id": id(n)}
	}
	_, err := s.BulkInsert(t.Context(), "things", docs)
	must(t, err)
	from, seen := "", 0
	for _, size := range []int{230, len(docs)} {
		for record, err := range s.Export(t.Context(), "things", from) {
			must(t, err)
			if record.ID != id(seen) {
				t.Fatalf("record %d is %q", seen, record.ID)
			}
			from = record.Position
			if seen++; seen == size {
				break
			}
		}
	}
	if seen != len(docs) {
		t.Errorf("%d records, want %d", seen, len(docs))
	}
	for _, err := range s.Export(t.Context(), "things", "' OR 1=1 --") {
		if err != nil {
			is(t, err, storage.ErrValidation)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range s.Export(ctx, "things", "") {
		cancel()
		last = err
	}
	is(t, last, context.Canceled)
}

// numbers are told apart by their decimal values, however large and however written.
func numbers(t *testing.T, b Backend) {
	s, _ := b.New(t, false)
	texts := []string{"1", "1.0", "1.10", "1.1", "1e0", "9007199254740993", "9007199254740992", "9007199254740993.5", "123456789012345678901234567890", "123456789012345678901234567891",
		"0.1", "0.10000000000000000001", "1e-7", "1e21", "-1e300", "-0.0", "18446744073709551616", "1.7976931348623157e308"}
	var docs []storage.Document
	for n, text := range texts {
		v, err := storage.ParseValue([]byte(text))
		must(t, err)
		docs = append(docs, storage.Document{"id": id(n), "n": v})
	}
	_, err := s.BulkInsert(t.Context(), "things", docs)
	must(t, err)
	for _, doc := range docs {
		got, err := s.Get(t.Context(), "things", doc["id"].(string))
		must(t, err)
		if !storage.Equal(got["n"], doc["n"]) {
			t.Errorf("%v came back as %v", doc["n"], got["n"])
		}
		for _, op := range []string{"$eq", "$ne", "$lt", "$lte", "$gt", "$gte"} {
			filter := storage.Filter{"n": map[string]any{op: doc["n"]}}
			conditions, err := filter.Conditions()
			must(t, err)
			var want int64
			for _, other := range docs {
				if storage.MatchAll(other, conditions) {
					want++
				}
			}
			countIs(t, s, "things", filter, want)
		}
	}
	sorted, err := s.Select(t.Context(), "things", storage.Query{OrderBy: "n"})
	must(t, err)
	for n := 1; n < len(sorted); n++ {
		a, b := sorted[n-1], sorted[n]
		if order := storage.Compare(a["n"], b["n"]); order > 0 || order == 0 && a["id"].(string) > b["id"].(string) {
			t.Errorf("%v comes before %v", a, b)
		}
	}
}

func raw(t *testing.T, b Backend) {
	s, _ := b.New(t, false)
	insert(t, s, "things", storage.Document{"id": id(1), "a": 1})
	insert(t, s, "things", storage.Document{"id": id(2), "a": 2})
	got, err := s.ExecuteRaw(t.Context(), "SELECT id, 1.5 AS number, NULL AS missing FROM things WHERE id = $1", id(2))
	must(t, err)
	docs, ok := got.([]storage.Document)
	if !ok || len(docs) != 1 || docs[0]["id"] != id(2) || docs[0]["number"] != 1.5 || docs[0]["missing"] != nil {
		t.Errorf("rows are %#v", got)
	}
	got, err = s.ExecuteRaw(t.Context(), "SELECT id FROM things WHERE id <> id")
	must(t, err)
	if docs, ok := got.([]storage.Document); !ok || len(docs) != 0 {
		t.Errorf("no rows are %#v", got)
	}
	for _, want := range []int64{1, 0} {
		if got, err = s.ExecuteRaw(t.Context(), "DELETE FROM things WHERE id = $1", id(1)); err != nil || got != want {
			t.Errorf("DELETE: %#v, %v; want %d", got, err, want)
		}
	}
	if got, err = s.ExecuteRaw(t.Context(), "DELETE FROM things RETURNING id"); err != nil || len(got.([]storage.Document)) != 1 {
		t.Errorf("DELETE RETURNING: %#v, %v", got, err)
	}
	_, err = s.ExecuteRaw(t.Context(), "SELEC 1")
	is(t, err, storage.ErrQuery)
	_, err = s.ExecuteRaw(t.Context(), " ")
	is(t, err, storage.ErrValidation)
	must(t, s.Transaction(t.Context(), func(tx storage.Storage) error {
		_, err := tx.ExecuteRaw(t.Context(), "DROP TABLE things")
		return err
	}))
	countIs(t, s, "things", nil, 0)
}
