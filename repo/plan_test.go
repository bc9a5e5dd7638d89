package repo

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The fields of a thing, as generated code would name them.
var thingFields = struct {
	Name   *LexField[*thing, string]
	On     *EqualField[*thing, bool]
	Count  *RangeNumber[*thing, uint64]
	At     *RangeField[*thing, time.Time]
	Text   *EqualField[*thing, text]
	Tags   *NilableMemberField[*thing, []string, string]
	Owner  *EqualField[*thing, string]
	Serial *RangeNumber[*thing, int64]
	Pass   *EqualColumn[*thing, string]
	Small  *EqualColumn[*thing, int8] // has no index
}{
	Name:   NewLexField[*thing](thingName, PutString[string], GetString[string]),
	On:     NewEqualField[*thing](thingOn, PutBool[bool], GetBool[bool]),
	Count:  NewRangeNumber[*thing](thingCount, PutUint[uint64], GetUint[uint64]),
	At:     NewRangeField[*thing](thingAt, PutTime, GetTime),
	Text:   NewEqualField[*thing](thingText, PutText[text], GetText[text]),
	Tags:   NewNilableMemberField[*thing](thingTags, PutJSON[[]string], PutString[string], GetString[string]),
	Owner:  NewEqualField[*thing](thingOwner, PutString[string], GetString[string]),
	Serial: NewRangeNumber[*thing](thingSerial, PutInt[int64], GetInt[int64]),
	Pass:   NewEqualColumn[*thing](thingPassword, PutString[string], GetString[string]),
	Small:  NewEqualColumn[*thing](thingSmall, PutInt[int8], GetInt[int8]),
}

// shown returns a plan as text: the sources of each way to each group, and what
// is checked.
func (p *plan) shown(info *entityInfo) string {
	var groups []string
	for _, group := range p.groups {
		var ways []string
		for _, a := range group {
			var way []string
			for _, s := range a.sources {
				way = append(way, strings.Join([]string{s.key, s.by, s.low, s.high}, " "))
			}
			text := strings.TrimSpace(strings.Join(way, " + "))
			if a.sort.by != "" {
				text += " sort " + a.sort.by
			}
			if len(a.rest) > 0 {
				text += " check " + describe(info, condition{op: all, parts: a.rest})
			}
			ways = append(ways, text)
		}
		groups = append(groups, strings.Join(ways, " | "))
	}
	text := strings.Join(groups, "; ")
	if p.reverse {
		text += " desc"
	}
	if p.walks {
		text += " WALK"
	}
	return text
}

var epoch = time.Unix(0, 0)

func TestPlans(t *testing.T) {
	f := thingFields
	r := NewRepository(offline(t, Config{Prefix: "p:", SweepInterval: -1}), things)
	where := r.Where
	for _, test := range []struct {
		name  string
		query *Query[*thing, string]
		want  string
	}{
		{"all", where(), "a score -inf +inf"},
		{"unique", where(f.Text.Eq("x")), "u:text value x sort id"},
		{"unique group", where(f.Owner.Eq("ann"), f.Pass.Eq("x")), "u:login value 3:annx sort id"},
		{"unique group, turned round", where(f.Pass.Eq("x"), f.Owner.Eq("ann")), "u:login value 3:annx sort id"},
		{"unique and more", where(f.Text.Eq("x"), f.On.Eq(true), f.Count.Gt(3)), "u:text value x sort id check on = and count in a range"},
		{"several unique values", where(f.Text.In("x", "y", "x")), "u:text value x  + u:text value y sort id"},
		{"unique, ordered", where(f.Text.Eq("x")).OrderBy(f.At.Asc()), "u:text value x sort score"},
		{"equal", where(f.On.Eq(true)), "i:on:1 score -inf +inf"},
		{"several values", where(f.Owner.In("ann", "bob")), "i:owner/at:ann score -inf +inf + i:owner/at:bob score -inf +inf"},
		{"no value", where(f.Owner.In()), ""},
		{"element", where(f.Tags.Has("a:b")), "i:tags:a:b score -inf +inf"},
		{"no element", where(f.Tags.Has("")), "i:tags: score -inf +inf"},
		{"any element", where(f.Tags.HasAny("a", "b")), "i:tags:a score -inf +inf + i:tags:b score -inf +inf"},
		{"all elements", where(f.Tags.HasAll("a", "b")), "i:tags:a score -inf +inf check tags has an element | i:tags:b score -inf +inf check tags has an element"},
		{"prefix of a composite index", where(f.Owner.Eq("ann")), "i:owner/at:ann score -inf +inf"},
		{"composite", where(f.Owner.Eq("ann"), f.On.Eq(false)), "i:owner,on/count:3:ann0 score -inf +inf"},
		{"composite, several values", where(f.Owner.In("ann", "bob"), f.On.In(false, true)), "i:owner,on/count:3:ann0 score -inf +inf + i:owner,on/count:3:ann1 score -inf +inf + i:owner,on/count:3:bob0 score -inf +inf + i:owner,on/count:3:bob1 score -inf +inf"},
		{"composite, ordered", where(f.On.Eq(false), f.Owner.Eq("ann")).OrderBy(f.Count.Desc()), "i:owner,on/count:3:ann0 score -1.7976931348623157e+308 +inf desc"},
		{"composite and another order", where(f.On.Eq(false), f.Owner.Eq("ann")).OrderBy(f.At.Desc()), "i:owner,on/count:3:ann0 score -inf +inf sort score | s:at score -inf +inf check on = and owner = desc WALK"},
		{"equal, ordered", where(f.Owner.Eq("ann")).OrderBy(f.At.Asc()), "i:owner/at:ann score -1.7976931348623157e+308 +inf"},
		{"several values, ordered", where(f.Owner.In("ann", "bob")).OrderBy(f.At.Desc()), "i:owner/at:ann score -1.7976931348623157e+308 +inf + i:owner/at:bob score -1.7976931348623157e+308 +inf desc"},
		{"equal and a range", where(f.Owner.Eq("ann"), f.At.Gt(epoch)), "i:owner/at:ann score (0 +inf"},
		{"equal and an upper bound leaves out what has none", where(f.Owner.Eq("ann"), f.At.Lte(epoch)), "i:owner/at:ann score -1.7976931348623157e+308 0"},
		{"equal and both bounds", where(f.At.Gte(epoch), f.Owner.Eq("ann"), f.At.Lt(epoch.Add(time.Second))), "i:owner/at:ann score 0 (1000000"},
		{"equal and the order's value", where(f.Owner.Eq("ann"), f.At.Eq(epoch)), "i:owner/at:ann score 0 0"},
		{"two indexes", where(f.On.Eq(true), f.Count.Gt(3)), "i:on:1 score -inf +inf check count in a range | s:count score (3 +inf check on ="},
		{"two indexes, one has the order", where(f.On.Eq(true), f.Count.Gt(3)).OrderBy(f.Count.Asc()), "s:count score (3 +inf check on = | i:on:1 score -inf +inf sort score check count in a range"},
		{"order of another index", where(f.On.Eq(true)).OrderBy(f.Count.Desc()), "i:on:1 score -inf +inf sort score | s:count score -inf +inf check on = desc WALK"},
		{"order of bytes of another index", where(f.On.Eq(true)).OrderBy(f.Serial.Desc()), "i:on:1 score -inf +inf sort integer | l:serial lex - + check on = desc WALK"},
		{"range", where(f.Count.Between(3, 7)), "s:count score 3 7"},
		{"range of halves", where(f.Count.Gt(3), f.Count.Lt(7)).OrderBy(f.Count.Desc()), "s:count score (3 (7 desc"},
		{"two lower bounds", where(f.Count.Gt(3), f.Count.Gte(7)), "s:count score (3 +inf check count in a range | s:count score 7 +inf check count in a range"},
		{"value", where(f.Count.Eq(3)), "s:count score 3 3"},
		{"values of a range", where(f.Count.In(3, 5)), "s:count score 3 3 + s:count score 5 5"},
		{"lower bound", where(f.Count.Gte(3)), "s:count score 3 +inf"},
		{"upper bound", where(f.Count.Lt(3)), "s:count score -inf (3"},
		{"time before 1970", where(f.At.Lt(epoch.Add(-1500 * time.Nanosecond))), "s:at score -inf (-2"},
		{"order", where().OrderBy(f.At.Desc()), "s:at score -inf +inf desc"},
		{"order by bytes", where().OrderBy(f.Name.Asc()), "l:name lex - +"},
		{"folded value", where(f.Name.Eq("Ann")), "l:name lex [ann (ann\x01"},
		{"folded prefix", where(f.Name.Prefix("AN")), "l:name lex [an (ao"},
		{"any prefix", where(f.Name.Prefix("")), "l:name lex - +"},
		{"prefix without successor", where(f.Name.Prefix("\xff\xff")), "l:name lex [\xff\xff +"},
		{"prefix and a range", where(f.Name.Prefix("a"), f.Name.Gt("ab")), "l:name lex [a (b check name in a range | l:name lex [ab\x01 + check name by prefix"},
		{"range of bytes", where(f.Name.Gt("a"), f.Name.Lte("b")), "l:name lex [a\x01 (b\x01"},
		{"range of bytes, from and below", where(f.Name.Gte("a"), f.Name.Lt("b")), "l:name lex [a (b"},
		{"NUL", where(f.Name.Eq("\x00")), "l:name lex [\x01\x01 (\x01\x01\x01"},
		{"integer by bytes", where(f.Serial.Eq(-1)), "l:serial lex [099999999999999999998 (099999999999999999998\x01"},
		{"integers by bytes", where(f.Serial.Gte(5)).OrderBy(f.Serial.Desc()), "l:serial lex [100000000000000000005 + desc"},
		{"negation", where(Not(f.On.Eq(true))), "a score -inf +inf check not (on =) WALK"},
		{"double negation", where(Not(f.On.Not(true))), "i:on:1 score -inf +inf"},
		{"negation and an index", where(f.On.Eq(true), f.Owner.Not("ann")), "i:on:1 score -inf +inf check not (owner =)"},
		{"nil", where(f.Tags.IsNil()), "a score -inf +inf check tags is nil WALK"},
		{"no index", where(f.Small.Eq(1)), "a score -inf +inf check small = WALK"},
		{"no index, ordered", where(f.Small.Eq(1)).OrderBy(f.At.Asc()), "s:at score -inf +inf check small = WALK"},
		{"union of one order", where(Or(f.Count.Lt(3), f.Count.Gt(7))), "s:count score -inf (3 + s:count score (7 +inf"},
		{"union, with a filter", where(Or(And(f.Owner.Eq("ann"), f.On.Eq(true)), And(f.Owner.Eq("bob"), f.On.Eq(false), f.Count.Gt(1)))), "i:owner,on/count:3:ann1 score -inf +inf + i:owner,on/count:3:bob0 score (1 +inf"},
		{"union of two orders", where(Or(f.Count.Lt(3), f.Text.Eq("x"))), "s:count score -inf (3; u:text value x sort id check not (count in a range)"},
		{"union of two orders and a filter", where(Or(f.Count.Lt(3), f.Text.Eq("x")), f.Small.Eq(1)), "s:count score -inf (3 check small =; u:text value x sort id check small = and not (count in a range)"},
		{"union of two orders, ordered", where(Or(f.Count.Lt(3), f.Text.Eq("x"))).OrderBy(f.At.Asc()), "s:count score -inf (3 + u:text value x sort score | s:at score -inf +inf check count in a range or text = WALK"},
		{"union and an index", where(f.Owner.Eq("ann"), Or(f.Count.Lt(3), f.On.Eq(true))), "i:owner/at:ann score -inf +inf check count in a range or on ="},
		{"union with what no index has", where(Or(f.Count.Lt(3), f.Small.Eq(1))), "a score -inf +inf check count in a range or small = WALK"},
		{"union of nothing", where(Or[*thing]()), ""},
		{"everything", where(And[*thing]()), "a score -inf +inf"},
		{"a union with everything", where(Or(And[*thing](), f.On.Eq(true))), "a score -inf +inf"},
		{"not nothing", where(Not(Or[*thing]())), "a score -inf +inf"},
		{"a zero time", where(f.At.Eq(time.Time{})), "a score -inf +inf check at is nil WALK"},
	} {
		w, err := test.query.q.begin(t.Context(), findIDs, nil)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := w.plan.shown(w.core.info); got != test.want {
			t.Errorf("%s\ngot  %q\nwant %q", test.name, got, test.want)
		}
	}
}

// Zero and negative zero are one score, which is not counted twice.
func TestPlanOfBothZeros(t *testing.T) {
	info := &entityInfo{fields: []FieldInfo{{Name: "ratio", Kind: KindFloat, Bits: 64, Scored: true}}}
	got := info.scoreSources("s:ratio", condition{op: equals, values: []string{"0", "1.5", "-0"}})
	if len(got) != 2 || got[0].low != "0" || got[1].low != "1.5" {
		t.Errorf("%+v", got)
	}
}

// More values than one call merges are divided among calls.
func TestPlansOfManyValues(t *testing.T) {
	f := thingFields
	r := NewRepository(offline(t, Config{SweepInterval: -1}), things)
	var names, tags []string
	for i := range 200 {
		names, tags = append(names, "n"+strconv.Itoa(i)), append(tags, "t"+strconv.Itoa(i))
	}
	for _, test := range []struct {
		name    string
		query   *Query[*thing, string]
		groups  int
		checked bool
	}{
		{"values", r.Where(f.Owner.In(names...)), 4, false},
		{"elements", r.Where(f.Tags.HasAny(tags...)), 4, true},
		{"values or elements", r.Where(Or(f.Owner.In(names...), f.Tags.HasAny(tags...))), 8, true},
		{"in an order that needs all at once", r.Where(f.Owner.In(names...)).OrderBy(f.At.Asc()), 1, true},
	} {
		w, err := test.query.q.begin(t.Context(), findIDs, nil)
		if err != nil {
			t.Fatal(err)
		}
		last := w.plan.groups[len(w.plan.groups)-1][0]
		if len(w.plan.groups) != test.groups || len(last.rest) > 0 != test.checked {
			t.Errorf("%s: %d groups, the last checks %d conditions", test.name, len(w.plan.groups), len(last.rest))
		}
	}
}

func TestQueriesWithoutPlan(t *testing.T) {
	f := thingFields
	r := NewRepository(offline(t, Config{SweepInterval: -1}), things)
	for _, test := range []struct {
		query *Query[*thing, string]
		is    error
		want  string
	}{
		{r.Where(f.Small.Eq(1)).RequireIndex(), ErrNoIndex, "small =; declare one with redisgen:index on Thing"},
		{r.Where(Not(f.Pass.Eq("s3cret"))).RequireIndex(), ErrNoIndex, "not (password =); declare"},
		{r.Where(f.On.Eq(true)).OrderBy(f.Count.Asc()).RequireIndex(), ErrNoIndex, "on = ordered by count; declare"},
		{r.Where(f.Tags.Has("x")).OrderBy(f.Serial.Asc()).RequireIndex(), ErrNoIndex, "tags has an element ordered by serial; declare"},
		{r.Where(Or(f.Tags.Has("a"), f.Tags.IsNil())).RequireIndex(), ErrNoIndex, "tags has an element or tags is nil; declare"},
		{r.Where(f.At.Gt(time.Time{})), nil, "Thing.at: a zero time or nil is stored as nothing"},
		{r.Where(f.Count.Gt(exactScore + 1)), ErrRange, "Thing.count: out of range"},
		{r.Where(f.Text.Eq("refuse")), errText, "Thing.text: "},
		{r.Where().Limit(0), errLimit, "1 or more"},
		{r.Where().Limit(-1), errLimit, "1 or more"},
		{r.Where().Limit(maxPage + 1), errPageLimit, "from 1 to 1000"},
		{r.Where().After("x"), ErrCursor, "cursor"},
	} {
		_, err := test.query.Page(t.Context())
		var record *RecordError
		if !errors.As(err, &record) || record.Entity != "things" || !strings.Contains(err.Error(), test.want) || test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%v, want %q", err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v", err)
		}
	}
}

// A query is a value: what is made of it leaves it as it was.
func TestQueriesAreValues(t *testing.T) {
	f := thingFields
	r := NewRepository(offline(t, Config{SweepInterval: -1}), things)
	q := r.Where(f.Owner.Eq("ann"))
	_, _ = q.OrderBy(f.At.Desc()), q.Limit(-1)
	_, _ = q.After("x"), q.Before("x")
	_ = q.Select(f.At)
	if w, err := q.q.begin(t.Context(), findIDs, nil); err != nil || w.plan.reverse || w.backward || w.at != (position{}) || q.q.selected != nil {
		t.Errorf("%+v, %v", w, err)
	}
}
