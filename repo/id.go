package repo

import (
	"encoding"
	"errors"
	"strconv"
	"strings"
)

// StringID returns the id of a string key.
func StringID[K ~string](key K) (string, error) { return string(key), nil }

// IntID returns the id of a signed integer key: decimal.
func IntID[K ~int | ~int8 | ~int16 | ~int32 | ~int64](key K) (string, error) {
	return strconv.FormatInt(int64(key), 10), nil
}

// UintID returns the id of an unsigned integer key: decimal.
func UintID[K ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](key K) (string, error) {
	return strconv.FormatUint(uint64(key), 10), nil
}

// TextID returns the id of a key that marshals itself as text.
func TextID[K any, P interface {
	*K
	encoding.TextMarshaler
}](key K) (string, error) {
	text, err := P(&key).MarshalText()
	return string(text), err
}

// ParseString returns the string key that has an id.
func ParseString[K ~string](id string) (K, error) { return K(id), nil }

// ParseInt returns the signed integer key that has an id.
func ParseInt[K ~int | ~int8 | ~int16 | ~int32 | ~int64](id string) (K, error) {
	n, err := canonicalInt(id, 64)
	if int64(K(n)) != n {
		return 0, errID
	}
	return K(n), err
}

// ParseUint returns the unsigned integer key that has an id.
func ParseUint[K ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](id string) (K, error) {
	n, err := canonicalUint(id, 64)
	if uint64(K(n)) != n {
		return 0, errID
	}
	return K(n), err
}

// ParseText returns the key that marshals itself as an id.
func ParseText[K any, P interface {
	*K
	textKey
}](id string) (K, error) {
	var key K
	err := canonicalText(id, P(&key))
	return key, err
}

// IDParts builds the id of a composite key: every part but the last is
// preceded by its length, so that no two keys share an id.
type IDParts struct {
	parts []string
	err   error
}

// NewID returns an empty id for n parts.
func NewID(n int) *IDParts { return &IDParts{parts: make([]string, 0, n)} }

// String adds a string part.
func (p *IDParts) String(s string) *IDParts {
	p.parts = append(p.parts, s)
	return p
}

// Int adds a signed integer part.
func (p *IDParts) Int(n int64) *IDParts { return p.String(strconv.FormatInt(n, 10)) }

// Uint adds an unsigned integer part.
func (p *IDParts) Uint(n uint64) *IDParts { return p.String(strconv.FormatUint(n, 10)) }

// Text adds a part that marshals itself as text.
func (p *IDParts) Text(m encoding.TextMarshaler) *IDParts {
	text, err := m.MarshalText()
	if p.err == nil {
		p.err = err
	}
	return p.String(string(text))
}

// Join returns the id.
func (p *IDParts) Join() (string, error) { return joinValues(p.parts), p.err }

// IDReader takes the id of a composite key apart, as IDParts built it. Generated
// code calls one method for each part, in order. The first error sticks.
type IDReader struct {
	rest string
	left int // how many parts
	err  error
}

// ReadID returns a reader of an id of n parts.
func ReadID(id string, n int) *IDReader { return &IDReader{rest: id, left: n} }

// String reads a string part.
func (r *IDReader) String() string {
	r.left--
	switch {
	case r.err != nil:
		return ""
	case r.left == 0:
		return r.rest
	}
	length, rest, found := strings.Cut(r.rest, ":")
	n, err := canonicalUint(length, 64)
	if !found || err != nil || n > uint64(len(rest)) {
		r.fail(errID)
		return ""
	}
	r.rest = rest[n:]
	return rest[:n]
}

// Int reads a signed integer part of that many bits; 0 is the width of int.
func (r *IDReader) Int(bits int) int64 {
	n, err := canonicalInt(r.String(), bits)
	r.fail(err)
	return n
}

// Uint reads an unsigned integer part of that many bits; 0 is the width of
// uint.
func (r *IDReader) Uint(bits int) uint64 {
	n, err := canonicalUint(r.String(), bits)
	r.fail(err)
	return n
}

// Text reads a part that unmarshals itself from text into key.
func (r *IDReader) Text(key textKey) { r.fail(canonicalText(r.String(), key)) }

func (r *IDReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Err returns the first error.
func (r *IDReader) Err() error { return r.err }

// errID is what an id leads to that no key has.
var errID = errors.New("not the id of a key")

// canonicalInt reads a decimal integer, and only as it is written in ids: without
// a plus sign or zeros at its front.
func canonicalInt(s string, bits int) (int64, error) {
	n, err := strconv.ParseInt(s, 10, bits)
	if err != nil || strconv.FormatInt(n, 10) != s {
		return 0, errID
	}
	return n, nil
}

// canonicalUint is canonicalInt for unsigned integers.
func canonicalUint(s string, bits int) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, errID
	}
	return n, nil
}

// textKey is a pointer to a key, or part of one, that is stored as text.
type textKey interface {
	encoding.TextMarshaler
	encoding.TextUnmarshaler
}

// canonicalText hands an id to UnmarshalText. A type may accept a text in several
// forms, but an id is only in the one that MarshalText gives.
func canonicalText(s string, key textKey) error {
	if err := key.UnmarshalText([]byte(s)); err != nil {
		return err
	}
	switch text, err := key.MarshalText(); {
	case err != nil:
		return err
	case string(text) != s:
		return errID
	}
	return nil
}

// joinValues makes one string of several such that different values never
// give the same string: 3:abc2:dex for abc, de, x.
func joinValues(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	var b strings.Builder
	for _, v := range values[:len(values)-1] {
		b.WriteString(strconv.Itoa(len(v)))
		b.WriteByte(':')
		b.WriteString(v)
	}
	b.WriteString(values[len(values)-1])
	return b.String()
}
