package repo

import (
	"cmp"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"
)

func FuzzLex(f *testing.F) {
	member := newLuaFunction(f, "lex", "lexmember", 2)
	integer := newLuaFunction(f, "lex", "lexint", 1)
	f.Add("a", "1", "a\x00b", "2", int64(0), uint64(0))
	f.Add("", "", "\x01", "\x00", int64(math.MinInt64), uint64(math.MaxUint64))
	f.Add("\x00", "x", "\x01\x01", "x", int64(-10), uint64(9))
	f.Add("\xff", "é", "\x01\x02", "\x00", int64(math.MaxInt64), uint64(1<<63))
	f.Fuzz(func(t *testing.T, a, idA, b, idB string, n int64, u uint64) {
		x, y := lexEscape(a)+"\x00"+idA, lexEscape(b)+"\x00"+idB
		if got, _ := member.call(t, a, idA); got != x {
			t.Errorf("lexmember(%q, %q) is %q, Go has %q", a, idA, got, x)
		}
		if want := cmp.Or(strings.Compare(a, b), strings.Compare(idA, idB)); strings.Compare(x, y) != want {
			t.Errorf("members %q and %q compare %d; values %q and %q %d", x, y, strings.Compare(x, y), a, b, want)
		}
		if _, id, _ := strings.Cut(x, "\x00"); id != idA {
			t.Errorf("the id in %q is %q, want %q", x, id, idA)
		}
		// The bounds of a range hold a member if and only if the condition holds of its value.
		for _, c := range []struct {
			what string
			condition
			holds bool
		}{
			{"=", condition{op: equals, values: []string{b}}, a == b},
			{"prefix", condition{op: prefixed, values: []string{b}}, strings.HasPrefix(a, b)},
			{">=", condition{op: within, low: b, hasLow: true}, a >= b},
			{">", condition{op: within, low: b, hasLow: true, lowOpen: true}, a > b},
			{"<=", condition{op: within, up: b, hasUp: true}, a <= b},
			{"<", condition{op: within, up: b, hasUp: true, upOpen: true}, a < b},
		} {
			bounds := lexInfo.lexSources("", c.condition)[0]
			low, high := bounds.low, bounds.high
			if got := lexWithin(x, low, high); got != c.holds {
				t.Errorf("%q %s %q: %q is between %q and %q: %v", a, c.what, b, x, low, high, got)
			}
		}

		one, two := strconv.FormatInt(n, 10), strconv.FormatUint(u, 10)
		for _, text := range []string{one, two} {
			if got, _ := integer.call(t, text); got != lexInt(text) {
				t.Errorf("lexint(%s) is %q, Go has %q", text, got, lexInt(text))
			}
		}
		want := new(big.Int).SetInt64(n).Cmp(new(big.Int).SetUint64(u))
		if got := strings.Compare(lexInt(one), lexInt(two)); got != want {
			t.Errorf("%s and %s compare %d as %q and %q", one, two, got, lexInt(one), lexInt(two))
		}
		if m := int64(u); strings.Compare(lexInt(one), lexInt(strconv.FormatInt(m, 10))) != cmp.Compare(n, m) {
			t.Errorf("%d and %d compare %d as %q and %q", n, m, -cmp.Compare(n, m), lexInt(one), lexInt(strconv.FormatInt(m, 10)))
		}
	})
}

// lexInfo is an entity of one string.
var lexInfo = &entityInfo{name: "things", goName: "Thing", fields: []FieldInfo{{Name: "name", Kind: KindString}}}

// lexWithin tells whether ZRANGEBYLEX would return a member.
func lexWithin(member, low, high string) bool {
	above := low == "-" || low[0] == '[' && member >= low[1:] || low[0] == '(' && member > low[1:]
	below := high == "+" || high[0] == '[' && member <= high[1:] || high[0] == '(' && member < high[1:]
	return above && below
}

func TestLexOnServers(t *testing.T) {
	r := random(t)
	var members, integers [][]string
	var memberWant, integerWant []string
	for range 2000 {
		value, id := awkwardString(r), awkwardString(r)
		if len(value)+len(id) > 1000 && r.IntN(20) > 0 {
			value, id = "", ""
		}
		members = append(members, []string{value, id})
		memberWant = append(memberWant, lexEscape(value)+"\x00"+id)
		text := strconv.FormatInt(int64(r.Uint64())>>r.IntN(64), 10)
		if r.IntN(2) == 0 {
			text = strconv.FormatUint(r.Uint64()>>r.IntN(64), 10)
		}
		integers = append(integers, []string{text})
		integerWant = append(integerWant, lexInt(text))
	}
	for _, n := range []int64{0, -1, 9, -9, 10, -10, math.MaxInt64, math.MinInt64} {
		integers = append(integers, []string{strconv.FormatInt(n, 10)})
		integerWant = append(integerWant, lexInt(strconv.FormatInt(n, 10)))
	}
	newLuaFunction(t, "lex", "lexmember", 2).agree(t, members, memberWant)
	newLuaFunction(t, "lex", "lexint", 1).agree(t, integers, integerWant)
}

func TestSuccessor(t *testing.T) {
	for s, want := range map[string]string{"": "", "a": "b", "a\xff": "b", "\xff\xff": "", "a\x00": "a\x01", "\xfe\xff\xff": "\xff"} {
		if got := successor(s); got != want {
			t.Errorf("successor(%q) = %q, want %q", s, got, want)
		}
	}
}
