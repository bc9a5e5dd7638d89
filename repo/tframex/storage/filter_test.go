package storage_test

import (
	"cmp"
	"encoding/json"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// The order of values is one order, also with numbers that no float64 holds.
func TestCompareIsAnOrder(t *testing.T) {
	sorted := []any{
		nil, false, true,
		json.Number("-1e400"), int64(-7), -0.5, int64(0), 0.1, int64(7), int64(1 << 62), json.Number("9223372036854775808"), 1e300,
		json.Number("1e400"),
		"", "1", "a", []any{int64(1)}, map[string]any{"a": int64(1)},
	}
	for i, a := range sorted {
		for j, b := range sorted {
			if want := cmp.Compare(i, j); storage.Compare(a, b) != want {
				t.Errorf("Compare(%v, %v) = %d, want %d", a, b, storage.Compare(a, b), want)
			}
		}
	}
	for _, same := range [][2]any{{json.Number("0.10"), 0.1}, {json.Number("1.0"), int64(1)}, {json.Number("1E2"), int64(100)}, {json.Number("1e-999"), int64(0)}} {
		if !storage.Equal(same[0], same[1]) || storage.Compare(same[0], same[1]) != 0 {
			t.Errorf("%v is not %v", same[0], same[1])
		}
	}
}
