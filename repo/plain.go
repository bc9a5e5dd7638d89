package repo

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A page that one part of an index answers alone can be read without a script:
// its entries by one command, and its records by a pipeline of another. That is
// a round trip more, and a third of the server's work.

// scriptRow is by how much longer the script takes for a record than plain
// commands do; BenchmarkNetwork in tests/bench measures it.
const scriptRow = 3 * time.Microsecond

// tieRoom is how many entries of the score of the last page are read with those
// of the next.
const tieRoom = 16

// trip is the time of the fastest round trip so far.
type trip struct{ least atomic.Int64 }

// took notes that a round trip took so long.
func (t *trip) took(d time.Duration) {
	for {
		least := t.least.Load()
		if d <= 0 || least > 0 && least <= int64(d) || t.least.CompareAndSwap(least, int64(d)) {
			return
		}
	}
}

// plain tells whether plain commands are the faster way to a page of so many
// records, and if they lead there at all.
func (w *walk) plain(limit int) bool {
	if w.what != findRows || len(w.plan.groups) != 1 || len(w.plan.groups[0]) != 1 {
		return false
	}
	a := &w.plan.groups[0][0]
	answered := len(a.rest) == 0 && len(a.sources) == 1 && a.how[0] == "walk"
	return answered && time.Duration(w.core.client.trip.least.Load()) < time.Duration(limit)*scriptRow
}

// entry is an entry of an index.
type entry struct{ score, member string }

// errUnplain is what plain commands end with where only the script can go on: it
// steps over any number of ties, and removes entries without a record.
var errUnplain = errors.New("the script has to do it")

// plainPage is page without a script: it returns the records, the positions of
// the first and of the last of them in w.at, and whether there are more. It leaves
// w as it was if it returns an error.
func (w *walk) plainPage(ctx context.Context, limit int, selected []bool) (first position, more bool, list []any, err error) {
	entries, err := w.entries(ctx, limit+1)
	if err != nil {
		return first, false, nil, err
	}
	n := min(limit, len(entries))
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = w.idOf(e)
	}
	list, err = w.core.readList(ctx, ids[:n], ids[n:], selected)
	if err != nil {
		return first, false, nil, err
	}
	if n > 0 {
		first = w.positionOf(entries[0], w.backward)
		w.at = w.positionOf(entries[n-1], !w.backward)
	}
	w.core.client.stats.add(int64(n), int64(n), 0)
	return first, len(entries) > n, list, nil
}

func (w *walk) idOf(e entry) string {
	if w.plan.groups[0][0].sources[0].by == "lex" {
		_, id, _ := strings.Cut(e.member, "\x00")
		return id
	}
	return e.member
}

func (w *walk) positionOf(e entry, behind bool) position {
	at := position{behind: behind, score: e.score, member: e.member}
	if !w.plan.ordered {
		at.alternative = 1
	}
	return at
}

// entries reads up to n entries from where the walk is.
func (w *walk) entries(ctx context.Context, n int) ([]entry, error) {
	s := w.plan.groups[0][0].sources[0]
	reverse := w.plan.reverse != w.backward
	near, far := &s.low, &s.high
	if reverse {
		near, far = far, near
	}
	room := 0
	if w.at.score != "" && s.by == "lex" {
		w.narrowLex(near, reverse)
	} else if w.at.score != "" {
		room = tieRoom
		narrowScore(near, w.at.score, reverse)
	}
	command, scores := "zrangebyscore", []any{"withscores"}
	switch {
	case s.by == "lex" && reverse:
		command, scores = "zrevrangebylex", nil
	case s.by == "lex":
		command, scores = "zrangebylex", nil
	case reverse:
		command = "zrevrangebyscore"
	}
	args := append([]any{command, string(w.core.space) + s.key, *near, *far, "limit", "0", strconv.Itoa(n + room)}, scores...)
	reply, err := w.core.client.do(ctx, &call{args: args})
	if err != nil {
		return nil, err
	}
	found, err := parseEntries(reply, s.by)
	if err != nil {
		return nil, err
	}
	full := len(found) == n+room
	if room > 0 {
		found = w.behind(found, reverse)
	}
	if full && len(found) < n {
		return nil, errUnplain // more ties than there was room for
	}
	return found[:min(n, len(found))], nil
}

// narrowScore moves a bound to a score if that is farther on.
func narrowScore(bound *string, score string, reverse bool) {
	value := strings.TrimPrefix(*bound, "(")
	least, err := strconv.ParseFloat(value, 64)
	at, atErr := strconv.ParseFloat(score, 64)
	if err == nil && atErr == nil && (at > least) != reverse && at != least {
		*bound = score
	}
}

// narrowLex moves a bound to the member at which the walk is if that is farther
// on.
func (w *walk) narrowLex(bound *string, reverse bool) {
	side := "["
	if w.at.behind != w.backward {
		side = "("
	}
	member := ""
	if len(*bound) > 1 {
		member = (*bound)[1:]
	}
	if *bound == "-" || *bound == "+" || member != w.at.member && (member < w.at.member) != reverse || member == w.at.member && side == "(" {
		*bound = side + w.at.member
	}
}

// behind leaves out the entries that come before the place where the walk is.
func (w *walk) behind(list []entry, reverse bool) []entry {
	at, err := strconv.ParseFloat(w.at.score, 64)
	if err != nil {
		return list
	}
	for i, e := range list {
		score, err := strconv.ParseFloat(e.score, 64)
		if err != nil {
			return list
		}
		tie := score == at && (e.member == w.at.member && w.at.behind != w.backward || e.member != w.at.member && (e.member < w.at.member) != reverse)
		if !tie {
			return list[i:]
		}
	}
	return nil
}

// parseEntries reads a reply with members and their scores, which RESP3 pairs and
// RESP2 does not; or with members alone.
func parseEntries(reply, by string) ([]entry, error) {
	v := values{reply}
	n, err := v.array()
	if err != nil {
		return nil, err
	}
	paired := strings.HasPrefix(v.data, "*")
	if by == "score" && !paired {
		n /= 2
	}
	list := make([]entry, 0, min(max(n, 0), maxPage+1+tieRoom))
	for range n {
		e := entry{score: "0"}
		if paired {
			if _, err := v.array(); err != nil {
				return nil, err
			}
		}
		if e.member, _, err = v.next(); err != nil {
			return nil, err
		}
		if by == "score" {
			if e.score, _, err = v.next(); err != nil {
				return nil, err
			}
		}
		list = append(list, e)
	}
	return list, nil
}

// readList reads records in one pipeline, and sees to it that others are there.
// If one of either is gone, it is errUnplain.
func (c *core) readList(ctx context.Context, ids, others []string, selected []bool) ([]any, error) {
	calls := c.readCalls(ids, c.rowsOf(selected)[1:])
	for _, id := range others {
		calls = append(calls, &call{args: []any{"exists", c.space.record(id)}})
	}
	list := make([]any, len(ids))
	replies, errs := c.client.doAll(ctx, calls)
	for i, err := range errs {
		switch {
		case err != nil:
			return nil, err
		case i >= len(ids):
			if n, err := parseInt(replies[i]); err != nil || n == 0 {
				return nil, errUnplain
			}
			continue
		case selected == nil:
			list[i], err = c.decodeReply(replies[i])
		default:
			list[i], err = c.decodeRow(&values{replies[i]}, selected)
		}
		if errors.Is(err, ErrNotFound) {
			return nil, errUnplain
		} else if err != nil {
			return nil, err
		}
	}
	return list, nil
}
