package storage

import (
	"math"
	"unicode/utf8"
)

// Bounds of what copyOf copies; what is larger or deeper is left to encoding/json.
const (
	mostCopy = 1 << 20 // bytes, or so
	deepCopy = 100
)

// copyOf returns a copy of a value of a document that has nothing but the types of package encoding/json
// and int, as it comes back from JSON. ok is false if it has others, or what JSON cannot have
// as it is.
func copyOf(value any) (_ any, ok bool) {
	c := copier{left: mostCopy}
	value = c.copy(value, 0)
	return value, !c.failed && c.left >= 0
}

// copier copies a value that is plain.
type copier struct {
	left   int // bytes that may be copied yet
	failed bool
}

func (c *copier) copy(value any, depth int) any {
	c.left -= 8
	if c.failed = c.failed || depth > deepCopy || c.left < 0; c.failed {
		return nil
	}
	switch v := value.(type) {
	case nil, bool, int64:
		return v
	case string:
		c.text(v)
		return value
	case int:
		return int64(v)
	case float64:
		return c.number(v)
	case map[string]any:
		return c.object(v, depth)
	case []any:
		return c.list(v, depth)
	}
	c.failed = true
	return nil
}

// text looks at a text; JSON has other characters in place of bytes that are none.
func (c *copier) text(s string) {
	c.left -= len(s)
	c.failed = c.failed || !utf8.ValidString(s)
}

// number returns what JSON makes of a number: one without a fraction is an integer.
func (c *copier) number(f float64) any {
	switch {
	case f != math.Trunc(f) && !math.IsNaN(f):
		return f
	case math.Abs(f) < 1<<53 && (f != 0 || !math.Signbit(f)):
		return int64(f)
	}
	c.failed = true
	return nil
}

func (c *copier) object(from map[string]any, depth int) any {
	if from == nil {
		return nil
	}
	to := make(map[string]any, len(from))
	for name, value := range from {
		c.text(name)
		to[name] = c.copy(value, depth+1)
	}
	return to
}

func (c *copier) list(from []any, depth int) any {
	if from == nil {
		return nil
	}
	to := make([]any, len(from))
	for i, value := range from {
		to[i] = c.copy(value, depth+1)
	}
	return to
}
