package repo

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// edge is a bound of a source as a place in its order.
type edge struct {
	end    int // -1: before everything, 1: behind everything, 0: at a place
	score  float64
	member string
	side   int // of the place: -1 before, 1 behind
}

// edges returns where a source begins and ends.
func (s source) edges() (low, high edge) {
	return s.edge(s.low, -1), s.edge(s.high, 1)
}

// edge returns the place of a bound; outward is the side that the bound is on if
// it is itself in.
func (s source) edge(bound string, outward int) edge {
	switch {
	case bound == "-" || bound == "-inf":
		return edge{end: -1}
	case bound == "+" || bound == "+inf":
		return edge{end: 1}
	}
	e := edge{side: outward}
	text, open := strings.CutPrefix(bound, "(")
	if open {
		e.side = -outward
	}
	if s.by == "lex" {
		e.member = strings.TrimPrefix(text, "[")
	} else {
		e.score, _ = strconv.ParseFloat(text, 64) // of scoreSources
	}
	return e
}

func compareEdges(a, b edge) int {
	return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.score, b.score), strings.Compare(a.member, b.member), cmp.Compare(a.side, b.side))
}

// joinRanges makes one source of those of an index that overlap or touch.
func joinRanges(sources []source) []source {
	slices.SortStableFunc(sources, func(a, b source) int {
		low, _ := a.edges()
		other, _ := b.edges()
		return cmp.Or(strings.Compare(a.key, b.key), compareEdges(low, other))
	})
	var joined []source
	for _, s := range sources {
		if n := len(joined); n > 0 && joined[n-1].key == s.key && s.by != "value" {
			last := &joined[n-1]
			_, end := last.edges()
			begin, high := s.edges()
			if compareEdges(begin, end) <= 0 {
				if compareEdges(high, end) > 0 {
					last.high = s.high
				}
				continue
			}
		}
		joined = append(joined, s)
	}
	return joined
}

// oneKey tells whether the sources are parts of one index, in which no two of them
// have an entry in common.
func oneKey(sources []source) bool {
	return !slices.ContainsFunc(sources, func(s source) bool { return s.key != sources[0].key || s.by == "value" })
}
