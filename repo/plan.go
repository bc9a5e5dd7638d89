package repo

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// plan is how a query is answered: by the entries of one index between two
// bounds, in ascending or descending order.
type plan struct {
	index     Index
	key       string // of the index in Redis
	value     string // of a unique index
	by        string // score or lex
	low, high string
	reverse   bool
}

// condition is a predicate with its values as stored.
type condition struct {
	field           int
	op              predicateOp
	low, up         string // as the indexes have them
	hasLow, hasUp   bool
	lowOpen, upOpen bool
}

// condition encodes a predicate.
func (p predicate) condition(info *entityInfo) (condition, error) {
	c := condition{field: p.field, op: p.op, hasLow: p.low != nil, hasUp: p.up != nil, lowOpen: p.lowOpen, upOpen: p.upOpen}
	for _, bound := range []struct {
		put func(*Row)
		to  *string
	}{{p.low, &c.low}, {p.up, &c.up}} {
		if bound.put == nil {
			continue
		}
		row := newRow(info)
		row.at = p.field
		if bound.put(row); row.err != nil {
			return c, row.err
		}
		value, ok := row.folded(p.field)
		if !ok {
			return c, info.fieldError(p.field, fmt.Errorf("a zero time or nil is stored as nothing and has no place in an index"))
		}
		*bound.to = value
	}
	return c, nil
}

// planQuery finds the index that answers a query.
func planQuery(info *entityInfo, at space, conditions []condition, order int, reverse bool) (*plan, error) {
	conditions, err := mergeBounds(info, conditions)
	if err != nil {
		return nil, err
	}
	if len(conditions) == 0 && order < 0 {
		return listingPlan(info, at, reverse), nil
	}
	for _, kind := range []IndexKind{IndexUnique, IndexEqual, IndexScore, IndexLex} {
		for _, ix := range info.indexes {
			if ix.Kind != kind {
				continue
			}
			if p := planIndex(info, at, ix, conditions, order); p != nil {
				p.reverse = reverse
				return p, nil
			}
		}
	}
	return nil, noIndex(info, conditions, order)
}

// listingPlan walks all records.
func listingPlan(info *entityInfo, at space, reverse bool) *plan {
	p := &plan{key: at.all(), by: "score", low: "-inf", high: "+inf", reverse: reverse}
	if info.listing >= 0 {
		p.index = info.indexes[info.listing]
		p.key = at.index(p.index, nil)
	}
	return p
}

// mergeBounds makes one condition of a lower and an upper bound of a field.
func mergeBounds(info *entityInfo, conditions []condition) ([]condition, error) {
	var merged []condition
	for _, c := range conditions {
		i := slices.IndexFunc(merged, func(m condition) bool { return m.field == c.field })
		if i < 0 {
			merged = append(merged, c)
			continue
		}
		m := &merged[i]
		if m.op != within || c.op != within || m.hasLow == c.hasLow || m.hasUp == c.hasUp {
			return nil, fmt.Errorf("%w: two conditions on %s that are not a lower and an upper bound", ErrNoIndex, info.fields[c.field].Name)
		}
		if c.hasLow {
			m.low, m.hasLow, m.lowOpen = c.low, true, c.lowOpen
		} else {
			m.up, m.hasUp, m.upOpen = c.up, true, c.upOpen
		}
	}
	return merged, nil
}

// planIndex returns how an index answers all conditions in an order, nil if it
// does not.
func planIndex(info *entityInfo, at space, ix Index, conditions []condition, order int) *plan {
	switch ix.Kind {
	case IndexScore, IndexLex:
		return planRange(info, at, ix, conditions, order)
	case IndexUnique:
		if order >= 0 {
			return nil
		}
	case IndexEqual:
		if order >= 0 && (ix.Order == nil || *ix.Order != order) {
			return nil
		}
	}
	values := make([]string, len(ix.Fields))
	equal := 0
	p := &plan{index: ix, by: "score", low: "-inf", high: "+inf"}
	for _, c := range conditions {
		i := slices.Index(ix.Fields, c.field)
		switch {
		case i >= 0 && (c.op == equals && !ix.Each || c.op == contains && ix.Each):
			values[i] = c.low
			equal++
		case ix.Order != nil && *ix.Order == c.field && (c.op == within || c.op == equals):
			p.low, p.high = scoreBounds(info, c)
			if !c.hasLow {
				p.low = leastScore
			}
		default:
			return nil
		}
	}
	if equal != len(ix.Fields) {
		return nil
	}
	p.key = at.index(ix, values)
	p.value = joinValues(values)
	return p
}

// leastScore is the least score of a value; -inf is that of an absent one. The
// embedded store takes (-inf for -inf.
var leastScore = strconv.FormatFloat(-math.MaxFloat64, 'g', -1, 64)

// planRange plans for an index that keeps records in the order of one field.
func planRange(info *entityInfo, at space, ix Index, conditions []condition, order int) *plan {
	field := ix.Fields[0]
	if order >= 0 && order != field || len(conditions) > 1 || len(conditions) == 1 && conditions[0].field != field {
		return nil
	}
	p := &plan{index: ix, key: at.index(ix, nil), by: "score", low: "-inf", high: "+inf"}
	if ix.Kind == IndexLex {
		p.by, p.low, p.high = "lex", "-", "+"
	}
	if len(conditions) == 0 {
		return p
	}
	c := conditions[0]
	switch {
	case c.op == contains, c.op == prefixed && ix.Kind != IndexLex:
		return nil
	case ix.Kind == IndexLex:
		p.low, p.high = lexBounds(info, c)
	default:
		p.low, p.high = scoreBounds(info, c)
	}
	return p
}

// scoreBounds returns the bounds of a condition as ZCOUNT takes them.
func scoreBounds(info *entityInfo, c condition) (low, high string) {
	score := func(value string, open bool) string {
		if info.fields[c.field].Kind == KindTime {
			t, _ := parseTime(value) // value is of Row.Time
			value = strconv.FormatInt(t.UnixMicro(), 10)
		}
		if open {
			return "(" + value
		}
		return value
	}
	low, high = "-inf", "+inf"
	if c.hasLow {
		low = score(c.low, c.lowOpen)
	}
	if c.hasUp {
		high = score(c.up, c.upOpen)
	}
	if c.op == equals {
		high = low
	}
	return low, high
}

// lexBounds returns the bounds of a condition as ZLEXCOUNT takes them. Members
// are value, NUL, id; a value has no NUL, so the members of a value lie between
// it and it followed by \x01.
func lexBounds(info *entityInfo, c condition) (low, high string) {
	form := lexEscape
	if k := info.fields[c.field].Kind; k == KindInt || k == KindUint {
		form = lexInt
	}
	low, high = "-", "+"
	switch {
	case c.op == equals:
		v := form(c.low)
		return "[" + v, "(" + v + "\x01"
	case c.op == prefixed:
		v := form(c.low)
		if v == "" {
			return low, high
		}
		low = "[" + v
		if next := successor(v); next != "" {
			high = "(" + next
		}
		return low, high
	}
	if c.hasLow {
		low = "[" + form(c.low)
		if c.lowOpen {
			low += "\x01"
		}
	}
	if c.hasUp {
		high = "(" + form(c.up)
		if !c.upOpen {
			high += "\x01"
		}
	}
	return low, high
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

// noIndex says what index a query would need.
func noIndex(info *entityInfo, conditions []condition, order int) error {
	var parts []string
	for _, c := range conditions {
		what := map[predicateOp]string{equals: "=", within: "in a range", prefixed: "by prefix", contains: "has an element"}[c.op]
		parts = append(parts, info.fields[c.field].Name+" "+what)
	}
	text := strings.Join(parts, " and ")
	if order >= 0 {
		text = strings.TrimSpace(text + " ordered by " + info.fields[order].Name)
	}
	return fmt.Errorf("%w: %s; declare one with redisgen:index on %s", ErrNoIndex, text, info.goName)
}
