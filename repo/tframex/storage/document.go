package storage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"strconv"
	"time"
)

// Document is a JSON object. What a storage returns has nil, bool, string, int64, float64,
// [json.Number] for a number that neither holds as it was written, []any and map[string]any.
// What is given to one may have any value that encoding/json takes.
type Document = map[string]any

// Fields that every storage knows.
const (
	FieldID        = "id"
	FieldCreatedAt = "created_at"
	FieldUpdatedAt = "updated_at"
)

// maxDocument is how many bytes of JSON a document has at most.
const maxDocument = 64 << 20

// CheckDocument returns a copy of a document in the form that storages return, and
// [ErrValidation] if it is none.
func CheckDocument(doc Document) (Document, error) {
	if doc == nil {
		return nil, fmt.Errorf("%w: the document is nil", ErrValidation)
	}
	if same, ok := copyOf(doc); ok {
		return same.(Document), nil
	}
	data, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("%w: the document is no JSON: %w", ErrValidation, err)
	}
	return ParseDocument(data)
}

// ParseDocument reads a document from JSON.
func ParseDocument(data []byte) (Document, error) {
	v, err := ParseValue(data)
	if err != nil {
		return nil, err
	}
	doc, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: JSON that is no object", ErrValidation)
	}
	return doc, nil
}

// ParseValue reads a value of a document from JSON.
func ParseValue(data []byte) (any, error) {
	if len(data) > maxDocument {
		return nil, fmt.Errorf("%w: %d bytes of JSON, at most %d", ErrValidation, len(data), maxDocument)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = fmt.Errorf("more follows the first value")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: no JSON: %w", ErrValidation, err)
	}
	return numbers(v), nil
}

// numbers puts numbers of Go in place of those of JSON where they are the same.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		return number(v)
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = numbers(v[key])
		}
	}
	return v
}

// number returns the int64 or the float64 that is written like n, else n.
func number(n json.Number) any {
	if i, err := strconv.ParseInt(string(n), 10, 64); err == nil && strconv.FormatInt(i, 10) == string(n) {
		return i
	}
	f, err := n.Float64()
	if err != nil {
		return n
	}
	if text, err := json.Marshal(f); err == nil && string(text) == string(n) {
		return f
	}
	return n
}

// rational returns the value of a number of a document: that of its JSON, so that 0.1 and 0.10
// are equal. One beyond float64 has none: it is behind, or before, all that do. One too small for
// float64 is 0.
func rational(v any) *big.Rat {
	switch v := v.(type) {
	case int64:
		return new(big.Rat).SetInt64(v)
	case float64:
		r, _ := new(big.Rat).SetString(strconv.FormatFloat(v, 'g', -1, 64))
		return r
	case json.Number:
		f, err := v.Float64()
		if err != nil || f == 0 {
			return new(big.Rat).SetFloat64(f) // nil, if it is infinite
		}
		r, _ := new(big.Rat).SetString(string(v))
		return r
	}
	return nil
}

// timestamps are the forms in which documents have times; without a zone they mean UTC.
var timestamps = []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999"}

// ParseTime reads a time as documents have it: a date and a time of day, between them T or a
// space, with or without parts of a second and a zone.
func ParseTime(text string) (time.Time, error) {
	if len(text) > 10 && text[10] == ' ' {
		text = text[:10] + "T" + text[11:]
	}
	for _, form := range timestamps {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: %.40q is no time; write it as 2006-01-02T15:04:05.999999", ErrValidation, text)
}

// FormatTime writes a time as storages do: in UTC, to the microsecond, without a zone.
func FormatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000") }

// tableName is what names of tables look like.
var tableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// CheckTable returns [ErrValidation] if a table cannot have the name: a letter or _, then at
// most 62 letters, digits and _. So a name is safe in SQL, in paths and in keys.
func CheckTable(name string) error {
	if !tableName.MatchString(name) {
		return fmt.Errorf("%w: no name of a table: %.80q; it has a letter or _ first, then letters, digits and _, 63 in all at most", ErrValidation, name)
	}
	return nil
}

// CheckID returns [ErrValidation] if a document cannot have the id: text of 1 to 512 bytes,
// without control characters.
func CheckID(id string) error {
	if id == "" || len(id) > 512 {
		return fmt.Errorf("%w: an id of %d bytes; it has 1 to 512", ErrValidation, len(id))
	}
	for _, r := range id {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return fmt.Errorf("%w: the id %q has a character that ids have not", ErrValidation, id)
		}
	}
	return nil
}
