package repo

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// The fields of a thing, as generated code would name them.
var thingFields = struct {
	Name   LexField[*thing, string]
	On     EqualField[*thing, bool]
	Count  RangeNumber[*thing, uint64]
	At     RangeField[*thing, time.Time]
	Text   EqualField[*thing, text]
	Tags   MemberField[*thing, []string, string]
	Owner  EqualField[*thing, string]
	Serial LexNumber[*thing, int64]
	Pass   Equal[*thing, string]
	Small  Equal[*thing, int8] // has no index
}{
	Name:   NewLexField[*thing](thingName, PutString[string]),
	On:     NewEqualField[*thing](thingOn, PutBool[bool]),
	Count:  NewRangeNumber[*thing](thingCount, PutUint[uint64]),
	At:     NewRangeField[*thing](thingAt, PutTime),
	Text:   NewEqualField[*thing](thingText, PutText[text]),
	Tags:   NewMemberField[*thing](thingTags, PutJSON[[]string], PutString[string]),
	Owner:  NewEqualField[*thing](thingOwner, PutString[string]),
	Serial: NewLexNumber[*thing](thingSerial, PutInt[int64]),
	Pass:   NewEqual[*thing](thingPassword, PutString[string]),
	Small:  NewEqual[*thing](thingSmall, PutInt[int8]),
}

var epoch = time.Unix(0, 0)

func TestPlans(t *testing.T) {
	f := thingFields
	r := NewRepository(offline(t, Config{Prefix: "p:", SweepInterval: -1}), things)
	where := r.Where
	for _, test := range []struct {
		name  string
		query Query[*thing]
		want  string // key, score or lex, bounds
	}{
		{"all", where(), "a score -inf +inf"},
		{"unique", where(f.Text.Eq("x")), "u:text score -inf +inf"},
		{"unique group", where(f.Owner.Eq("ann"), f.Pass.Eq("x")), "u:login score -inf +inf"},
		{"unique group, turned round", where(f.Pass.Eq("x"), f.Owner.Eq("ann")), "u:login score -inf +inf"},
		{"equal", where(f.On.Eq(true)), "i:on:1 score -inf +inf"},
		{"element", where(f.Tags.Has("a:b")), "i:tags:a:b score -inf +inf"},
		{"no element", where(f.Tags.Has("")), "i:tags: score -inf +inf"},
		{"prefix of a composite index", where(f.Owner.Eq("ann")), "i:owner/at:ann score -inf +inf"},
		{"composite", where(f.Owner.Eq("ann"), f.On.Eq(false)), "i:owner,on/count:3:ann0 score -inf +inf"},
		{"composite, ordered", where(f.On.Eq(false), f.Owner.Eq("ann")).OrderBy(f.Count.Desc()), "i:owner,on/count:3:ann0 score -inf +inf desc"},
		{"equal, ordered", where(f.Owner.Eq("ann")).OrderBy(f.At.Asc()), "i:owner/at:ann score -inf +inf"},
		{"equal and a range", where(f.Owner.Eq("ann"), f.At.Gt(epoch)), "i:owner/at:ann score (0 +inf"},
		{"equal and an upper bound leaves out what has none", where(f.Owner.Eq("ann"), f.At.Lte(epoch)), "i:owner/at:ann score -1.7976931348623157e+308 0"},
		{"equal and both bounds", where(f.At.Gte(epoch), f.Owner.Eq("ann"), f.At.Lt(epoch.Add(time.Second))), "i:owner/at:ann score 0 (1000000"},
		{"equal and the order's value", where(f.Owner.Eq("ann"), f.At.Eq(epoch)), "i:owner/at:ann score 0 0"},
		{"range", where(f.Count.Between(3, 7)), "s:count score 3 7"},
		{"range of halves", where(f.Count.Gt(3), f.Count.Lt(7)).OrderBy(f.Count.Desc()), "s:count score (3 (7 desc"},
		{"range of halves, turned round", where(f.Count.Lte(7), f.Count.Gte(3)), "s:count score 3 7"},
		{"value", where(f.Count.Eq(3)), "s:count score 3 3"},
		{"lower bound", where(f.Count.Gte(3)), "s:count score 3 +inf"},
		{"upper bound", where(f.Count.Lt(3)), "s:count score -inf (3"},
		{"time before 1970", where(f.At.Lt(epoch.Add(-1500 * time.Nanosecond))), "s:at score -inf (-2"},
		{"order", where().OrderBy(f.At.Desc()), "s:at score -inf +inf desc"},
		{"order by bytes", where().OrderBy(f.Name.Asc()), "l:name lex - +"},
		{"folded value", where(f.Name.Eq("Ann")), "l:name lex [ann (ann\x01"},
		{"folded prefix", where(f.Name.Prefix("AN")), "l:name lex [an (ao"},
		{"any prefix", where(f.Name.Prefix("")), "l:name lex - +"},
		{"prefix without successor", where(f.Name.Prefix("\xff\xff")), "l:name lex [\xff\xff +"},
		{"range of bytes", where(f.Name.Gt("a"), f.Name.Lte("b")), "l:name lex [a\x01 (b\x01"},
		{"range of bytes, from and below", where(f.Name.Gte("a"), f.Name.Lt("b")), "l:name lex [a (b"},
		{"NUL", where(f.Name.Eq("\x00")), "l:name lex [\x01\x01 (\x01\x01\x01"},
		{"integer by bytes", where(f.Serial.Eq(-1)), "l:serial lex [099999999999999999998 (099999999999999999998\x01"},
		{"integers by bytes", where(f.Serial.Gte(5)).OrderBy(f.Serial.Desc()), "l:serial lex [100000000000000000005 + desc"},
	} {
		p, at, err := test.query.q.plan()
		if err != nil || at != (position{}) {
			t.Errorf("%s: %v, begins at %q", test.name, err, at)
			continue
		}
		got := strings.TrimPrefix(p.key, "p:{things}:") + " " + p.by + " " + p.low + " " + p.high
		if p.reverse {
			got += " desc"
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	p, _, err := where(f.Owner.Eq("ann"), f.Pass.Eq("x")).q.plan()
	if err != nil || p.value != "3:annx" {
		t.Errorf("the value of a unique group is %q, %v", p.value, err)
	}
}

func TestQueriesWithoutPlan(t *testing.T) {
	f := thingFields
	r := NewRepository(offline(t, Config{SweepInterval: -1}), things)
	for _, test := range []struct {
		query Query[*thing]
		is    error
		want  string
	}{
		{r.Where(f.Small.Eq(1)), ErrNoIndex, "small =; declare one with redisgen:index on Thing"},
		{r.Where(f.Pass.Eq("s3cret")), ErrNoIndex, "password =; declare"},
		{r.Where(f.On.Eq(true), f.Count.Gt(1)), ErrNoIndex, "on = and count in a range; declare"},
		{r.Where(f.On.Eq(true)).OrderBy(f.Count.Asc()), ErrNoIndex, "on = ordered by count; declare"},
		{r.Where(f.Text.Eq("x")).OrderBy(f.At.Asc()), ErrNoIndex, "text = ordered by at; declare"},
		{r.Where(f.Tags.Has("a"), f.Tags.Has("b")), ErrNoIndex, "two conditions on tags"},
		{r.Where(f.Tags.Has("a"), f.Owner.Eq("ann")), ErrNoIndex, "tags has an element and owner =; declare"},
		{r.Where(f.Name.Prefix("a"), f.Name.Gt("b")), ErrNoIndex, "two conditions on name"},
		{r.Where(f.Name.Prefix("a")).OrderBy(f.Count.Asc()), ErrNoIndex, "name by prefix ordered by count; declare"},
		{r.Where(f.Count.Gt(1), f.Count.Gte(2)), ErrNoIndex, "two conditions on count that are not a lower and an upper bound"},
		{r.Where(f.Count.Between(1, 2), f.Count.Lt(2)), ErrNoIndex, "two conditions on count"},
		{r.Where(f.Count.Eq(1), f.Count.Lt(2)), ErrNoIndex, "two conditions on count"},
		{r.Where(f.At.Eq(time.Time{})), nil, "Thing.at: a zero time or nil is stored as nothing"},
		{r.Where(f.Count.Gt(exactScore + 1)), ErrRange, "Thing.count: out of range"},
		{r.Where(f.Text.Eq("refuse")), errText, "Thing.text: "},
		{r.Where().Limit(0), errLimit, "from 1 to 1000"},
		{r.Where().Limit(-1), errLimit, "from 1 to 1000"},
		{r.Where().Limit(maxPage + 1), errLimit, "from 1 to 1000"},
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
	_ = q.After("x")
	if p, at, err := q.q.plan(); err != nil || p.reverse || at != (position{}) {
		t.Errorf("%+v at %q, %v", p, at, err)
	}
}
