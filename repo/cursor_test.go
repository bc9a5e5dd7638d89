package repo

import (
	"encoding/base64"
	"errors"
	"math"
	"strconv"
	"testing"
)

func FuzzCursor(f *testing.F) {
	plans := []*plan{
		{key: "{things}:s:count", by: "score", low: "-inf", high: "+inf"},
		{key: "{things}:s:count", by: "score", low: "-inf", high: "+inf", reverse: true},
		{key: "{things}:s:count", by: "score", low: "1", high: "+inf"},
		{key: "{things}:l:name", by: "lex", low: "-", high: "+"},
		{key: "{things}:i:owner/at:ann", by: "score", low: "-inf", high: "+inf"},
		{key: "{things}:i:owner/at:bob", by: "score", low: "-inf", high: "+inf"},
	}
	for i, p := range plans {
		f.Add(position{"1.5", "7"}.cursor(p), byte(i), 1.5, "7")
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(p.shape()+"\x00")), byte(i), math.Inf(-1), "a\x00b")
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(p.shape()+"nan\x007")), byte(i), math.Inf(1), "\xff")
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(p.shape()+"1")), byte(i), 0.0, "")
	}
	f.Add("", byte(0), 0.0, "x")
	f.Add("%%%", byte(0), -1e300, "{}:")
	f.Fuzz(func(t *testing.T, cursor string, which byte, score float64, member string) {
		p := plans[int(which)%len(plans)]
		at, err := parseCursor(cursor, p)
		switch {
		case err != nil && !errors.Is(err, ErrCursor):
			t.Errorf("parseCursor(%q): %v", cursor, err)
		case err == nil && cursor != "":
			if again, err := parseCursor(at.cursor(p), p); err != nil || again != at {
				t.Errorf("%q is at %q, and that at %q, %v", cursor, at, again, err)
			}
		}

		if math.IsNaN(score) || member == "" && p.by == "lex" {
			return // no entry has them
		}
		at = position{strconv.FormatFloat(score, 'g', 17, 64), member}
		cursor = at.cursor(p)
		if got, err := parseCursor(cursor, p); err != nil || got != at {
			t.Errorf("%q is parsed as %q, %v", at, got, err)
		}
		for _, other := range plans {
			if _, err := parseCursor(cursor, other); (err == nil) != (other == p) {
				t.Errorf("a cursor of %+v for %+v: %v", p, other, err)
			}
		}
	})
}

// A cursor serves other pages of its query only: of any size, but with the
// same conditions, order and direction.
func TestCursorsOfQueries(t *testing.T) {
	r := NewRepository(offline(t, Config{SweepInterval: -1}), things)
	count := NewRangeField[*thing](thingCount, PutUint[uint64])
	queries := map[string]Query[*thing]{
		"all":        r.Where(),
		"ordered":    r.Where().OrderBy(count.Asc()),
		"descending": r.Where().OrderBy(count.Desc()),
		"from 1":     r.Where(count.Gte(1)),
		"above 1":    r.Where(count.Gt(1)),
		"to 1":       r.Where(count.Lte(1)),
	}
	for name, q := range queries {
		p, _, err := q.q.plan()
		if err != nil {
			t.Fatal(err)
		}
		cursor := position{"1", "7"}.cursor(p)
		for other, q := range queries {
			_, at, err := q.Limit(7).After(cursor).q.plan()
			if name == other && (err != nil || at != position{"1", "7"}) {
				t.Errorf("%s: the query's own cursor is at %q, %v", name, at, err)
			}
			if name != other && !errors.Is(err, ErrCursor) {
				t.Errorf("%s: the cursor of %s gives %v", other, name, err)
			}
		}
	}
}
