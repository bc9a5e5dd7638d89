package faultproxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxLength bounds what one length of the protocol may claim: Redis itself allows no longer string.
const maxLength = 512 << 20

var errProtocol = errors.New("faultproxy: not the Redis protocol")

// command is one request of a client.
type command struct {
	raw  []byte   // as it was sent
	args []string // the name first, as it was sent
}

// name returns the command's name in upper case, "" for an empty line.
func (c command) name() string {
	if len(c.args) == 0 {
		return ""
	}
	return strings.ToUpper(c.args[0])
}

// readCommand reads a request: an array of strings, or words on one line.
func readCommand(r *bufio.Reader) (command, error) {
	var raw bytes.Buffer
	line, err := readLine(r, &raw)
	if err != nil {
		return command{}, err
	}
	if line == "" || line[0] != '*' {
		return command{raw: raw.Bytes(), args: strings.Fields(line)}, nil
	}
	n, err := length(line)
	if err != nil {
		return command{}, err
	}
	var args []string
	for range n {
		line, err := readLine(r, &raw)
		if err != nil {
			return command{}, err
		}
		if line == "" || line[0] != '$' {
			return command{}, fmt.Errorf("%w: argument %q", errProtocol, line)
		}
		size, err := length(line)
		if err != nil {
			return command{}, err
		}
		if size < 0 {
			return command{}, fmt.Errorf("%w: argument %q", errProtocol, line)
		}
		start := raw.Len()
		if err := readBulk(r, &raw, size); err != nil {
			return command{}, err
		}
		args = append(args, string(raw.Bytes()[start:start+size]))
	}
	return command{raw: raw.Bytes(), args: args}, nil
}

// readReply reads one reply or push message, with all that is nested in it.
func readReply(r *bufio.Reader) (raw []byte, push bool, err error) {
	var out bytes.Buffer
	for values, first := 1, true; values > 0; values-- {
		line, err := readLine(r, &out)
		if err != nil {
			return nil, false, err
		}
		if line == "" {
			return nil, false, fmt.Errorf("%w: empty line in a reply", errProtocol)
		}
		attribute := false
		switch line[0] {
		case '+', '-', ':', '_', ',', '#', '(':
		case '$', '=', '!':
			size, err := length(line)
			if err != nil {
				return nil, false, err
			}
			if size >= 0 {
				if err := readBulk(r, &out, size); err != nil {
					return nil, false, err
				}
			}
		case '*', '~', '>', '%', '|':
			n, err := length(line)
			if err != nil {
				return nil, false, err
			}
			n = max(n, 0) // a nil array
			if line[0] == '%' || line[0] == '|' {
				n *= 2
			}
			attribute = line[0] == '|'
			push = push || first && line[0] == '>'
			if values += n; values > maxLength {
				return nil, false, fmt.Errorf("%w: a reply of %d values", errProtocol, values)
			}
		default:
			return nil, false, fmt.Errorf("%w: reply %q", errProtocol, line)
		}
		if attribute {
			values++ // goes before a value and is none itself
		} else {
			first = false
		}
	}
	return out.Bytes(), push, nil
}

// readLine reads a line to raw and returns it without its end.
func readLine(r *bufio.Reader, raw *bytes.Buffer) (string, error) {
	start := raw.Len()
	for {
		part, err := r.ReadSlice('\n')
		raw.Write(part)
		if err == nil {
			break
		}
		if err != bufio.ErrBufferFull {
			return "", err
		}
		if raw.Len()-start > maxLength {
			return "", fmt.Errorf("%w: endless line", errProtocol)
		}
	}
	return strings.TrimSuffix(string(raw.Bytes()[start:raw.Len()-1]), "\r"), nil
}

// readBulk reads size bytes and the end of the line after them to raw.
func readBulk(r *bufio.Reader, raw *bytes.Buffer, size int) error {
	if _, err := io.CopyN(raw, r, int64(size)+2); err != nil {
		return err
	}
	if !bytes.HasSuffix(raw.Bytes(), []byte("\r\n")) {
		return fmt.Errorf("%w: a string longer than its length", errProtocol)
	}
	return nil
}

// length returns the number after the first byte of line: -1 or a length.
func length(line string) (int, error) {
	n, err := strconv.Atoi(line[1:])
	if err != nil || n < -1 || n > maxLength {
		return 0, fmt.Errorf("%w: length %q", errProtocol, line)
	}
	return n, nil
}
