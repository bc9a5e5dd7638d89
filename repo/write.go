package repo

import (
	"crypto/rand"
	"strconv"
	"time"
)

// operation is a write as the script knows it.
type operation string

const (
	opCreate operation = "create"
	opSave   operation = "save"
	opUpdate operation = "update"
	opPatch  operation = "patch"
	opTouch  operation = "touch"
	opDelete operation = "delete"
)

// rowWrite is what a write does to one record.
type rowWrite struct {
	id                string
	expected          string // a version, or # and a digest; "" is anything
	created, existing string // expiry of a new record and of an existing one
	clears            []string
	adds              []addition
	sets              []string // name, value, …
	reliances         []reliance
}

// addition is an amount added to a number.
type addition struct {
	name, kind, amount, low, high string
}

// appendTo adds the arguments of one record.
func (w *rowWrite) appendTo(l *argList) {
	l.add(w.id, w.expected, w.created, w.existing)
	l.addInt(len(w.clears))
	l.addInt(len(w.adds))
	l.addInt(len(w.adds) + len(w.sets)/2)
	l.add(w.clears...)
	for _, a := range w.adds {
		l.add(a.kind, a.amount, a.low, a.high)
	}
	for _, a := range w.adds {
		l.add(a.name, "")
	}
	l.add(w.sets...)
}

// appendAll adds the arguments of one record, and the claims that it relies on.
func (w *rowWrite) appendAll(l *argList, info *entityInfo) {
	w.appendTo(l)
	for i := range info.globals {
		if w.reliances == nil {
			l.add("", "")
		} else {
			l.add(w.reliances[i].value, w.reliances[i].stamp)
		}
	}
}

// size returns how many arguments appendTo adds.
func (w *rowWrite) size() int { return 7 + len(w.clears) + 6*len(w.adds) + len(w.sets) }

// foldMark precedes the name of the field that keeps a value without case.
const foldMark = "~"

// whole fills w with all fields of a row; for a new record there is nothing to
// clear. times: the times that the script fills in are those of the row, where it has them.
func (w *rowWrite) whole(info *entityInfo, row *Row, op operation, times bool) {
	w.sets = make([]string, 0, 2*len(info.fields)+2*len(row.folds))
	text := row.text()
	for i, f := range info.fields {
		if info.isKept[i] {
			continue
		}
		c := row.cells[i]
		if c.from > 0 {
			w.sets = append(w.sets, f.Name, text[c.from:c.to])
		} else if op != opCreate {
			w.clears = append(w.clears, f.Name)
		}
		if f.Fold || f.Geo {
			w.fold(row, i, op)
		}
	}
	w.keep(info, row, times)
}

// fold sets or clears the value of a field without case.
func (w *rowWrite) fold(row *Row, field int, op operation) {
	name := foldMark + row.info.fields[field].Name
	for _, c := range row.folds {
		if c.field == field && row.cells[field].from > 0 {
			w.sets = append(w.sets, name, row.text()[c.from:c.to])
			return
		}
	}
	if op != opCreate {
		w.clears = append(w.clears, name)
	}
}

// tokenField is the field that keeps the token of the last write.
const tokenField = "~"

// exactly precedes a time that the script takes as it is.
const exactly = "="

// keep adds the fields that the script fills in, in the order it knows.
func (w *rowWrite) keep(info *entityInfo, row *Row, times bool) {
	if info.retry {
		w.sets = append(w.sets, tokenField, "")
	}
	for _, i := range info.kept {
		value := ""
		if row != nil && (i == info.created || times && i == info.updated) {
			value, _ = row.value(i)
		}
		if times && value != "" {
			value = exactly + value
		}
		w.sets = append(w.sets, info.fields[i].Name, value)
	}
}

// writeCall returns the call that writes records of one shard, in one script.
func (c *core) writeCall(op operation, rows []*rowWrite) *call {
	return c.writeCallOf(writeMany.of(len(rows)), op, rows, nil)
}

// writeCallOf returns the call of one of the write scripts; guard is the
// condition of writeGuarded.
func (c *core) writeCallOf(how writing, op operation, rows []*rowWrite, guard []string) *call {
	info := c.info
	n := 5 + len(guard)
	keys, at := make([]string, len(rows)), c.at(rows[0].id)
	for i, w := range rows {
		n += w.size() + 2*len(info.globals)
		keys[i] = at.record(w.id)
	}
	args := newArgs(n, keys...)
	verb := string(op)
	if op != opTouch {
		verb += c.client.fence
	}
	args.add(string(at), verb, c.client.now())
	var since *string
	if info.retry {
		args.add(rand.Text()[:tokenSize], "")
		since = &args.strs[len(args.strs)-1]
	}
	for _, w := range rows {
		w.appendAll(args, info)
	}
	args.add(guard...)
	return &call{place: c.placing, script: info.write[how](), keys: keys, args: args.args, write: true, since: since, fells: c.fells(op)}
}

// tokenSize is how much of a token is kept: 60 bits at random, five to a
// character.
const tokenSize = 12

// now returns the time of an injected clock as the script takes it.
func (c *Client) now() string {
	if c.clock == nil {
		return ""
	}
	return strconv.FormatInt(c.clock().UnixMicro(), 10)
}

// written is what became of one record.
type written struct {
	stamp Stamp
	err   error
	lacks []string // of errClaim: index, value, …
}

// parseWritten reads the reply of a write of n records. row returns the row of
// a record, for errors that quote a value; it may return nil.
func parseWritten(info *entityInfo, reply string, n int, row func(int) *Row) ([]written, error) {
	v := values{reply}
	if got, err := v.array(); err != nil || got != n {
		return nil, errReply
	}
	list := make([]written, n)
	for i := range list {
		var err error
		if list[i], err = v.written(info, row(i)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// written reads what became of one record.
func (v *values) written(info *entityInfo, row *Row) (written, error) {
	n, err := v.array()
	if err != nil || n < 1 {
		return written{}, errReply
	}
	var parts [5]string
	var more []string
	for j := range n {
		part, _, err := v.next()
		if err != nil {
			return written{}, errReply
		}
		if j < len(parts) {
			parts[j] = part
		}
		if j > 0 && parts[0] == "CLAIM" {
			more = append(more, part)
		}
	}
	if more != nil {
		return written{err: errClaim, lacks: more}, nil
	}
	return info.outcome(parts, row), nil
}

// outcome turns the script's reply for one record into what the caller gets.
func (info *entityInfo) outcome(parts [5]string, row *Row) written {
	switch parts[0] {
	case "OK":
		stamp, err := parseStamp(parts)
		return written{stamp: stamp, err: err}
	case "EXISTS":
		return written{err: ErrExists}
	case "NOTFOUND":
		return written{err: ErrNotFound}
	case "UNCERTAIN":
		return written{err: ErrUncertain}
	case "CONFLICT":
		return written{err: ErrConflict}
	case "UNIQUE":
		return written{err: &UniqueError{Entity: info.name, Index: parts[1], Value: info.uniqueValue(parts[1], row), Owner: parts[2]}}
	case "MISSING":
		return written{err: info.missing(parts[1], parts[2])}
	case "REFERENCED":
		return written{err: info.referenced(parts[1], parts[2])}
	case "MORE":
		return written{err: errMore}
	case "TANGLED":
		return written{err: errTangled}
	case "RANGE":
		if field, ok := info.position[parts[1]]; ok {
			return written{err: info.fieldError(field, ErrRange)}
		}
	}
	return written{err: errReply}
}

func parseStamp(parts [5]string) (s Stamp, err error) {
	if parts[1] != "" {
		if s.Version, err = strconv.ParseInt(parts[1], 10, 64); err != nil {
			return s, errReply
		}
	}
	for i, to := range []*time.Time{&s.Created, &s.Updated, &s.Expires} {
		if text := parts[2+i]; text != "" {
			if *to, err = parseTime(text); err != nil {
				return s, err
			}
		}
	}
	return s, nil
}

// uniqueValue returns the value of a row in a unique index.
func (info *entityInfo) uniqueValue(index string, row *Row) string {
	if row == nil {
		return ""
	}
	for _, ix := range info.indexes {
		if ix.Kind != IndexUnique || ix.Name != index {
			continue
		}
		var values []string
		for _, f := range ix.Fields {
			if info.fields[f].Secret {
				return ""
			}
			value, _ := row.value(f)
			values = append(values, value)
		}
		return joinValues(values)
	}
	return ""
}
