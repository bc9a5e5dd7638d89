package repo

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// location is what a key of an entity stands for: a record, or an index and,
// of an index by equality, values.
type location struct {
	entity string
	kind   IndexKind // 0: a record
	name   string    // of an index
	values []string  // of an index by equality, or the id alone
}

func (l location) key(prefix string) string {
	at := (&Client{settings: settings{prefix: prefix}}).space(l.entity)
	if l.kind == 0 {
		return at.record(l.values[0])
	}
	return at.index(Index{Name: l.name, Kind: l.kind, Fields: make([]int, len(l.values))}, l.values)
}

func (l location) equal(m location) bool {
	if l.entity != m.entity || l.kind != m.kind || l.kind != 0 && l.name != m.name {
		return false
	}
	return (l.kind != 0 && l.kind != IndexEqual) || slices.Equal(l.values, m.values)
}

// indexArity is how many fields each index of the tests has: that is a matter
// of the schema, the same for all its keys.
var indexArity = map[string]int{"a": 1, "b": 1, "a.b": 1, "a-b": 1, "a/b": 1, "a,b": 2, "a,b/c": 2, "a,b,c": 3, "é_1": 2}

// newLocation makes a location of arbitrary parts.
func newLocation(entity, index, kind byte, values [3]string) location {
	names := []string{"a", "b", "a.b", "a-b", "a/b", "a,b", "a,b/c", "a,b,c", "é_1"}
	l := location{entity: []string{"users", "user", "users_a", "a"}[entity%4], kind: IndexKind(kind % 5)}
	l.name = names[int(index)%len(names)]
	n := 1
	if l.kind == IndexEqual {
		n = indexArity[l.name]
	}
	l.values = values[:n]
	return l
}

// checkKeys checks that two keys are the same only if they stand for the same,
// and that a cluster keeps them where their entity is.
func checkKeys(t *testing.T, prefix string, a, b location) {
	t.Helper()
	x, y := a.key(prefix), b.key(prefix)
	if (x == y) != a.equal(b) {
		t.Errorf("%q and %q: keys %q and %q", a, b, x, y)
	}
	at := (&Client{settings: settings{prefix: prefix}}).space(a.entity)
	for _, other := range []string{at.all(), at.due(), string(at) + "m", prefix + "{health}"} {
		if x == other {
			t.Errorf("%q has the key %q", a, x)
		}
	}
	_, rest, _ := strings.Cut(x, "{")
	if tag, _, _ := strings.Cut(rest, "}"); tag != a.entity {
		t.Errorf("the hash tag of %q is %q, want %q", x, tag, a.entity)
	}
}

func FuzzKeys(f *testing.F) {
	f.Add("", byte(0), byte(0), byte(2), "a", "b", "c", byte(0), byte(0), byte(2), "a", "b", "c")
	f.Add("app:", byte(0), byte(5), byte(2), "1:a", "", "", byte(0), byte(5), byte(2), "1", "a", "")
	f.Add("p", byte(1), byte(7), byte(2), "", "", "3:abc", byte(1), byte(7), byte(2), "", "3:abc", "")
	f.Add("p", byte(0), byte(0), byte(2), "b:c", "", "", byte(0), byte(4), byte(2), "c", "", "")
	f.Add("", byte(0), byte(0), byte(0), "}{users}:r:", "", "", byte(2), byte(0), byte(0), "\x00\xff", "", "")
	f.Add("", byte(0), byte(0), byte(0), strings.Repeat("x", 10_000), "", "", byte(0), byte(0), byte(0), strings.Repeat("x", 10_001), "", "")
	f.Fuzz(func(t *testing.T, prefix string, entityA, indexA, kindA byte, a1, a2, a3 string, entityB, indexB, kindB byte, b1, b2, b3 string) {
		if (Config{Prefix: prefix}).check() != nil {
			return
		}
		a := newLocation(entityA, indexA, kindA, [3]string{a1, a2, a3})
		b := newLocation(entityB, indexB, kindB, [3]string{b1, b2, b3})
		checkKeys(t, prefix, a, b)
		// The same values cut at other places, which a fuzzer seldom hits.
		checkKeys(t, prefix, a, newLocation(entityA, indexA, kindA, [3]string{a1 + a2, a3, ""}))
		checkKeys(t, prefix, a, newLocation(entityA, indexA, kindA, [3]string{a1, a2 + a3, ""}))
		checkKeys(t, prefix, a, newLocation(entityA, indexA, kindA, [3]string{joinValues([]string{a1, a2}), a3, ""}))
	})
}

func TestKeysOfPairs(t *testing.T) {
	r := random(t)
	pick := func() location {
		var values [3]string
		for i := range values {
			values[i] = awkwardString(r)
		}
		return newLocation(byte(r.IntN(2)), byte(r.IntN(256)), byte(r.IntN(256)), values)
	}
	for range 5000 {
		a, b := pick(), pick()
		checkKeys(t, "app:", a, b)
		checkKeys(t, "app:", a, a)
		if b.kind = a.kind; len(a.values) == len(b.values) {
			b.name, b.entity = a.name, a.entity
			checkKeys(t, "app:", a, b)
			b.values = recut(r, a.values)
			checkKeys(t, "app:", a, b)
		}
	}
}

// recut cuts the same bytes into as many values at other places.
func recut(r *rand.Rand, values []string) []string {
	all := strings.Join(values, "")
	cuts := make([]int, len(values)-1)
	for i := range cuts {
		cuts[i] = r.IntN(len(all) + 1)
	}
	slices.Sort(cuts)
	var parts []string
	from := 0
	for _, to := range append(cuts, len(all)) {
		parts = append(parts, all[from:to])
		from = to
	}
	return parts
}

func TestCompositeIDs(t *testing.T) {
	seen := map[string][3]any{}
	texts := []string{"", "1", "1:", ":1", "1:1", "2:11", "\x00", "{}", "10:0123456789"}
	for _, a := range texts {
		for _, n := range []int64{0, 1, 11, -1} {
			for _, b := range texts {
				id, err := NewID(3).String(a).Int(n).Text(text(b)).Join()
				if err != nil {
					t.Fatal(err)
				}
				if other, ok := seen[id]; ok {
					t.Fatalf("%q and %q have the id %q", other, [3]any{a, n, b}, id)
				}
				seen[id] = [3]any{a, n, b}
			}
		}
	}
	if id, err := NewID(2).Uint(18446744073709551615).String("x").Join(); id != "20:18446744073709551615x" || err != nil {
		t.Errorf("id %q, %v", id, err)
	}
	if _, err := NewID(2).Text(text("refuse")).String("x").Join(); err != errText {
		t.Errorf("a part that does not marshal: %v", err)
	}
}

func TestIDs(t *testing.T) {
	type name string
	type number int16
	for want, got := range map[string]func() (string, error){
		"a{b}:\x00":            func() (string, error) { return StringID(name("a{b}:\x00")) },
		"-32768":               func() (string, error) { return IntID(number(-32768)) },
		"18446744073709551615": func() (string, error) { return UintID(uint64(18446744073709551615)) },
		"some text":            func() (string, error) { return TextID(text("some text")) },
	} {
		if id, err := got(); id != want || err != nil {
			t.Errorf("id %q, %v, want %q", id, err, want)
		}
	}
	if _, err := TextID(text("refuse")); err != errText {
		t.Errorf("a key that does not marshal: %v", err)
	}
}
