package repo

import (
	"crypto/sha256"
	"encoding/base64"
	"math"
	"strconv"
	"strings"
)

// position is a place between two entries of what a query goes through. Without a
// score it is the beginning or the end of a group; the zero position is the
// beginning of all.
type position struct {
	shard         int  // of those that are asked, if the query has no order
	group         int  // of the plan
	alternative   int  // the way taken, from 1; 0: any will do
	behind        bool // the entry, else before it
	score, member string
}

// turned returns the position from which to go on in a direction: where one group
// ends the next begins.
func (at position) turned(backward bool) position {
	switch {
	case at.score != "" || at.behind == backward:
		return at
	case backward:
		return position{shard: at.shard, group: at.group - 1, behind: true}
	}
	return position{shard: at.shard, group: at.group + 1}
}

// identify returns what tells a query from others, so that its cursors are not
// taken for another's.
func (p *plan) identify() string {
	if p.shape != "" {
		return p.shape
	}
	parts := []string{p.mark, strconv.FormatBool(p.reverse)}
	for _, name := range p.names {
		parts = append(parts, name.(string))
	}
	for _, group := range p.groups {
		for i := range group {
			parts = append(parts, group[i].shape()...)
		}
	}
	sum := sha256.Sum256([]byte(joinValues(parts)))
	p.shape = string(sum[:8])
	return p.shape
}

// cursor returns the position for the caller to keep: the shape of the query, shard,
// group, alternative and side, the score, a NUL and the member, in URL-safe
// base64.
func (at position) cursor(p *plan) string {
	side := byte(0)
	if at.behind {
		side = 1
	}
	head := string([]byte{byte(at.shard >> 8), byte(at.shard), byte(at.group >> 8), byte(at.group), byte(at.alternative), side})
	return base64.RawURLEncoding.EncodeToString([]byte(p.identify() + head + at.score + "\x00" + at.member))
}

// parseCursor returns the position that a cursor stands for.
func parseCursor(cursor string, p *plan, shards int) (at position, err error) {
	if cursor == "" {
		return at, nil
	}
	data, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return at, ErrCursor
	}
	rest, ok := strings.CutPrefix(string(data), p.identify())
	if !ok || len(rest) < 6 {
		return at, ErrCursor
	}
	at = position{
		shard: int(rest[0])<<8 | int(rest[1]), group: int(rest[2])<<8 | int(rest[3]), alternative: int(rest[4]), behind: rest[5] == 1,
	}
	if at.shard >= shards || at.group >= len(p.groups) || at.alternative > len(p.groups[at.group]) || rest[5] > 1 {
		return position{}, ErrCursor
	}
	if at.score, at.member, ok = strings.Cut(rest[6:], "\x00"); !ok {
		return position{}, ErrCursor
	}
	if f, err := strconv.ParseFloat(at.score, 64); at.score != "" && (err != nil || math.IsNaN(f)) {
		return position{}, ErrCursor
	}
	return at, nil
}
