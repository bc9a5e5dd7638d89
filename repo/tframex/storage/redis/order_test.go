package redis_test

import (
	"slices"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// An index keeps fractions and texts as integers: the order is that of the documents all the
// same, also of a page.
func TestOrderOfIntegersInOtherForms(t *testing.T) {
	s := open(t, onServer(t, ""))
	for id, order := range map[string]any{"a": 2.75, "b": 2, "c": "2", "d": 2.5, "e": 1, "f": 3} {
		_, err := s.Insert(t.Context(), "flow_steps", doc{"id": id, "execution_id": "x", "step_order": order})
		must(t, err)
	}
	want := []string{"e", "b", "d", "a", "f", "c"} // texts come behind numbers
	for _, desc := range []bool{false, true} {
		q := storage.Query{Filter: storage.Filter{"execution_id": "x"}, OrderBy: "step_order", Desc: desc}
		all, err := s.Select(t.Context(), "flow_steps", q)
		if err != nil || !slices.Equal(ids(all), want) {
			t.Errorf("descending %v: %q, %v; want %q", desc, ids(all), err, want)
		}
		q.Offset, q.Limit = 1, 3
		page, err := s.Select(t.Context(), "flow_steps", q)
		if err != nil || !slices.Equal(ids(page), want[1:4]) {
			t.Errorf("page, descending %v: %q, %v; want %q", desc, ids(page), err, want[1:4])
		}
		slices.Reverse(want)
	}
}
