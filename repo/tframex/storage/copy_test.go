package storage

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestCopyOf compares copies of random values with what comes back from JSON.
func TestCopyOf(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	count := 0
	for range 5000 {
		value := anyValue(random, 0)
		got, ok := copyOf(value)
		data, err := json.Marshal(value)
		if err != nil {
			if ok {
				t.Fatalf("seed %d: %#v is copied, and no JSON: %v", seed, value, err)
			}
			continue
		}
		want, err := ParseValue(data)
		if err != nil {
			t.Fatalf("seed %d: %#v: %v", seed, value, err)
		}
		if !ok {
			continue
		}
		if count++; !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: %#v: got %#v, want %#v", seed, value, got, want)
		}
	}
	if count < 1000 {
		t.Errorf("seed %d: %d of 5000 values are copied", seed, count)
	}
}

// anyValue returns a value that a document may be given, or not.
func anyValue(random *rand.Rand, depth int) any {
	values := []any{
		nil, true, "text", "", "<&> \u2028\x00\"é", "no \xff text", 0, -5, int64(1 << 60), 1.5, -0.25, 1e-7, 3.0, -4.0, 1e15, 1 << 53, 1e19, 1e21, math.Copysign(0, -1), 0.0,
		math.NaN(), math.Inf(-1), json.Number("1.10"), json.Number("7"), uint8(3), []string{"a"}, map[string]string{"a": "b"}, time.Unix(0, 0).UTC(),
		json.RawMessage(`{"a": [1, 2.0]}`), map[string]any(nil), []any(nil), 5e-324, float32(0.1),
	}
	switch n := random.IntN(len(values) + 24); {
	case n < len(values):
		return values[n]
	case depth > 3:
		return random.NormFloat64()
	case n%2 == 0:
		list := make([]any, random.IntN(3))
		for i := range list {
			list[i] = anyValue(random, depth+1)
		}
		return list
	}
	object := map[string]any{}
	for range random.IntN(3) {
		object[[]string{"a", "b", "", "\xff", "é"}[random.IntN(5)]] = anyValue(random, depth+1)
	}
	return object
}

func TestCopyOfHasBounds(t *testing.T) {
	if _, ok := copyOf(map[string]any{"a": strings.Repeat("x", mostCopy)}); ok {
		t.Error("what is large is copied")
	}
	var deep any = "end"
	for range deepCopy + 1 {
		deep = []any{deep}
	}
	if _, ok := copyOf(deep); ok {
		t.Error("what is deep is copied")
	}
	ring := map[string]any{}
	ring["again"] = ring
	if _, err := CheckDocument(ring); err == nil {
		t.Error("a document that has itself is accepted")
	}
}

// TestCheckDocumentCopies changes what was given, and what is inside of it.
func TestCheckDocumentCopies(t *testing.T) {
	inner := map[string]any{"n": 1}
	doc := Document{"inner": inner, "list": []any{inner}}
	got, err := CheckDocument(doc)
	if err != nil {
		t.Fatal(err)
	}
	inner["n"], doc["more"] = 2, true
	want := Document{"inner": map[string]any{"n": int64(1)}, "list": []any{map[string]any{"n": int64(1)}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// BenchmarkCheckDocument compares a document that is plain with the same one that is not.
func BenchmarkCheckDocument(b *testing.B) {
	doc := Document{
		"id": "00000000-0000-4000-8000-000000000001", "role": "user", "content": strings.Repeat("word ", 40), "created_at": "2025-07-05T01:10:56.998281",
		"metadata": map[string]any{"model": "small", "tokens": int64(17)},
	}
	for name, version := range map[string]any{"plain": 1, "JSON": json.Number("1")} {
		doc["version"] = version
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := CheckDocument(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
