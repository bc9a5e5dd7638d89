package repo

import (
	"encoding/base64"
	"errors"
	"math"
	"strconv"
	"testing"
)

func FuzzCursor(f *testing.F) {
	two := [][]alternative{make([]alternative, 2), make([]alternative, 1)}
	plans := []*plan{
		{shape: "shape of", groups: two},
		{shape: "shape of", groups: nil},
		{shape: "another ", groups: two},
	}
	for i, p := range plans {
		f.Add(position{group: 1, alternative: 1, behind: true, score: "1.5", member: "7"}.cursor(p), byte(i), 1.5, "7")
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(p.shape+"\x00\x00\x00\x00\x00\x01\x00")), byte(i), math.Inf(-1), "a\x00b")
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(p.shape+"\x00\x00\x00\x00\x00\x02nan\x007")), byte(i), math.Inf(1), "\xff")
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(p.shape+"\x00\x00\xff\xff\x00\x001")), byte(i), 0.0, "")
	}
	f.Add("", byte(0), 0.0, "x")
	f.Add("%%%", byte(0), -1e300, "{}:")
	f.Fuzz(func(t *testing.T, cursor string, which byte, score float64, member string) {
		p := plans[int(which)%len(plans)]
		at, err := parseCursor(cursor, p, 1)
		switch {
		case err != nil && !errors.Is(err, ErrCursor):
			t.Errorf("parseCursor(%q): %v", cursor, err)
		case err == nil && cursor != "":
			if again, err := parseCursor(at.cursor(p), p, 1); err != nil || again != at {
				t.Errorf("%q is at %+v, and that at %+v, %v", cursor, at, again, err)
			}
		}

		if math.IsNaN(score) {
			return // no entry has it
		}
		at = position{int(which) % 3, int(which) % 2, 1, which > 10, strconv.FormatFloat(score, 'g', 17, 64), member}
		cursor = at.cursor(plans[0])
		if got, err := parseCursor(cursor, plans[0], 3); err != nil || got != at {
			t.Errorf("%+v is parsed as %+v, %v", at, got, err)
		}
		for _, other := range plans[1:] {
			if _, err := parseCursor(cursor, other, 3); !errors.Is(err, ErrCursor) {
				t.Errorf("a cursor of %+v for %+v: %v", plans[0], other, err)
			}
		}
	})
}

// A cursor serves other pages of its query only: of any size, but with the
// same conditions, order and direction.
func TestCursorsOfQueries(t *testing.T) {
	r := NewRepository(offline(t, Config{SweepInterval: -1}), things)
	f := thingFields
	queries := map[string]*Query[*thing, string]{
		"all":            r.Where(),
		"ordered":        r.Where().OrderBy(f.Count.Asc()),
		"descending":     r.Where().OrderBy(f.Count.Desc()),
		"from 1":         r.Where(f.Count.Gte(1)),
		"above 1":        r.Where(f.Count.Gt(1)),
		"to 1":           r.Where(f.Count.Lte(1)),
		"with a filter":  r.Where(f.Count.Lte(1), f.Owner.Not("x")),
		"another filter": r.Where(f.Count.Lte(1), f.Owner.Not("y")),
		"another field":  r.Where(f.Count.Lte(1), f.Pass.Not("x")),
	}
	for name, q := range queries {
		w, err := q.q.begin(t.Context(), findIDs, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := position{behind: true, score: "1", member: "7"}
		cursor := want.cursor(w.plan)
		for other, q := range queries {
			w, err := q.Limit(7).After(cursor).q.begin(t.Context(), findIDs, nil)
			if name == other && (err != nil || w.at != want) {
				t.Errorf("%s: the query's own cursor: %+v, %v", name, w, err)
			}
			if name != other && !errors.Is(err, ErrCursor) {
				t.Errorf("%s: the cursor of %s gives %v", other, name, err)
			}
		}
	}
}
