package repo

import (
	"crypto/sha1"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// The layout of a record is a hash with a field for each value that is there.
// What knows it is in this file, in values.go, and in repo/lua/hash.lua and
// store.lua; another layout would bring others.

// readCall returns the call that reads a record: its values in the order of
// the entity's fields.
func (c *core) readCall(id string) *call {
	args := make([]any, 0, 2+len(c.read))
	args = append(args, "hmget", c.at(id).record(id))
	return &call{place: c.placing, args: append(args, c.read...)}
}

// existsCall returns the call that tells whether a record is there.
func (c *core) existsCall(id string) *call {
	return &call{place: c.placing, args: []any{"exists", c.at(id).record(id)}}
}

// readCalls returns the calls that read some fields of records, in few pieces of
// memory.
func (c *core) readCalls(ids []string, fields []any) []*call {
	n := 2 + len(fields)
	args := make([]any, 0, n*len(ids))
	all := make([]call, len(ids))
	calls := make([]*call, len(ids), len(ids)+1)
	for i, id := range ids {
		from := len(args)
		args = append(append(args, "hmget", c.at(id).record(id)), fields...)
		all[i].place, all[i].args = c.placing, args[from:len(args):len(args)]
		calls[i] = &all[i]
	}
	return calls
}

// decodeReply returns the record in a reply to HMGET; ErrNotFound if there is
// none.
func (c *core) decodeReply(reply string) (any, error) {
	v := values{reply}
	n, err := v.array()
	switch {
	case err != nil:
		return nil, err
	case n < 0:
		return nil, ErrNotFound
	case n != len(c.info.fields):
		return nil, errReply
	}
	return c.decodeValues(v)
}

func (c *core) decodeValues(v values) (any, error) {
	key := v
	if err := key.skip(c.info.key); err != nil {
		return nil, err
	}
	if !key.present() {
		return nil, ErrNotFound
	}
	record := c.create()
	if err := c.decode(Reader{info: c.info, values: v}, record); err != nil {
		return nil, &unreadable{c.idIn(v), err}
	}
	return record, nil
}

// unreadable is the error of a record whose values cannot be read. Its id, "" if the
// key cannot be read either, is for the [RecordError] of a read of several.
type unreadable struct {
	id  string
	err error
}

func (u *unreadable) Error() string { return u.err.Error() }

func (u *unreadable) Unwrap() error { return u.err }

// idIn returns the id of the record with some values, by its key fields alone.
func (c *core) idIn(v values) string {
	only, err := c.pick(v, func(field int) bool { return slices.Contains(c.info.keys, field) })
	if err != nil {
		return ""
	}
	record := c.create()
	if err := c.decode(Reader{info: c.info, values: only}, record); err != nil {
		return ""
	}
	id, _ := c.id(record)
	return id
}

// pick returns the values of a whole record with only some of them there.
func (c *core) pick(v values, want func(field int) bool) (values, error) {
	var b strings.Builder
	for i := range c.read {
		before := v.data
		if err := v.skip(1); err != nil {
			return values{}, err
		}
		if want(i) {
			b.WriteString(before[:len(before)-len(v.data)])
		} else {
			b.WriteString(nothing)
		}
	}
	return values{b.String()}, nil
}

// nothing is the reply that stands for a value that is not there.
const nothing = "$-1\r\n"

// stored returns the value of one field in a reply.
func stored(reply string, field int) (string, bool, error) {
	v := values{reply}
	if _, err := v.array(); err != nil {
		return "", false, err
	}
	if err := v.skip(field); err != nil {
		return "", false, err
	}
	return v.next()
}

// digest identifies the stored fields of a record, as the script does.
func digest(reply string) (string, error) {
	v := values{reply}
	n, err := v.array()
	if err != nil {
		return "", err
	}
	var text []byte
	for range n {
		value, ok, err := v.next()
		if err != nil {
			return "", err
		}
		if !ok {
			text = append(text, '-')
			continue
		}
		text = strconv.AppendInt(text, int64(len(value)), 10)
		text = append(append(text, ':'), value...)
	}
	sum := sha1.Sum(text)
	return "#" + hex.EncodeToString(sum[:]), nil
}
