package faultproxy

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestReadCommand(t *testing.T) {
	for raw, want := range map[string][]string{
		"*1\r\n$4\r\nPING\r\n":                   {"PING"},
		"*2\r\n$3\r\nGET\r\n$0\r\n\r\n":          {"GET", ""},
		"*2\r\n$4\r\nECHO\r\n$6\r\n*1\r\n$4\r\n": {"ECHO", "*1\r\n$4"},
		"PING hello\r\n":                         {"PING", "hello"},
		"\r\n":                                   nil,
		"*0\r\n":                                 nil,
		"*-1\r\n":                                nil,
		"*1\r\n$9000\r\n" + strings.Repeat("a", 9000) + "\r\n": {strings.Repeat("a", 9000)},
	} {
		r := bufio.NewReader(strings.NewReader(raw + "next"))
		got, err := readCommand(r)
		if err != nil || !slices.Equal(got.args, want) || string(got.raw) != raw {
			t.Errorf("readCommand(%.40q) = %.40q, %.40q, %v", raw, got.args, got.raw, err)
		}
		if rest, _ := io.ReadAll(r); string(rest) != "next" {
			t.Errorf("readCommand(%.40q) leaves %.40q", raw, rest)
		}
	}
}

func TestReadReply(t *testing.T) {
	for raw, push := range map[string]bool{
		"+OK\r\n":                               false,
		"-ERR no\r\n":                           false,
		":-7\r\n":                               false,
		"$3\r\na\r\n\r\n":                       false,
		"$-1\r\n":                               false,
		"*-1\r\n":                               false,
		"_\r\n":                                 false,
		"#t\r\n":                                false,
		",1.5\r\n":                              false,
		"(123456789012345678901\r\n":            false,
		"!3\r\nERR\r\n":                         false,
		"=7\r\ntxt:abc\r\n":                     false,
		"*3\r\n:1\r\n*2\r\n$-1\r\n*0\r\n+x\r\n": false,
		"%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n":  false,
		"~2\r\n+a\r\n+b\r\n":                    false,
		"|1\r\n+ttl\r\n:9\r\n+value\r\n":        false,
		"|1\r\n+ttl\r\n:9\r\n*2\r\n|0\r\n:1\r\n:2\r\n": false,
		">2\r\n+message\r\n+hi\r\n":                    true,
		"*1\r\n>1\r\n+inside\r\n":                      false,
	} {
		r := bufio.NewReader(strings.NewReader(raw + "next"))
		got, gotPush, err := readReply(r)
		if err != nil || gotPush != push || string(got) != raw {
			t.Errorf("readReply(%q) = %q, %v, %v", raw, got, gotPush, err)
		}
		if rest, _ := io.ReadAll(r); string(rest) != "next" {
			t.Errorf("readReply(%q) leaves %q", raw, rest)
		}
	}
}

func TestNotTheProtocol(t *testing.T) {
	for _, raw := range []string{"*x\r\n", "*1\r\n:1\r\n", "*1\r\n$-1\r\n", "*1\r\n\r\n", "*1\r\n$1\r\nabcd", "*9999999999\r\n"} {
		if _, err := readCommand(bufio.NewReader(strings.NewReader(raw))); !errors.Is(err, errProtocol) {
			t.Errorf("readCommand(%q): %v", raw, err)
		}
	}
	for _, raw := range []string{"\r\n", "hello\r\n", "$x\r\n", "$1\r\nabcd", "*-2\r\n", "*300000000\r\n*300000000\r\n"} {
		if _, _, err := readReply(bufio.NewReader(strings.NewReader(raw))); !errors.Is(err, errProtocol) {
			t.Errorf("readReply(%q): %v", raw, err)
		}
	}
}

// Whatever is read is read as it came, and no input makes the reader panic.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "PING\r\n", "*1\r\n$-1\r\n", "$3\r\nabc\r\n", "%1\r\n+a\r\n*1\r\n:1\r\n",
		"|1\r\n+a\r\n:1\r\n>1\r\n+x\r\n", "*-1\r\n", "*\r\n", "$99999999999999999999\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		if c, err := readCommand(bufio.NewReader(bytes.NewReader(input))); err == nil && !bytes.HasPrefix(input, c.raw) {
			t.Errorf("a command of %q is passed on as %q", input, c.raw)
		}
		if raw, _, err := readReply(bufio.NewReader(bytes.NewReader(input))); err == nil && !bytes.HasPrefix(input, raw) {
			t.Errorf("a reply of %q is passed on as %q", input, raw)
		}
	})
}
