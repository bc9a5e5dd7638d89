package query

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// fixedEntity is what the evaluation is tested with: F0 is the key.
func fixedEntity() *entity {
	e := begin("things")
	fields := []struct {
		shape   shape
		pointer bool
		options string
	}{
		{keyShape, false, ",key"},
		{shape{typ: stringValues.typ, make: of(stringValues)}, true, ",sort=lex,fold"},
		{shape{typ: longValues.typ, make: of(longValues)}, false, ",sort=lex"},
		{shape{typ: stringValues.typ, make: of(stringValues)}, false, ",index,omitempty"},
		{shape{typ: timeKind.typ, make: of(timeKind)}, false, ",sort"},
		{shape{typ: sliceOf(cleanStrings.typ), make: ofMany(cleanStrings)}, false, ",index,fold"},
	}
	var used []shape
	for _, f := range fields {
		e.addField(f.shape, f.pointer, f.options)
		used = append(used, f.shape)
	}
	e.complete(rand.New(rand.NewPCG(1, 1)), used)
	return e
}

// The evaluation that all else is compared with, compared with what was worked out by hand.
func TestEvaluation(t *testing.T) {
	const big = int64(1e18)
	e := fixedEntity()
	name, count, nick, at, tags := e.columns[0], e.columns[1], e.columns[2], e.columns[3], e.columns[4]
	noon := time.Date(2020, 1, 1, 12, 0, 0, 1000, time.UTC)
	w := &world{entity: e, records: map[string]*record{}, store: &store{now: time.Now}}
	for _, r := range []*record{
		{"a", []any{"Ann", big, "", noon, []string{"X", "y"}}},
		{"b", []any{"ann", big + 1, "bob", noon.Add(999), []string{}}},
		{"c", []any{nil, big, "Bob", time.Time{}, nil}},
		{"d", []any{"\xff", -big, "", noon.Add(1000), []string{"x"}}},
	} {
		w.put(r, 0)
	}
	on := func(c column, op string, args ...any) *condition { return &condition{op: op, column: c, args: args} }
	join := func(op string, parts ...*condition) *condition { return &condition{op: op, parts: parts} }
	for _, test := range []struct {
		q    question
		want []string
	}{
		{question{where: []*condition{on(name, "Eq", "ANN")}}, []string{"a", "b"}},
		{question{where: []*condition{on(name, "Not", "ANN")}}, []string{"c", "d"}},
		{question{where: []*condition{on(name, "IsNil")}}, []string{"c"}},
		{question{where: []*condition{on(name, "Prefix", "aN")}}, []string{"a", "b"}},
		{question{where: []*condition{on(name, "Gt", "ann")}}, []string{"d"}},
		{question{where: []*condition{on(name, "Lte", "ANN")}}, []string{"a", "b"}},
		{question{order: name}, []string{"a", "b", "d"}},
		{question{order: name, desc: true}, []string{"d", "b", "a"}},
		{question{where: []*condition{on(count, "Gt", big)}}, []string{"b"}},
		{question{where: []*condition{on(count, "Between", -big, big)}}, []string{"a", "c", "d"}},
		{question{order: count, desc: true}, []string{"b", "c", "a", "d"}},
		{question{where: []*condition{on(nick, "Eq", "")}}, []string{"a", "d"}},
		{question{where: []*condition{on(nick, "In", "", "Bob")}}, []string{"a", "c", "d"}},
		{question{where: []*condition{on(nick, "In")}}, nil},
		{question{where: []*condition{on(at, "Eq", noon.Add(500))}}, []string{"a", "b"}},
		{question{where: []*condition{on(at, "Lt", noon.Add(1000))}}, []string{"a", "b"}},
		{question{where: []*condition{on(at, "Eq", time.Time{})}}, []string{"c"}},
		{question{where: []*condition{join("NotThat", on(at, "Gte", noon))}}, []string{"c"}},
		{question{order: at}, []string{"a", "b", "d"}},
		{question{where: []*condition{on(tags, "Has", "x")}}, []string{"a", "d"}},
		{question{where: []*condition{on(tags, "HasAll", "x", "Y")}}, []string{"a"}},
		{question{where: []*condition{on(tags, "HasAll")}}, []string{"a", "b", "c", "d"}},
		{question{where: []*condition{on(tags, "HasAny")}}, nil},
		{question{where: []*condition{on(tags, "IsNil")}}, []string{"c"}},
		{question{where: []*condition{join("And")}}, []string{"a", "b", "c", "d"}},
		{question{where: []*condition{join("Or")}}, nil},
		{question{where: []*condition{join("Or", on(name, "IsNil"), on(tags, "Has", "y"))}}, []string{"a", "c"}},
		{question{where: []*condition{join("And", on(name, "Eq", "ann"), on(nick, "Eq", "bob"))}}, []string{"b"}},
	} {
		if got := ids(w.answer(&test.q)); !slices.Equal(got, test.want) {
			t.Errorf("%v: %q, want %q", &test.q, got, test.want)
		}
	}
}

// Random entities have every kind of field and of index between them.
func TestRandomEntitiesHaveEverything(t *testing.T) {
	seed, seen := firstSeed(t), map[string]bool{}
	for i := range uint64(300) {
		e := randomEntity(rand.New(rand.NewPCG(seed+i, 0)), false)
		for _, f := range e.Fields {
			seen[f.Type.Go] = true
			seen["pointer"] = seen["pointer"] || f.Type.Pointer
			seen["omitempty"] = seen["omitempty"] || f.OmitEmpty
			seen["fold"] = seen["fold"] || f.Fold
		}
		for _, x := range e.Indexes {
			what := string(x.Kind)
			if len(x.Fields) > 1 {
				what += " of several"
			}
			if x.Order != "" {
				what += " in order"
			}
			seen[what] = true
		}
	}
	for _, want := range []string{
		"string", "color", "bool", "int", "int8", "int64", "uint64", "float64", "float32", `"time".Duration`, `"time".Time`, "[]byte", `"query".tag`,
		"[]string", "[]int", "pointer", "omitempty", "fold", "unique", "unique of several", "equal", "equal of several", "equal in order",
		"equal of several in order", "sort", "lex",
	} {
		if !seen[want] {
			t.Errorf("no entity has %s", want)
		}
	}
}
