package agents

import (
	"fmt"
	"slices"
	"time"
)

// line is a message as it was read.
type line struct {
	id, text string
	at       time.Time
}

// said is what one call has appended to a conversation, or tried to.
type said struct {
	call
	ids []string
}

// textOf returns the content of a message.
func textOf(id string) string { return "This is what " + id + " says." }

// checkOrder returns what is wrong with the order of messages, and with each of them.
func checkOrder(got []line) (problems []string) {
	seen := map[string]bool{}
	for i, l := range got {
		if seen[l.id] {
			problems = append(problems, fmt.Sprintf("message %s is there twice", l.id))
		}
		seen[l.id] = true
		if l.text != textOf(l.id) {
			problems = append(problems, fmt.Sprintf("message %s says %q", l.id, l.text))
		}
		if i > 0 && !l.at.After(got[i-1].at) {
			problems = append(problems, fmt.Sprintf("message %s is of %v, and comes behind %s of %v", l.id, l.at, got[i-1].id, got[i-1].at))
		}
	}
	return problems
}

// checkTalk compares the messages of a conversation, of which the reading began at a time,
// with what was appended.
func checkTalk(calls []said, got []line, began time.Time) []string {
	problems := checkOrder(got)
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	from := map[string]int{} // the call that has appended it
	for i, c := range calls {
		for _, id := range c.ids {
			from[id] = i
		}
	}
	at := map[int]int{} // where the first message of a call is
	var order []int     // of calls
	for i, l := range got {
		n, known := from[l.id]
		switch {
		case !known:
			add("nobody has appended message %s", l.id)
			continue
		case calls[n].what == refused:
			add("message %s was refused and is there", l.id)
		}
		first, begun := at[n]
		if !begun {
			first, at[n], order = i, i, append(order, n)
		}
		if k := i - first; k >= len(calls[n].ids) || calls[n].ids[k] != l.id {
			add("message %s is not where its call has put it", l.id)
		}
		if last := i == len(got)-1; last && i-first+1 != len(calls[n].ids) || !last && i-first+1 < len(calls[n].ids) && from[got[i+1].id] != n {
			add("of what was appended with %s a part is missing", l.id)
		}
	}
	for i, c := range calls {
		if _, there := at[i]; !there && c.before(began) {
			add("message %s is lost, and what was appended with it", c.ids[0])
		}
	}
	var latest time.Time // when the call before has begun that began last
	for _, n := range order {
		if calls[n].before(latest) {
			add("message %s comes behind what was appended later", calls[n].ids[0])
		}
		if calls[n].began.After(latest) {
			latest = calls[n].began
		}
	}
	return problems
}

// checkFollower compares what a follower has seen of a conversation with what is there.
func checkFollower(calls []said, saw, there []line) []string {
	problems := checkOrder(saw)
	seen := map[string]int{}
	for i, l := range saw {
		seen[l.id] = i
	}
	last := -1
	for _, l := range there {
		i, ok := seen[l.id]
		switch {
		case !ok:
			problems = append(problems, fmt.Sprintf("the follower has not seen message %s", l.id))
		case i < last:
			problems = append(problems, fmt.Sprintf("the follower has seen message %s in another order", l.id))
		default:
			last = i
		}
		delete(seen, l.id)
	}
	for id := range seen {
		if !slices.ContainsFunc(calls, func(c said) bool { return c.maybe() && slices.Contains(c.ids, id) }) {
			problems = append(problems, fmt.Sprintf("the follower has seen message %s, which is not there", id))
		}
	}
	return problems
}

// What a call did with something that lives for a while.
type deed int

const (
	made    deed = iota // first of all
	used                // and had it live on from then
	seen                // read, or listed
	ended               // removed it: only one can
	endedBy             // removed all of a kind, this one with them if it was there
)

// did is a call that concerns something that lives for a while.
type did struct {
	call
	deed
	found bool // it was there
}

// checkLife returns what is wrong with the history of something that lives for a while
// after it was made or used; clocks are so far apart at most.
func checkLife(calls []did, ttl, slack time.Duration) (problems []string) {
	owners := 0
	for i, c := range calls {
		if c.what != good {
			continue
		}
		switch {
		case c.deed == seen || c.deed == used || c.deed == ended:
			if c.found {
				problems = append(problems, checkFound(calls, i, ttl, slack)...)
			} else {
				problems = append(problems, checkGone(calls, i, ttl, slack)...)
			}
		}
		if c.deed == ended && c.found {
			owners++
		}
	}
	if owners > 1 {
		problems = append(problems, fmt.Sprintf("%d have ended it", owners))
	}
	return problems
}

// checkFound returns what is wrong with that something was there.
func checkFound(calls []did, i int, ttl, slack time.Duration) (problems []string) {
	c := calls[i]
	if calls[0].what == refused {
		problems = append(problems, "it was refused and is there")
	}
	var until time.Time
	for j, p := range calls {
		gone := p.deed == ended || p.deed == endedBy || !p.found && p.deed != made
		if j != i && gone && p.before(c.began) && existed(calls, p) {
			problems = append(problems, fmt.Sprintf("it came back: it was gone %v before", c.began.Sub(p.ended)))
		}
		lives := p.deed == made || p.deed == used && (p.found || p.what != good)
		if j != i && lives && p.what != refused && p.began.Before(c.ended) && p.ended.After(until) {
			until = p.ended
		}
	}
	if late := c.began.Sub(until.Add(ttl + slack)); calls[0].what == good && late > 0 {
		problems = append(problems, fmt.Sprintf("it is there %v after it should have expired", late))
	}
	return problems
}

// existed tells whether something is known to have been made when a call began, or by it.
func existed(calls []did, p did) bool {
	return p.deed == ended && p.found || slices.ContainsFunc(calls, func(q did) bool {
		return (q.deed == made || q.found) && q.deed != endedBy && q.before(p.began)
	})
}

// checkGone returns what is wrong with that something was not there.
func checkGone(calls []did, i int, ttl, slack time.Duration) []string {
	c := calls[i]
	if !calls[0].before(c.began) {
		return nil
	}
	var until time.Time // it lives as long at least
	for j, p := range calls {
		if ends := p.deed == ended || p.deed == endedBy; ends && j != i && p.what != refused && p.began.Before(c.ended) && (p.found || p.what != good || p.deed == endedBy) {
			return nil
		}
		lives := p.deed == made || p.deed == used && p.found
		if lives && p.before(c.began) && p.began.After(until) {
			until = p.began
		}
	}
	if c.ended.After(until.Add(ttl - slack)) {
		return nil
	}
	return []string{fmt.Sprintf("it is lost, and was to live for %v more", until.Add(ttl).Sub(c.ended))}
}
