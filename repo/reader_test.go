package repo

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReplies(t *testing.T) {
	for _, test := range []struct {
		name, reply string
		want        []string // "nil" for a nil
	}{
		{"empty array", "*0\r\n", []string{}},
		{"bulk strings", "*2\r\n$1\r\na\r\n$0\r\n\r\n", []string{"a", ""}},
		{"binary", "*1\r\n$6\r\n\x00\r\n$-1\r\n", []string{"\x00\r\n$-1"}},
		{"nil of RESP2", "*3\r\n$-1\r\n$1\r\na\r\n*-1\r\n", []string{"nil", "a", "nil"}},
		{"nil of RESP3", "*3\r\n_\r\n$1\r\na\r\n_\r\n", []string{"nil", "a", "nil"}},
		{"integers", "*3\r\n:0\r\n:-12\r\n:9223372036854775807\r\n", []string{"0", "-12", "9223372036854775807"}},
		{"status and double", "*2\r\n+OK\r\n,1.5\r\n", []string{"OK", "1.5"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := readAll(test.reply)
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%q, %v, want %q", got, err, test.want)
			}
			// Cut anywhere, it is refused, and not read as something else.
			for i := range test.reply {
				if got, err := readAll(test.reply[:i]); err == nil {
					t.Errorf("%q of it reads as %q", test.reply[:i], got)
				}
			}
		})
	}
}

// readAll reads a reply that is an array of values.
func readAll(reply string) ([]string, error) {
	v := values{reply}
	n, err := v.array()
	if err != nil {
		return nil, err
	}
	list := []string{}
	for range n {
		value, ok, err := v.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			value = "nil"
		}
		list = append(list, value)
	}
	return list, nil
}

func TestOtherReplies(t *testing.T) {
	for _, reply := range []string{
		"", "\r\n", "*", "*1", "*1\r", "$1\r\na\r\n", "*x\r\n", "*1\r\n$x\r\n", "*1\r\n$1-\r\n", "*--1\r\n", "*1\r\n$99999999999999999999\r\n", "*1\r\n#t\r\n",
		"*1\r\n*1\r\n$1\r\na\r\n", "*1\r\n%1\r\n$1\r\na\r\n$1\r\nb\r\n", "-ERR no\r\n", "*1\r\n!3\r\nERR\r\n",
	} {
		if got, err := readAll(reply); !errors.Is(err, errReply) {
			t.Errorf("%q reads as %q, %v", reply, got, err)
		}
	}
	if n, err := (&values{"*-1\r\n"}).array(); n != -1 || err != nil {
		t.Errorf("a nil array: %d, %v", n, err)
	}
	if n, err := (&values{"_\r\n"}).array(); n != -1 || err != nil {
		t.Errorf("a nil of RESP3: %d, %v", n, err)
	}
	if n, err := (&values{"$-1\r\n"}).array(); n != -1 || err != nil {
		t.Errorf("a nil of a script, by RESP2: %d, %v", n, err)
	}
}

func TestSkip(t *testing.T) {
	const tail = "$4\r\ntail\r\n"
	for _, reply := range []string{"$1\r\na\r\n", ":1\r\n", "*0\r\n", "*-1\r\n", "_\r\n", "*2\r\n*1\r\n$1\r\na\r\n*2\r\n:1\r\n*0\r\n"} {
		v := values{reply + tail}
		if err := v.skip(1); err != nil || v.data != tail {
			t.Errorf("behind %q is %q, %v", reply, v.data, err)
		}
		for i := range reply {
			if err := (&values{reply[:i]}).skip(1); err == nil {
				t.Errorf("%q can be skipped", reply[:i])
			}
		}
	}
}

func TestErrorReply(t *testing.T) {
	for reply, want := range map[string]string{"-ERR no\r\n": "ERR no", "-\r\n": "", "-x": "", "-": "", "": "", "+OK\r\n": "", "$3\r\n-ER\r\n": ""} {
		err := errorReply(reply)
		if err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("%q: error %v, want %q", reply, err, want)
		}
	}
	if err := errorReply("-NOSCRIPT x\r\n"); !isReply(err) || !isNoScript(err) {
		t.Errorf("%v is no error of the server", err)
	}
}

func TestReaderErrors(t *testing.T) {
	for _, test := range []struct {
		name, value string
		read        func(*Reader)
	}{
		{"bool", "secret", func(r *Reader) { r.Bool() }},
		{"int", "secret", func(r *Reader) { r.Int(64) }},
		{"int of 8 bits", "129765", func(r *Reader) { r.Int(8) }},
		{"uint", "-129765", func(r *Reader) { r.Uint(64) }},
		{"float", "1.5secret", func(r *Reader) { r.Float(64) }},
		{"time", "secret", func(r *Reader) { r.Time() }},
		{"text", "refuse", func(r *Reader) { r.Text(new(text)) }},
		{"binary", "refuse", func(r *Reader) { r.Binary(new(text)) }},
		{"JSON", `{"a":`, func(r *Reader) { r.JSON(new(any)) }},
	} {
		reply := respBulk(test.value) + respBulk("x")
		r := &Reader{info: lexInfo, values: values{reply}}
		test.read(r)
		var field *FieldError
		if err := r.Err(); !errors.As(err, &field) || field.Entity != "Thing" || field.Field != "name" || strings.Contains(err.Error(), test.value) {
			t.Errorf("%s: %v", test.name, err)
		}
		first := r.Err()
		r.Int(64) // fails as well; the first error stays
		if r.Err() != first {
			t.Errorf("%s: then %v", test.name, r.Err())
		}
	}
}

func respBulk(s string) string {
	info := &entityInfo{fields: []FieldInfo{{Name: "s"}}, isKept: make([]bool, 1)}
	row := newRow(info)
	row.String(s)
	return strings.TrimPrefix(store(info, row), "*1\r\n")
}

func FuzzReader(f *testing.F) {
	client := offline(f, Config{})
	r := NewRepository(client, things)
	row := newRow(r.core.info)
	things.Encode(row, &thing{ID: "7", Name: "Ann", At: time.Unix(1e9, 0), Tags: []string{"a"}, Data: []byte{0}})
	record := store(r.core.info, row)
	for _, reply := range []string{
		"", "*", "$", "*1\r\n", "$-1\r\n", "*-1\r\n", "_\r\n", ":5\r\n", "-ERR\r\n", "$1000000000000\r\nx\r\n", "*1000000000000\r\n", "*-9\r\n$-9\r\n",
		"*1\r\n*6\r\n$2\r\nOK\r\n:1\r\n$1\r\n3\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n", "*1\r\n*3\r\n$6\r\nUNIQUE\r\n$5\r\nlogin\r\n$1\r\n7\r\n",
		"*1\r\n*2\r\n$5\r\nRANGE\r\n$5\r\nsmall\r\n", "*1\r\n*9\r\n", "*2\r\n:3\r\n:-1\r\n", "*10\r\n:0\r\n:1\r\n:1\r\n:1\r\n:0\r\n$1\r\n1\r\n$1\r\n7\r\n$1\r\n1\r\n$1\r\n7\r\n" + record, record,
	} {
		f.Add(reply)
	}
	f.Fuzz(func(t *testing.T, reply string) {
		for v := (values{reply}); ; {
			before := v.data
			if _, ok, err := v.next(); err != nil || ok && len(v.data) >= len(before) {
				break
			}
			if !strings.HasSuffix(before, v.data) || len(v.data) >= len(before) {
				t.Fatalf("behind the first value of %q is %q", before, v.data)
			}
		}
		_ = errorReply(reply)
		_, _ = parseInt(reply)
		_, _ = digest(reply)
		_, _ = identity(r.core.info, reply)
		_, _ = (&values{reply}).ints(2)
		_ = (&values{reply}).skip(3)

		if v, err := r.core.decodeReply(reply); (v == nil) == (err == nil) {
			t.Errorf("decode(%q) = %v, %v", reply, v, err)
		}
		list, err := parseWritten(r.core.info, reply, 1, func(int) *Row { return row })
		if err == nil && len(list) != 1 {
			t.Errorf("parseWritten(%q) = %v", reply, list)
		}
		w := r.core.newWalk(&plan{groups: make([][]alternative, 1)}, findRows, position{}, false, oneShard)
		if found, err := w.parse(t.Context(), reply); err == nil && found.n > 0 {
			selected := make([]bool, len(r.core.read))
			for _, fields := range [][]bool{nil, selected} {
				rest := found.values
				if _, err := r.core.decodeRow(&rest, fields); err != nil && strings.Contains(err.Error(), "Ann") {
					t.Error(err)
				}
			}
		}
	})
}
