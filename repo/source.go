package repo

import (
	"math"
	"strconv"
	"strings"
)

// source is the part of an index between two bounds.
type source struct {
	key       string // of the index, in the keyspace of the entity
	by        string // score, lex, or value: a unique index, whose one value is low
	low, high string
}

// everything returns the source of all entries of an index.
func everything(key, by string) source {
	if by == "lex" {
		return source{key, by, "-", "+"}
	}
	return source{key, by, "-inf", "+inf"}
}

// leastScore is the least score of a value; -inf is that of an absent one. The
// embedded store takes (-inf for -inf.
var leastScore = strconv.FormatFloat(-math.MaxFloat64, 'g', -1, 64)

// present leaves out the entries of records without the field that orders them.
func (s source) present() source {
	if s.by == "score" && s.low == "-inf" {
		s.low = leastScore
	}
	return s
}

// scoreSources returns the parts of a sorted set whose scores are a field that
// meet a condition on it; nil if the condition says nothing of the order.
func (info *entityInfo) scoreSources(key string, c condition) []source {
	switch c.op {
	case equals:
		sources := make([]source, len(c.values))
		for i, v := range c.values {
			score := info.score(c.field, v)
			sources[i] = source{key, "score", score, score}
		}
		return joinRanges(sources) // 0 and -0 are one
	case within:
		s := everything(key, "score")
		if c.hasLow {
			s.low = opening(c.lowOpen) + info.score(c.field, c.low)
		}
		if c.hasUp {
			s.high = opening(c.upOpen) + info.score(c.field, c.up)
		}
		return []source{s}
	}
	return nil
}

func opening(is bool) string {
	if is {
		return "("
	}
	return ""
}

// score returns the score of a stored value.
func (info *entityInfo) score(field int, value string) string {
	if info.fields[field].Kind == KindTime {
		t, _ := parseTime(value) // value is of Row.Time
		return strconv.FormatInt(t.UnixMicro(), 10)
	}
	return value
}

// lexSources is scoreSources for a lex index. Its members are value, NUL, id;
// a value has no NUL, so the members of a value lie between it and it followed
// by \x01.
func (info *entityInfo) lexSources(key string, c condition) []source {
	form := lexEscape
	if info.isInteger(c.field) {
		form = lexInt
	}
	s := everything(key, "lex")
	switch {
	case c.op == equals, c.op == prefixed && !info.hasPrefixes(c.field):
		sources := make([]source, len(c.values))
		for i, v := range c.values {
			v = form(v)
			sources[i] = source{key, "lex", "[" + v, "(" + v + "\x01"}
		}
		return sources
	case c.op == prefixed:
		if v := form(c.values[0]); v != "" {
			s.low = "[" + v
			if next := successor(v); next != "" {
				s.high = "(" + next
			}
		}
		return []source{s}
	case c.op != within:
		return nil
	}
	if c.hasLow {
		s.low = "[" + form(c.low)
		if c.lowOpen {
			s.low += "\x01"
		}
	}
	if c.hasUp {
		s.high = "(" + form(c.up)
		if !c.upOpen {
			s.high += "\x01"
		}
	}
	return []source{s}
}

func (info *entityInfo) isInteger(field int) bool {
	k := info.fields[field].Kind
	return k == KindInt || k == KindUint
}

// hasPrefixes tells whether the beginning of a field's value means anything.
func (info *entityInfo) hasPrefixes(field int) bool {
	return !info.isInteger(field) && info.fields[field].Kind != KindTime
}

// lexEscape is the value part of lexmember in repo/lua/lex.lua.
func lexEscape(value string) string {
	return strings.NewReplacer("\x00", "\x01\x01", "\x01", "\x01\x02").Replace(value)
}

// lexInt is lexint in repo/lua/lex.lua.
func lexInt(text string) string {
	digits, negative := strings.CutPrefix(text, "-")
	digits = strings.Repeat("0", 20-len(digits)) + digits
	if !negative {
		return "1" + digits
	}
	complement := []byte("0" + digits)
	for i := 1; i < len(complement); i++ {
		complement[i] = '0' + '9' - complement[i]
	}
	return string(complement)
}

// successor returns the least string that is greater than all that begin with
// s; "" if there is none.
func successor(s string) string {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] < 0xff {
			return s[:i] + string([]byte{s[i] + 1})
		}
	}
	return ""
}
