package repo

import (
	"encoding"
	"encoding/json"
	"errors"
	"strconv"
	"time"
	"unsafe"
)

// Reader hands out the fields of one stored record, in order. Generated code
// calls one method for each field; of an absent field each returns the zero
// value. The first error sticks.
//
// Strings share memory with the record they were read from.
type Reader struct {
	info   *entityInfo
	values values
	at     int // the next field
	err    error
}

// errReply is what a reply that does not follow the protocol leads to.
var errReply = errors.New("unexpected reply")

// Present tells whether the next field is stored, and skips it if not.
func (r *Reader) Present() bool {
	if r.values.present() {
		return true
	}
	r.next()
	return false
}

// next returns the stored value of the next field.
func (r *Reader) next() (string, bool) {
	r.at++
	v, ok, err := r.values.next()
	if err != nil {
		r.fail(err)
	}
	return v, ok
}

// fail keeps the error of the field just read.
func (r *Reader) fail(err error) {
	if r.err == nil {
		r.err = r.info.fieldError(r.at-1, err)
	}
}

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// String reads a string.
func (r *Reader) String() string {
	s, _ := r.next()
	return s
}

// Bool reads a boolean as strconv.ParseBool does.
func (r *Reader) Bool() bool {
	s, ok := r.next()
	if !ok {
		return false
	}
	b, err := strconv.ParseBool(s)
	if err != nil {
		r.fail(parseError(err))
	}
	return b
}

// Int reads a decimal integer of that many bits; 0 is the width of int.
func (r *Reader) Int(bits int) int64 {
	s, ok := r.next()
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, bits)
	if err != nil {
		r.fail(parseError(err))
	}
	return n
}

// Uint reads a decimal integer of that many bits; 0 is the width of uint.
func (r *Reader) Uint(bits int) uint64 {
	s, ok := r.next()
	if !ok {
		return 0
	}
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil {
		r.fail(parseError(err))
	}
	return n
}

// Float reads a floating-point number.
func (r *Reader) Float(bits int) float64 {
	s, ok := r.next()
	if !ok {
		return 0
	}
	f, err := strconv.ParseFloat(s, bits)
	if err != nil {
		r.fail(parseError(err))
	}
	return f
}

// parseError returns the cause of a strconv error, which would print the
// value.
func parseError(err error) error {
	var numError *strconv.NumError
	if errors.As(err, &numError) {
		return numError.Err
	}
	return err
}

// Bytes reads bytes. The slice is the caller's; it is nil only if the field is
// absent.
func (r *Reader) Bytes() []byte {
	s, ok := r.next()
	if !ok {
		return nil
	}
	return append(make([]byte, 0, len(s)), s...)
}

// errTime stands for the error of time.Parse, which would print the value.
var errTime = errors.New("not a time in RFC 3339")

// Time reads a time in RFC 3339 and returns it in UTC.
func (r *Reader) Time() time.Time {
	s, ok := r.next()
	if !ok {
		return time.Time{}
	}
	t, err := parseTime(s)
	if err != nil {
		r.fail(err)
	}
	return t
}

func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, errTime
	}
	return t.UTC(), nil
}

// Text hands the value to UnmarshalText.
func (r *Reader) Text(u encoding.TextUnmarshaler) {
	if s, ok := r.next(); ok {
		if err := u.UnmarshalText([]byte(s)); err != nil {
			r.fail(r.info.concealed(r.at-1, err))
		}
	}
}

// Binary hands the value to UnmarshalBinary.
func (r *Reader) Binary(u encoding.BinaryUnmarshaler) {
	if s, ok := r.next(); ok {
		if err := u.UnmarshalBinary([]byte(s)); err != nil {
			r.fail(r.info.concealed(r.at-1, err))
		}
	}
}

// JSON decodes the value into v as encoding/json does: numbers in an
// interface become float64.
func (r *Reader) JSON(v any) {
	if s, ok := r.next(); ok {
		// encoding/json neither keeps nor changes its input.
		if err := json.Unmarshal(unsafe.Slice(unsafe.StringData(s), len(s)), v); err != nil {
			r.fail(r.info.concealed(r.at-1, err))
		}
	}
}
