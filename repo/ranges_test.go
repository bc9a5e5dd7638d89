package repo

import (
	"fmt"
	"strconv"
	"testing"
)

// What ranges hold, and in how many parts, does not change when those that overlap
// are joined.
func TestJoinRanges(t *testing.T) {
	r := random(t)
	for range 2000 {
		by := []string{"score", "lex"}[r.IntN(2)]
		bound := func(infinite string, included string) string {
			switch r.IntN(5) {
			case 0:
				return infinite
			case 1:
				return "(" + strconv.Itoa(r.IntN(10))
			}
			return included + strconv.Itoa(r.IntN(10))
		}
		var sources []source
		for range 1 + r.IntN(5) {
			s := source{key: "k" + strconv.Itoa(r.IntN(2)), by: by}
			if by == "lex" {
				s.low, s.high = bound("-", "["), bound("+", "[")
			} else {
				s.low, s.high = bound("-inf", ""), bound("+inf", "")
			}
			sources = append(sources, s)
		}
		before := fmt.Sprint(sources)
		held := map[string]int{}
		for _, s := range sources {
			for n := range 10 {
				if s.holds(n) {
					held[s.key+strconv.Itoa(n)] = 1
				}
			}
		}
		joined := joinRanges(sources)
		for _, s := range joined {
			for n := range 10 {
				if s.holds(n) {
					held[s.key+strconv.Itoa(n)]--
				}
			}
		}
		for entry, n := range held {
			if n != 0 {
				t.Fatalf("%s joined is %v: %s is missing, in there twice, or new", before, joined, entry)
			}
		}
	}
}

// holds tells whether a range of one digit has a number in it.
func (s source) holds(n int) bool {
	low, high := s.edges()
	at := edge{score: float64(n)}
	if s.by == "lex" {
		at = edge{member: strconv.Itoa(n)}
	}
	return compareEdges(low, at) < 0 && compareEdges(at, high) < 0
}
