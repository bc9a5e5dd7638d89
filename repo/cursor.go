package repo

import (
	"crypto/sha256"
	"encoding/base64"
	"math"
	"strconv"
	"strings"
)

// position is a place in an index: behind an entry. The zero position is the
// beginning.
type position struct {
	score, member string
}

// shape identifies a query, so that its cursors are not taken for another's.
func (p *plan) shape() string {
	direction := "asc"
	if p.reverse {
		direction = "desc"
	}
	sum := sha256.Sum256([]byte(joinValues([]string{p.key, p.by, p.low, p.high, direction})))
	return string(sum[:8])
}

// cursor returns the position for the caller to keep: the shape of the query,
// the score, a NUL and the member, in URL-safe base64.
func (at position) cursor(p *plan) string {
	return base64.RawURLEncoding.EncodeToString([]byte(p.shape() + at.score + "\x00" + at.member))
}

// parseCursor returns the position that a cursor stands for.
func parseCursor(cursor string, p *plan) (position, error) {
	if cursor == "" {
		return position{}, nil
	}
	data, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return position{}, ErrCursor
	}
	rest, ok := strings.CutPrefix(string(data), p.shape())
	if !ok {
		return position{}, ErrCursor
	}
	score, member, ok := strings.Cut(rest, "\x00")
	if !ok || member == "" && p.by == "lex" {
		return position{}, ErrCursor
	}
	if f, err := strconv.ParseFloat(score, 64); err != nil || math.IsNaN(f) {
		return position{}, ErrCursor
	}
	return position{score, member}, nil
}
