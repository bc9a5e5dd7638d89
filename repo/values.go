package repo

import (
	"strconv"
	"strings"
)

// values walks the replies of Redis that a record's values arrive in: bulk
// strings and nils, one after the other, in RESP2 or RESP3
// (https://redis.io/docs/latest/develop/reference/protocol-spec/).
//
// It is what the layout of a record looks like to a Reader: another layout
// brings another way to step from value to value.
type values struct {
	data string
}

// present tells whether the next value is there; at the end, none is.
func (v *values) present() bool {
	return len(v.data) > 1 && v.data[0] == '$' && v.data[1] != '-'
}

// next returns the next value; false if it is nil.
func (v *values) next() (string, bool, error) {
	kind, n, rest, ok := respHead(v.data)
	switch {
	case !ok:
		return "", false, errReply
	case kind == '_' || n < 0:
		v.data = rest
		return "", false, nil
	case kind == ':' || kind == '+' || kind == ',':
		value := v.data[1 : len(v.data)-len(rest)-2]
		v.data = rest
		return value, true, nil
	case kind != '$' || len(rest) < n+2:
		return "", false, errReply
	}
	v.data = rest[n+2:]
	return rest[:n], true, nil
}

// array steps into an array and returns its length; -1 if it is nil.
func (v *values) array() (int, error) {
	kind, n, rest, ok := respHead(v.data)
	none := kind == '_' || kind == '$' && n < 0 // as RESP3 has it, and a script by RESP2
	if !ok || kind != '*' && !none {
		return 0, errReply
	}
	v.data = rest
	if none {
		return -1, nil
	}
	return n, nil
}

// ints reads an array of that many integers.
func (v *values) ints(n int) ([]int64, error) {
	if got, err := v.array(); err != nil || got != n {
		return nil, errReply
	}
	return v.someInts(n)
}

// someInts reads the next n values, which are integers.
func (v *values) someInts(n int) ([]int64, error) {
	list := make([]int64, n)
	for i := range list {
		text, _, err := v.next()
		if err != nil {
			return nil, err
		}
		if list[i], err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, errReply
		}
	}
	return list, nil
}

// skip steps over n replies of any type.
func (v *values) skip(n int) error {
	for ; n > 0; n-- {
		if len(v.data) > 0 && v.data[0] == '*' {
			m, err := v.array()
			if err != nil {
				return err
			}
			n += max(m, 0)
			continue
		}
		if _, _, err := v.next(); err != nil {
			return err
		}
	}
	return nil
}

// respHead reads the first line of a reply: its type, and the number in it if
// the type has a length.
func respHead(data string) (kind byte, n int, rest string, ok bool) {
	if len(data) < 3 {
		return 0, 0, "", false
	}
	kind = data[0]
	counted := kind == '$' || kind == '*'
	negative := false
	for i := 1; i < len(data)-1; i++ {
		c := data[i]
		switch {
		case c == '\r':
			if negative {
				n = -n
			}
			return kind, n, data[i+2:], true
		case !counted:
		case c == '-' && i == 1:
			negative = true
		case c >= '0' && c <= '9' && n < 1<<40:
			n = n*10 + int(c-'0')
		default:
			return 0, 0, "", false
		}
	}
	return 0, 0, "", false
}

// errorReply returns the error in a raw reply, nil if it is none; without the
// arguments of a command that the server does not know, which may be secret.
func errorReply(data string) error {
	if len(data) < 3 || data[0] != '-' {
		return nil
	}
	text, _, _ := strings.Cut(data[1:len(data)-2], ", with args beginning with")
	return replyError(text)
}

// replyError is an error that the server replied with.
type replyError string

func (e replyError) Error() string { return string(e) }

// RedisError marks the error as the server's, as [redis.Error] has it.
func (replyError) RedisError() {}
