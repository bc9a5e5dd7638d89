package schema

import (
	"strconv"
	"strings"
)

// TagKey is the key of redisgen's part of a struct tag, the one go-redis uses.
const TagKey = "redis"

// StructTag is the redis part of a struct tag.
type StructTag struct {
	Value  string // `id,key`
	starts []int  // offset in the literal of each byte of Value, and of its end
}

// Offset returns the offset in the literal of the byte of Value at i.
func (t StructTag) Offset(i int) int {
	if i < 0 || i >= len(t.starts) {
		return 0
	}
	return t.starts[i]
}

// FindStructTag finds the redis part of a struct tag, given as the Go string
// literal in the source, quotes included. It returns nil when there is none.
// A tag that is malformed before or in its redis part, so that Go would not
// find that part, is an error; its offset counts from the start of the literal.
func FindStructTag(literal string) (*StructTag, *SyntaxError) {
	text, starts, ok := unquote(literal)
	if !ok {
		return nil, nil // not a string: the compiler complains
	}
	var found *StructTag
	for i := 0; ; {
		for i < len(text) && text[i] == ' ' {
			i++
		}
		if i == len(text) {
			return found, nil
		}
		key := i
		for i < len(text) && text[i] > ' ' && text[i] != ':' && text[i] != '"' && text[i] != 0x7f {
			i++
		}
		malformed := func(at int, instead string) (*StructTag, *SyntaxError) {
			if found != nil || !strings.Contains(text[key:], TagKey) {
				return found, nil // some other key's tag: go vet complains
			}
			return nil, &SyntaxError{At: starts[at], Problem: "malformed struct tag, which hides its redis part", Instead: instead}
		}
		switch instead := `write each part as key:"value", without spaces around the colon`; {
		case i == key || i == len(text) || text[i] != ':':
			return malformed(key, instead)
		case i+1 == len(text) || text[i+1] != '"':
			return malformed(i+1, instead)
		}
		name := text[key:i]
		i++
		value, end := i, i+1
		for end < len(text) && text[end] != '"' {
			if text[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(text) {
			return malformed(value, "close the quote")
		}
		i = end + 1
		if name != TagKey {
			continue
		}
		if found != nil {
			return nil, &SyntaxError{At: starts[key], Problem: "a second redis part in one struct tag", Instead: `write one redis:"…" with all options`}
		}
		inner, at, ok := unquote(text[value:i])
		if !ok {
			return malformed(value, "write a valid Go string between the quotes")
		}
		for j := range at {
			at[j] = starts[value+at[j]]
		}
		found = &StructTag{Value: inner, starts: at}
	}
}

// unquote is strconv.Unquote for strings that also returns where each byte of
// the result, and its end, is in the literal.
func unquote(literal string) (text string, starts []int, ok bool) {
	if len(literal) < 2 {
		return "", nil, false
	}
	quote, end := literal[0], len(literal)-1
	if literal[end] != quote {
		return "", nil, false
	}
	switch quote {
	case '`':
		var b strings.Builder
		for i := 1; i < end; i++ {
			switch literal[i] {
			case '`':
				return "", nil, false
			case '\r': // Go leaves it out
			default:
				b.WriteByte(literal[i])
				starts = append(starts, i)
			}
		}
		return b.String(), append(starts, end), true
	case '"':
		var b strings.Builder
		rest := literal[1:end]
		for rest != "" {
			at := end - len(rest)
			if rest[0] == '"' || rest[0] == '\n' {
				return "", nil, false
			}
			r, multibyte, tail, err := strconv.UnquoteChar(rest, '"')
			if err != nil {
				return "", nil, false
			}
			before := b.Len()
			if multibyte {
				b.WriteRune(r)
			} else {
				b.WriteByte(byte(r))
			}
			for range b.Len() - before {
				starts = append(starts, at)
			}
			rest = tail
		}
		return b.String(), append(starts, end), true
	}
	return "", nil, false
}
