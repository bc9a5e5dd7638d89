package schema

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SyntaxError is a mistake in a tag or directive. At is its offset in bytes.
type SyntaxError struct {
	At      int
	Problem string
	Instead string
}

func (e *SyntaxError) Error() string { return e.Problem + "; " + e.Instead }

// Word is a name in a tag or directive and its offset in bytes.
type Word struct {
	Text string
	At   int
}

// Option is an option of a tag or entity directive: "key", "ttl=1h".
type Option struct {
	Word
	Value *Word // nil without "="
}

func (o Option) String() string {
	if o.Value == nil {
		return o.Text
	}
	return o.Text + "=" + o.Value.Text
}

// value returns the option's value, or "".
func (o Option) value() string {
	if o.Value == nil {
		return ""
	}
	return o.Value.Text
}

// Tag is a parsed redis tag: a name and options, joined by commas.
type Tag struct {
	Name    Word
	Options []Option
}

// Has says whether the tag has the option.
func (t Tag) Has(option string) bool {
	for _, o := range t.Options {
		if o.Text == option {
			return true
		}
	}
	return false
}

func (t Tag) String() string { return join(t.Name, t.Options, ",") }

// EntityLine is what follows "//redisgen:entity": a name and options, joined
// by spaces.
type EntityLine struct {
	Name    Word
	Options []Option
}

func (l EntityLine) String() string { return join(l.Name, l.Options, " ") }

// IndexLine is what follows "//redisgen:index": Go names of fields, and the
// one that orders the records: "Status, Role order CreatedAt".
type IndexLine struct {
	Fields []Word
	Order  *Word // nil: not ordered
}

func (l IndexLine) String() string {
	names := make([]string, len(l.Fields))
	for i, f := range l.Fields {
		names[i] = f.Text
	}
	s := strings.Join(names, ", ")
	if l.Order != nil {
		s += " order " + l.Order.Text
	}
	return s
}

func join(name Word, options []Option, sep string) string {
	parts := []string{name.Text}
	for _, o := range options {
		parts = append(parts, o.String())
	}
	return strings.Join(parts, sep)
}

// ParseTag parses the redis part of a struct tag. What it returns holds all
// that is right, also when something else is wrong.
func ParseTag(s string) (Tag, []*SyntaxError) {
	var p parser
	var tag Tag
	for i, w := range split(s, ',') {
		switch {
		case i == 0:
			tag.Name = p.name(w, "field", isFieldName, `start with a letter or _, go on with letters, digits, _, . and -`)
		case strings.TrimSpace(w.Text) == "":
			p.fail(w.At, "an empty option", "remove the comma")
		default:
			if o, ok := p.option(p.trim(w, "option"), fieldOptions); ok {
				tag.Options = append(tag.Options, o)
			}
		}
	}
	return tag, p.errs
}

// ParseEntity parses what follows "//redisgen:entity".
func ParseEntity(s string) (EntityLine, []*SyntaxError) {
	var p parser
	var line EntityLine
	words := fields(s)
	if len(words) == 0 {
		words = []Word{{"", 0}}
	}
	line.Name = p.name(words[0], "entity", isEntityName, "start with a lower-case letter, go on with lower-case letters, digits and _")
	for _, w := range words[1:] {
		if o, ok := p.option(w, entityOptions); ok {
			line.Options = append(line.Options, o)
		}
	}
	return line, p.errs
}

// ParseIndex parses what follows "//redisgen:index".
func ParseIndex(s string) (IndexLine, []*SyntaxError) {
	const example = "write //redisgen:index A, B order C"
	var p parser
	var line IndexLine
	words := fields(strings.ReplaceAll(s, ",", " "))
	commas := func(i int) int { return strings.Count(s[words[i-1].At+len(words[i-1].Text):words[i].At], ",") }
	for i, w := range words {
		after := ""
		if i > 0 {
			after = words[i-1].Text
		}
		switch {
		case w.Text == "order" && line.Order == nil && i > 0:
			if i == len(words)-1 {
				p.fail(w.At, "order without a field", example)
			}
			if commas(i) > 0 {
				p.fail(w.At, "a comma before order", example)
			}
		case !isIdentifier(w.Text):
			p.fail(w.At, fmt.Sprintf("%q is not the Go name of a field", w.Text), example)
		case line.Order != nil && (strings.EqualFold(w.Text, "desc") || strings.EqualFold(w.Text, "asc")):
			p.fail(w.At, "an index has no direction", fmt.Sprintf("remove %s: the query chooses", w.Text))
		case line.Order != nil:
			p.fail(w.At, fmt.Sprintf("%q after the order field: an index is ordered by one field", w.Text), example)
		case after == "order" && i > 1:
			if commas(i) > 0 {
				p.fail(w.At, "a comma after order", example)
			}
			line.Order = &w
		case w.Text == "order":
			p.fail(w.At, "order without a field before it", example+`, or the option sort to order all records`)
		default:
			switch {
			case i == 0 || after == "order" || !isIdentifier(after) || commas(i) == 1:
			case commas(i) == 0:
				p.fail(w.At, "no comma before "+w.Text, fmt.Sprintf("write %s, %s or %s order %s", after, w.Text, after, w.Text))
			default:
				p.fail(w.At, "two commas before "+w.Text, "remove one or add a field")
			}
			line.Fields = append(line.Fields, w)
		}
	}
	switch trimmed := strings.TrimRightFunc(s, unicode.IsSpace); {
	case len(words) == 0:
		p.fail(0, "an index without fields", example)
	case strings.HasSuffix(trimmed, ","):
		p.fail(len(trimmed)-1, "a comma at the end", "remove it or add a field")
	case strings.HasPrefix(strings.TrimSpace(s), ","):
		p.fail(strings.Index(s, ","), "a comma at the start", "remove it or add a field")
	}
	return line, p.errs
}

// ParseDirective splits the comment "//redisgen:entity users" into "entity"
// and " users", which starts at offset at. It is not ok for other comments.
func ParseDirective(comment string) (name, args string, at int, ok bool) {
	const prefix = "//redisgen:"
	rest, ok := strings.CutPrefix(comment, prefix)
	if !ok {
		return "", "", 0, false
	}
	n := strings.IndexFunc(rest, unicode.IsSpace)
	if n < 0 {
		n = len(rest)
	}
	return rest[:n], rest[n:], len(prefix) + n, true
}

// parser collects mistakes.
type parser struct {
	errs []*SyntaxError
	seen []Option
}

func (p *parser) fail(at int, problem, instead string) {
	p.errs = append(p.errs, &SyntaxError{at, problem, instead})
}

// name checks the name of a field or entity; it returns no text when it is bad.
func (p *parser) name(w Word, of string, valid func(string) bool, rule string) Word {
	w = p.trim(w, "name")
	switch {
	case valid(w.Text):
		return w
	case w.Text == "":
		p.fail(w.At, "the name of the "+of+" is missing", "write it first, before the options")
	default:
		p.fail(w.At, fmt.Sprintf("%q cannot be the name of the %s", w.Text, of), rule)
	}
	return Word{"", w.At}
}

// trim complains about spaces around w and removes them.
func (p *parser) trim(w Word, what string) Word {
	text := strings.TrimSpace(w.Text)
	if text == w.Text {
		return w
	}
	p.fail(w.At, fmt.Sprintf("spaces around %s %q", what, text), "remove them")
	return Word{text, w.At + strings.Index(w.Text, text)}
}

// option parses "name" or "name=value" and checks it against the options known.
func (p *parser) option(w Word, known []optionRule) (Option, bool) {
	name, value, hasValue := strings.Cut(w.Text, "=")
	o := Option{Word: Word{name, w.At}}
	if hasValue {
		o.Value = &Word{value, w.At + len(name) + 1}
	}
	i := findRule(known, name)
	if i < 0 {
		p.fail(w.At, fmt.Sprintf("unknown option %q", name), didYouMean(name, ruleNames(known)))
		return o, false
	}
	rule := known[i]
	switch {
	case !hasValue && rule.value == required:
		p.fail(w.At, "option "+name+" needs a value", "write "+rule.example)
		return o, false
	case hasValue && rule.value == none:
		p.fail(o.Value.At, "option "+name+" takes no value", "write "+name)
		return o, false
	case hasValue && !rule.valid(value):
		p.fail(o.Value.At, fmt.Sprintf("%q is no value of option %s", value, name), "write "+rule.example)
		return o, false
	}
	for _, other := range p.seen {
		if other.Text == name && (!rule.repeats || other.value() == o.value()) {
			p.fail(w.At, "option "+name+" is repeated", "keep one")
			return o, false
		}
	}
	p.seen = append(p.seen, o)
	return o, true
}

// split cuts s at each sep.
func split(s string, sep byte) []Word {
	words := []Word{}
	start := 0
	for i := range len(s) {
		if s[i] == sep {
			words = append(words, Word{s[start:i], start})
			start = i + 1
		}
	}
	return append(words, Word{s[start:], start})
}

// fields cuts s at white space.
func fields(s string) []Word {
	var words []Word
	start := -1
	for i, r := range s {
		switch space := unicode.IsSpace(r); {
		case space && start >= 0:
			words = append(words, Word{s[start:i], start})
			start = -1
		case !space && start < 0:
			start = i
		}
	}
	if start >= 0 {
		words = append(words, Word{s[start:], start})
	}
	return words
}

func isEntityName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || i > 0 && ('0' <= c && c <= '9' || c == '_')) {
			return false
		}
	}
	return s != ""
}

func isFieldName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !(letter || i > 0 && ('0' <= c && c <= '9' || c == '.' || c == '-')) {
			return false
		}
	}
	return s != ""
}

func isIdentifier(s string) bool {
	for i, r := range s {
		if !(unicode.IsLetter(r) || r == '_' || i > 0 && unicode.IsDigit(r)) || r == utf8.RuneError {
			return false
		}
	}
	return s != ""
}
