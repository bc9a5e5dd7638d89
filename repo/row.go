package repo

import (
	"bytes"
	"encoding"
	"encoding/json"
	"math"
	"strconv"
	"time"
	"unsafe"
)

// exactScore is the largest integer up to which every integer is exact as the
// score of a sorted set, an IEEE 754 double.
const exactScore = 1 << 53

// Row collects the fields of one record on their way to Redis. Generated code
// calls one method for each field, in order. The first error sticks.
type Row struct {
	info  *entityInfo
	at    int // the next field
	buf   []byte
	cells []cell // by field
	folds []foldCell
	marks []bool // fields that a patch changes
	err   error
}

// cell is where a field's value stands in Row.buf; the zero cell is an absent
// field.
type cell struct{ from, to int }

// foldCell is the value of a field as its indexes compare it, kept beside the
// value where the two differ.
type foldCell struct {
	field int
	cell
}

func newRow(info *entityInfo) *Row {
	return &Row{info: info, buf: make([]byte, 1, 32*len(info.fields)), cells: make([]cell, len(info.fields))}
}

// Present tells whether the next field has a value; false makes it absent.
func (r *Row) Present(present bool) bool {
	if !present {
		r.at++
	}
	return present
}

// Refuse fails the row because of the next field's value.
func (r *Row) Refuse(err error) {
	if r.err == nil {
		r.err = r.info.fieldError(r.at, err)
	}
	r.at++
}

// begin returns where the next field's value starts in buf.
func (r *Row) begin() int { return len(r.buf) }

// end makes what was appended since begin the value of the next field.
func (r *Row) end(from int) {
	if err := r.info.limits.checkValue(len(r.buf) - from); err != nil {
		r.buf = r.buf[:from]
		r.Refuse(err)
		return
	}
	r.cells[r.at] = cell{from, len(r.buf)}
	r.at++
}

// String writes a string, as it is.
func (r *Row) String(s string) {
	field, from := r.at, r.begin()
	r.buf = append(r.buf, s...)
	r.end(from)
	if r.info.fields[field].Fold {
		r.fold(field, s, foldString(s))
	}
}

// fold keeps the value that the indexes of a field see.
func (r *Row) fold(field int, value, folded string) {
	if folded == value {
		return
	}
	from := r.begin()
	r.buf = append(r.buf, folded...)
	r.folds = append(r.folds, foldCell{field, cell{from, len(r.buf)}})
}

// Bool writes 1 or 0.
func (r *Row) Bool(b bool) {
	from := r.begin()
	if b {
		r.buf = append(r.buf, '1')
	} else {
		r.buf = append(r.buf, '0')
	}
	r.end(from)
}

// Int writes a decimal integer.
func (r *Row) Int(n int64) {
	if r.info.fields[r.at].Scored && (n > exactScore || n < -exactScore) {
		r.Refuse(ErrRange)
		return
	}
	from := r.begin()
	r.buf = strconv.AppendInt(r.buf, n, 10)
	r.end(from)
}

// Uint writes a decimal integer.
func (r *Row) Uint(n uint64) {
	if r.info.fields[r.at].Scored && n > exactScore {
		r.Refuse(ErrRange)
		return
	}
	from := r.begin()
	r.buf = strconv.AppendUint(r.buf, n, 10)
	r.end(from)
}

// Float writes the shortest decimal that reads back as f.
func (r *Row) Float(f float64, bits int) {
	if r.info.fields[r.at].Scored && (math.IsNaN(f) || math.IsInf(f, 0)) {
		r.Refuse(ErrNaN)
		return
	}
	from := r.begin()
	r.buf = strconv.AppendFloat(r.buf, f, 'g', -1, bits)
	r.end(from)
}

// Bytes writes b as it is; nil is absent.
func (r *Row) Bytes(b []byte) {
	if b == nil {
		r.at++
		return
	}
	from := r.begin()
	r.buf = append(r.buf, b...)
	r.end(from)
}

// Time writes t in UTC with microseconds, in RFC 3339, always 27 bytes, so
// that the order of the text is the order of time. A zero time is absent;
// finer digits are cut off.
func (r *Row) Time(t time.Time) {
	if t.IsZero() {
		r.at++
		return
	}
	t = t.UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		r.Refuse(ErrRange)
		return
	}
	if r.info.fields[r.at].Scored {
		if us := t.UnixMicro(); us > exactScore || us < -exactScore {
			r.Refuse(ErrRange)
			return
		}
	}
	from := r.begin()
	r.buf = appendTime(r.buf, t)
	r.end(from)
}

// appendTime appends t, which is in UTC and in the years 0 to 9999.
func appendTime(buf []byte, t time.Time) []byte {
	buf = t.AppendFormat(buf, time.RFC3339)
	us := t.Nanosecond() / 1000
	return append(buf[:len(buf)-1], '.',
		byte('0'+us/100000), byte('0'+us/10000%10), byte('0'+us/1000%10),
		byte('0'+us/100%10), byte('0'+us/10%10), byte('0'+us%10), 'Z')
}

// Text writes what MarshalText returns.
func (r *Row) Text(m encoding.TextMarshaler) {
	text, err := m.MarshalText()
	if err != nil {
		r.Refuse(r.info.concealed(r.at, err))
		return
	}
	field := r.at
	if r.marshaled(text); r.info.fields[field].Geo {
		r.locate(field, text)
	}
}

// locate keeps the score that the index of a point has for it.
func (r *Row) locate(field int, text []byte) {
	var p Point
	if err := p.UnmarshalText(text); err != nil {
		r.at = field
		r.Refuse(err)
		return
	}
	r.fold(field, string(text), strconv.FormatUint(p.score(), 10))
}

// Binary writes what MarshalBinary returns.
func (r *Row) Binary(m encoding.BinaryMarshaler) {
	data, err := m.MarshalBinary()
	if err != nil {
		r.Refuse(r.info.concealed(r.at, err))
		return
	}
	r.marshaled(data)
}

// marshaled writes what a marshaler has returned.
func (r *Row) marshaled(data []byte) {
	from := r.begin()
	r.buf = append(r.buf, data...)
	r.end(from)
}

// JSON writes v as encoding/json does, without escaping HTML. A string that is
// not UTF-8 is refused, since JSON cannot hold it unchanged. What becomes null is
// absent.
func (r *Row) JSON(v any) {
	field, from := r.at, r.begin()
	b := bytes.NewBuffer(r.buf)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		r.Refuse(r.info.concealed(r.at, err))
		return
	}
	buf := bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
	if _, raw := v.(*json.RawMessage); !raw && replaced(buf[from:]) {
		r.Refuse(ErrUTF8)
		return
	}
	if string(buf[from:]) == "null" {
		r.at++
		return
	}
	r.buf = buf
	r.end(from)
	if r.info.fields[field].Fold {
		r.foldEach(field, from)
	}
}

// foldEach keeps the folded elements of a slice of strings.
func (r *Row) foldEach(field, from int) {
	var values []string
	if err := json.Unmarshal(r.buf[from:], &values); err != nil {
		r.at = field
		r.Refuse(err)
		return
	}
	for i, v := range values {
		values[i] = foldString(v)
	}
	folded, err := json.Marshal(values)
	if err != nil {
		r.at = field
		r.Refuse(err)
		return
	}
	r.fold(field, string(r.buf[from:]), string(folded))
}

// replaced tells whether encoding/json put the escape \ufffd for bytes that
// were not UTF-8. It writes a replacement character that was in the string as
// itself, never as an escape.
func replaced(text []byte) bool {
	escape := []byte(`\ufffd`)
	for {
		i := bytes.Index(text, escape)
		if i < 0 {
			return false
		}
		backslashes := 0
		for i-backslashes > 0 && text[i-backslashes-1] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return true
		}
		text = text[i+len(escape):]
	}
}

// text returns what was collected, without a copy: the row must not be written
// to any more.
func (r *Row) text() string { return unsafe.String(unsafe.SliceData(r.buf), len(r.buf)) }

// value returns the value of a field as stored, false if it is absent.
func (r *Row) value(field int) (string, bool) {
	c := r.cells[field]
	if c.from == 0 {
		return "", false
	}
	return r.text()[c.from:c.to], true
}

// folded returns the value of a field as its indexes see it.
func (r *Row) folded(field int) (string, bool) {
	for _, f := range r.folds {
		if f.field == field {
			return r.text()[f.from:f.to], true
		}
	}
	return r.value(field)
}

// identity returns what the stored record must have for an update of a row
// with a version: that version, and the same creation, if the row says when it
// was. A record that was deleted and created again starts with version 1 too.
func (r *Row) identity() string {
	version, _ := r.value(r.info.version)
	if r.info.created >= 0 {
		if created, ok := r.value(r.info.created); ok {
			return version + "@" + created
		}
	}
	return version
}

// expiry returns the value of the expires field; the zero time if it has none.
func (r *Row) expiry() time.Time {
	if r.info.expiry < 0 {
		return time.Time{}
	}
	text, _ := r.value(r.info.expiry)
	t, _ := parseTime(text) // text is empty or of Row.Time
	return t
}
