package repo

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A page is read by the script in one round trip, or in two: first the ids of the
// records, then the records by a pipeline of plain commands, which costs the server
// a third of what it costs a script to read them. If one part of an index answers
// the query alone, a plain command reads the ids too.

// scriptRow is by how much longer the script takes for a record than plain
// commands do; BenchmarkNetwork in tests/bench measures it.
const scriptRow = 3 * time.Microsecond

// guess is how long a round trip is taken to be before one was seen.
const guess = 100 * time.Microsecond

// tieRoom is how many entries of the score of the last page are read with those
// of the next.
const tieRoom = 16

// trip is how long a round trip takes: as the configuration has it, or else the
// fastest so far.
type trip struct {
	fixed time.Duration
	least atomic.Int64
}

// took notes that a round trip took so long.
func (t *trip) took(d time.Duration) {
	for {
		least := t.least.Load()
		if d <= 0 || least > 0 && least <= int64(d) || t.least.CompareAndSwap(least, int64(d)) {
			return
		}
	}
}

// short tells whether a round trip takes less time than plain commands save on so
// many records.
func (t *trip) short(records int) bool {
	d := cmp.Or(t.fixed, time.Duration(t.least.Load()), guess)
	return d < time.Duration(records)*scriptRow
}

// errGone is what reading records ends with if one is gone since its id was read.
var errGone = errors.New("a record is gone")

// apart reads a page in two round trips. It leaves w as it was if it returns an
// error; errGone and errTies are for the script to deal with.
func (w *walk) apart(ctx context.Context, limit int, selected []bool) (first position, more bool, list []any, err error) {
	at := *w
	at.what, at.tail = findIDs, nil
	var ids []string
	if w.plain() {
		first, more, ids, err = at.plainIDs(ctx, limit)
	} else {
		first, more, err = at.page(ctx, limit, func(v *values) error {
			id, _, err := v.next()
			ids = append(ids, id)
			return err
		})
	}
	if err != nil {
		return first, false, nil, err
	}
	if list, err = w.core.readList(ctx, ids, limit, selected); err != nil {
		return first, false, nil, err
	}
	if w.plain() {
		w.core.client.stats.add(int64(len(list)), int64(len(list)), 0)
		w.noteExamined(ctx, 1, int64(len(list)), 0)
	}
	w.core.client.stats.calls.Add(1) // the pipeline
	w.at, w.trace = at.at, at.trace
	return first, more, list, nil
}

// plain tells whether a plain command finds what the plan does.
func (w *walk) plain() bool {
	if len(w.plan.groups) != 1 || len(w.plan.groups[0]) != 1 {
		return false
	}
	a := &w.plan.groups[0][0]
	return len(a.rest) == 0 && len(a.sources) == 1 && a.how[0] == "walk"
}

// errTies is what plain commands end with if there are too many ties to step over.
var errTies = errors.New("too many ties")

// plainIDs reads the ids of a page without a script, and one more if there are more.
func (w *walk) plainIDs(ctx context.Context, limit int) (first position, more bool, ids []string, err error) {
	entries, err := w.entries(ctx, limit+1)
	if err != nil {
		return first, false, nil, err
	}
	for _, e := range entries {
		ids = append(ids, w.idOf(e))
	}
	if n := min(limit, len(entries)); n > 0 {
		first = w.positionOf(entries[0], w.backward)
		w.at = w.positionOf(entries[n-1], !w.backward)
	}
	return first, len(entries) > limit, ids, nil
}

// entry is an entry of an index.
type entry struct{ score, member string }

func (w *walk) idOf(e entry) string {
	if w.plan.groups[0][0].sources[0].by == "lex" {
		_, id, _ := strings.Cut(e.member, "\x00")
		return id
	}
	return e.member
}

func (w *walk) positionOf(e entry, behind bool) position {
	at := position{shard: w.at.shard, behind: behind, score: e.score, member: e.member}
	if !w.plan.ordered {
		at.alternative = 1
	}
	return at
}

// entries reads up to n entries from where the walk is.
func (w *walk) entries(ctx context.Context, n int) ([]entry, error) {
	one, room := w.plainCall(n)
	reply, err := w.core.client.do(ctx, one)
	if err != nil {
		return nil, err
	}
	return w.parsePlain(reply, n, room)
}

// plainCall returns the call that reads n entries, and some more that may come before
// where the walk is.
func (w *walk) plainCall(n int) (one *call, room int) {
	s := w.plainSource()
	reverse := w.plan.reverse != w.backward
	near, far := &s.low, &s.high
	if reverse {
		near, far = far, near
	}
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
	args := append([]any{command, string(w.space) + s.key, *near, *far, "limit", "0", strconv.Itoa(n + room)}, scores...)
	return &call{place: w.core.placing, args: args}, room
}

// parsePlain returns up to n entries of a reply to plainCall.
func (w *walk) parsePlain(reply string, n, room int) ([]entry, error) {
	found, err := parseEntries(reply, w.plainSource().by)
	if err != nil {
		return nil, err
	}
	full := len(found) == n+room
	if room > 0 {
		found = w.behind(found, w.plan.reverse != w.backward)
	}
	if full && len(found) < n {
		return nil, errTies
	}
	return found[:min(n, len(found))], nil
}

// plainSource returns the source that a plain command reads.
func (w *walk) plainSource() source {
	a := &w.plan.groups[0][0]
	s := a.sources[0]
	if a.order == (ordering{"score", byID}) { // all scores are equal, so that the order is that of the members
		s = everything(s.key, "lex")
	}
	return s
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

// readList reads up to limit records in one pipeline, and sees to it that one more
// is there if there is an id of it. If one is gone, it is errGone.
func (c *core) readList(ctx context.Context, ids []string, limit int, selected []bool) ([]any, error) {
	n := min(limit, len(ids))
	calls := c.readCalls(ids[:n], c.rowsOf(selected)[1:])
	if len(ids) > n {
		calls = append(calls, c.existsCall(ids[n]))
	}
	list := make([]any, n)
	replies, errs := c.client.doAll(ctx, calls)
	for i, err := range errs {
		switch {
		case err != nil:
		case i == n:
			var there int64
			if there, err = parseInt(replies[i]); there == 0 && err == nil {
				err = errGone
			}
		default:
			list[i], err = c.decodeListed(replies[i], selected)
		}
		if errors.Is(err, ErrNotFound) {
			err = errGone
		}
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// decodeListed returns the record in a reply to HMGET of all or of selected fields.
func (c *core) decodeListed(reply string, selected []bool) (any, error) {
	if selected == nil {
		return c.decodeReply(reply)
	}
	return c.decodeRow(&values{reply}, selected)
}
