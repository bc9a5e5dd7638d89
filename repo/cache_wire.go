package repo

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// What a link sends and receives, by RESP3
// (https://redis.io/docs/latest/develop/reference/protocol-spec/).

func appendCommand(buf []byte, args []string) []byte {
	buf = fmt.Appendf(buf, "*%d\r\n", len(args))
	for _, arg := range args {
		buf = fmt.Appendf(buf, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return buf
}

// next reads what comes next, and tells whether it was sent without being asked for. What
// it tells has changed is dropped from the cache; an error reply is a replyError.
func (l *link) next(c *cache) (told bool, err error) {
	kind, n, text, err := l.head()
	switch {
	case err != nil:
		return false, err
	case kind == '-':
		return false, replyError(text)
	case kind != '>':
		return false, l.skip(kind, n)
	}
	name, err := l.bulk()
	if err != nil {
		return true, err
	}
	if string(name) != "invalidate" || n != 2 || c == nil {
		return true, l.skip('*', n-1)
	}
	kind, n, _, err = l.head()
	if err != nil || kind != '*' || n < 0 {
		c.flush() // all keys are gone
		return true, err
	}
	for range n {
		key, err := l.bulk()
		if err != nil {
			return true, err
		}
		c.told(key)
	}
	return true, nil
}

// head reads the line that a value begins with: its kind, and the number in it.
func (l *link) head() (kind byte, n int, text string, err error) {
	line, err := l.in.ReadString('\n')
	if err != nil {
		return 0, 0, "", err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return 0, 0, "", errReply
	}
	if strings.IndexByte("$*%~>=!", line[0]) >= 0 {
		if n, err = strconv.Atoi(line[1:]); err != nil {
			err = errReply
		}
	}
	return line[0], n, line[1:], err
}

// bulk reads a string, which is good until something else is read.
func (l *link) bulk() ([]byte, error) {
	kind, n, _, err := l.head()
	if err != nil || kind != '$' || n < 0 {
		return nil, errors.Join(err, errReply)
	}
	if n+2 > l.in.Size() {
		long := make([]byte, n+2)
		_, err := io.ReadFull(l.in, long)
		return long[:n], err
	}
	data, err := l.in.Peek(n + 2)
	if err != nil {
		return nil, err
	}
	_, err = l.in.Discard(n + 2)
	return data[:n], err
}

// skip reads the rest of a value.
func (l *link) skip(kind byte, n int) error {
	switch kind {
	case '$', '=', '!':
		if n < 0 {
			return nil // absent
		}
		_, err := l.in.Discard(n + 2)
		return err
	case '%':
		n *= 2
	case '*', '~', '>':
	default:
		return nil // a line
	}
	for range n {
		kind, n, _, err := l.head()
		if err == nil {
			err = l.skip(kind, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
