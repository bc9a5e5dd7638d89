package repo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestErrorChains(t *testing.T) {
	field := &FieldError{Entity: "User", Field: "age", Err: ErrRange}
	unique := &UniqueError{Entity: "users", Index: "email", Value: "a@b", Owner: "7"}
	for _, test := range []struct {
		err  error
		is   error
		text string
	}{
		{&RecordError{Op: "Create", Entity: "users", ID: "7", Err: ErrExists}, ErrExists, `redisgen: Create users "7": already exists`},
		{&RecordError{Op: "Page", Entity: "users", Err: ErrCursor}, ErrCursor, `redisgen: Page users: cursor does not belong to this query`},
		{&RecordError{Op: "Save", Entity: "users", ID: "7", Err: field}, ErrRange, `redisgen: Save users "7": User.age: out of range`},
		{&RecordError{Op: "Save", Entity: "users", ID: "8", Err: unique}, ErrUnique, `redisgen: Save users "8": email "a@b" is taken by "7"`},
		{&RecordError{Op: "Save", Entity: "users", ID: "8", Err: outcome(io.EOF, true)}, ErrUncertain, `redisgen: Save users "8": outcome unknown: EOF`},
		{&RecordError{Op: "Save", Entity: "users", ID: "8", Err: outcome(io.EOF, true)}, io.EOF, `redisgen: Save users "8": outcome unknown: EOF`},
		{&ManyError{Errs: []error{nil, &RecordError{Op: "SaveMany", Entity: "users", ID: "8", Err: unique}, nil}}, ErrUnique, `1 of 3 failed, first: redisgen: SaveMany users "8": email "a@b" is taken by "7"`},
		{&ManyError{Errs: []error{ErrNotFound, field}}, ErrRange, `2 of 2 failed, first: not found`},
	} {
		if err := fmt.Errorf("outer: %w", test.err); !errors.Is(err, test.is) {
			t.Errorf("%v is not %v", err, test.is)
		}
		if test.err.Error() != test.text {
			t.Errorf("%s\nwant %s", test.err, test.text)
		}
		for _, other := range []error{ErrConflict, ErrClosed, ErrNoKey} {
			if errors.Is(test.err, other) {
				t.Errorf("%v is %v", test.err, other)
			}
		}
	}

	many := &ManyError{Errs: []error{nil, &RecordError{Op: "SaveMany", Entity: "users", ID: "8", Err: unique}, &RecordError{Err: field}}}
	var gotUnique *UniqueError
	var gotField *FieldError
	var gotRecord *RecordError
	if !errors.As(many, &gotUnique) || gotUnique != unique || !errors.As(many, &gotField) || gotField != field || !errors.As(many, &gotRecord) || gotRecord.ID != "8" {
		t.Errorf("of %v: %v, %v, %v", many, gotUnique, gotField, gotRecord)
	}
	if manyError([]error{nil, nil}) != nil || manyError(nil) != nil {
		t.Error("no failures are an error")
	}
}

// Long ids and values are cut, at the end of a character.
func TestLongErrors(t *testing.T) {
	for _, long := range []string{strings.Repeat("x", 10_000), strings.Repeat("é", 5000), "x" + strings.Repeat("é", 5000), strings.Repeat("\xff", 10_000)} {
		for _, err := range []error{&RecordError{Op: "Get", Entity: "users", ID: long, Err: ErrNotFound}, &UniqueError{Index: "email", Value: long, Owner: long}} {
			if text := err.Error(); len(text) > 300 || strings.ContainsRune(text, '\ufffd') || strings.Contains(text, `\xc3`) {
				t.Errorf("%d bytes: %.300s", len(text), text)
			}
		}
	}
}

// The value of a secret field is in no error.
func TestSecretsInErrors(t *testing.T) {
	info := newEntityInfo(things)
	row := newRow(info)
	things.Encode(row, &thing{ID: "7", Owner: "ann", Password: "s3cret", Text: "open"})
	login := "*1\r\n*3\r\n$6\r\nUNIQUE\r\n$5\r\nlogin\r\n$1\r\n8\r\n"
	list, err := parseWritten(info, login, 1, func(int) *Row { return row })
	var unique *UniqueError
	if err != nil || !errors.As(list[0].err, &unique) || unique.Owner != "8" || unique.Index != "login" || unique.Value != "" {
		t.Errorf("%#v, %v", list, err)
	}
	list, _ = parseWritten(info, strings.Replace(login, "$5\r\nlogin", "$4\r\ntext", 1), 1, func(int) *Row { return row })
	if !errors.As(list[0].err, &unique) || unique.Value != "open" {
		t.Errorf("%v does not name the value", list[0].err)
	}

	for kind, at := range map[Kind]func(*Reader){
		KindJSON:   func(r *Reader) { r.JSON(new(int8)) },
		KindText:   func(r *Reader) { r.Text(new(quoting)) },
		KindBinary: func(r *Reader) { r.Binary(new(quoting)) },
		KindTime:   func(r *Reader) { r.Time() },
		KindInt:    func(r *Reader) { r.Int(8) },
	} {
		info := &entityInfo{goName: "Thing", fields: []FieldInfo{{Name: "password", Kind: kind, Secret: true}}}
		r := &Reader{info: info, values: values{"$4\r\n1234\r\n"}}
		at(r)
		if r.Err() == nil || strings.Contains(r.Err().Error(), "1234") || !strings.Contains(r.Err().Error(), "Thing.password") {
			t.Errorf("reading: %v", r.Err())
		}
	}
	for name, put := range map[string]func(*Row){
		"JSON":   func(r *Row) { r.JSON(quoting("1234")) },
		"text":   func(r *Row) { r.Text(quoting("1234")) },
		"binary": func(r *Row) { r.Binary(quoting("1234")) },
	} {
		row := newRow(&entityInfo{goName: "Thing", fields: []FieldInfo{{Name: "password", Secret: true}}})
		if put(row); row.err == nil || strings.Contains(row.err.Error(), "1234") {
			t.Errorf("writing %s: %v", name, row.err)
		}
	}
}

// quoting is a type whose errors quote the value.
type quoting string

func (q quoting) MarshalText() ([]byte, error)   { return nil, fmt.Errorf("bad %s", string(q)) }
func (q quoting) MarshalBinary() ([]byte, error) { return q.MarshalText() }
func (q *quoting) UnmarshalText(data []byte) error {
	return fmt.Errorf("bad %s", data)
}
func (q *quoting) UnmarshalBinary(data []byte) error { return q.UnmarshalText(data) }

func TestOutcome(t *testing.T) {
	for _, test := range []struct {
		err       error
		uncertain bool // of a write
		refused   bool
	}{
		{io.EOF, true, false},
		{context.DeadlineExceeded, true, false},
		{&net.OpError{Op: "read", Err: errors.New("reset")}, true, false},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, false, true},
		{redis.ErrPoolTimeout, false, true},
		{replyError("LOADING Redis is loading"), false, true},
		{replyError("READONLY You can't write"), false, true},
		{replyError("CLUSTERDOWN The cluster is down"), false, true},
		{replyError("NOREPLICAS Not enough"), false, true},
		{replyError("ERR max number of clients reached"), false, true},
		{replyError("ERR wrong"), false, false},
		{replyError("WRONGTYPE Operation"), false, false},
		{replyError("READONLYX"), false, false},
		{replyError("NOSCRIPT No matching script"), false, false},
		{ErrClosed, false, false},
	} {
		if got := isRefused(test.err); got != test.refused {
			t.Errorf("%v: refused %v", test.err, got)
		}
		if got := errors.Is(outcome(test.err, true), ErrUncertain); got != test.uncertain {
			t.Errorf("%v: a write is uncertain: %v", test.err, got)
		}
		if got := outcome(test.err, false); got != test.err {
			t.Errorf("%v: a read has %v", test.err, got)
		}
		if !errors.Is(outcome(test.err, true), test.err) {
			t.Errorf("%v is lost", test.err)
		}
	}
	if outcome(nil, true) != nil {
		t.Error("success has an error")
	}
}

func TestPause(t *testing.T) {
	for _, test := range []struct {
		least, most time.Duration
		attempt     int
		low, high   time.Duration
	}{
		{0, 0, 0, 4 * time.Millisecond, 8 * time.Millisecond}, // the defaults
		{0, 0, 1, 8 * time.Millisecond, 16 * time.Millisecond},
		{0, 0, 5, 128 * time.Millisecond, 256 * time.Millisecond},
		{0, 0, 6, 256 * time.Millisecond, 512 * time.Millisecond},
		{0, 0, 1000, 256 * time.Millisecond, 512 * time.Millisecond},
		{time.Second, time.Second, 0, 500 * time.Millisecond, time.Second},
		{time.Hour, 48 * time.Hour, 30, 24 * time.Hour, 48 * time.Hour},
		{-1, 0, 3, 0, 0}, // as go-redis has it: no pause
		{0, -1, 3, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			client := offline(t, Config{MinRetryBackoff: test.least, MaxRetryBackoff: test.most})
			var total time.Duration
			for range 50 {
				start := time.Now()
				if err := client.pause(t.Context(), test.attempt); err != nil {
					t.Fatal(err)
				}
				took := time.Since(start)
				if total += took; took < test.low || took > test.high {
					t.Errorf("%v to %v, attempt %d: paused %v, want from %v to %v", test.least, test.most, test.attempt, took, test.low, test.high)
				}
			}
			if test.low < test.high && total%50 == 0 && total/50 == test.low {
				t.Error("all pauses are the same")
			}
		})
	}
}

func TestPauseEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := offline(t, Config{MinRetryBackoff: time.Hour, MaxRetryBackoff: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := client.pause(ctx, 0); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}
