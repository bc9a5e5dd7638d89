package schema

import (
	"cmp"
	"slices"
	"strings"
)

// Error is one mistake in a schema: where it is, what is wrong, and what to
// write instead.
type Error struct {
	Pos     Pos
	Entity  string // Go type; "" when the mistake belongs to no entity
	Field   string // Go field; "" when it belongs to the whole entity
	Problem string
	Instead string

	// Where two things clash, Other is the position of the other end and
	// OtherNote says what is there.
	Other     Pos
	OtherNote string
}

// Error returns "file:line:col: Entity.Field: problem; instead", and on a
// second, indented line the other end of a clash.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Pos.String() + ": ")
	if e.Entity != "" {
		b.WriteString(e.Entity)
		if e.Field != "" {
			b.WriteString("." + e.Field)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Problem)
	if e.Instead != "" {
		b.WriteString("; " + e.Instead)
	}
	if e.OtherNote != "" {
		b.WriteString("\n\t" + e.Other.String() + ": " + e.OtherNote)
	}
	return b.String()
}

// Errors are the mistakes of a schema.
type Errors []*Error

// Error returns the mistakes, one after the other, without a final newline.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the mistakes for [errors.Is] and [errors.As].
func (es Errors) Unwrap() []error {
	errs := make([]error, len(es))
	for i, e := range es {
		errs[i] = e
	}
	return errs
}

// Sort orders the mistakes by file, line and column, and by text where
// several are at one place.
func (es Errors) Sort() {
	slices.SortStableFunc(es, func(a, b *Error) int {
		return cmp.Or(
			a.Pos.compare(b.Pos),
			strings.Compare(a.Error(), b.Error()),
		)
	})
}

func (p Pos) compare(q Pos) int {
	return cmp.Or(
		strings.Compare(p.File, q.File),
		cmp.Compare(p.Line, q.Line),
		cmp.Compare(p.Column, q.Column),
	)
}
