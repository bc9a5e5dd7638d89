package names

import (
	"go/token"
	"go/types"
	"strconv"
)

// A Scope holds the identifiers declared in a block and hands out new ones.
// What is taken in an enclosing scope is taken in the inner ones too.
type Scope struct {
	outer *Scope
	taken map[string]bool
}

// universe holds what no identifier may be called: keywords, which cannot be
// declared, and predeclared identifiers, which should not be.
var universe = &Scope{taken: set(append(types.Universe.Names(), "_", "init")...)}

// NewScope returns the scope of a package that declares names.
func NewScope(names ...string) *Scope {
	return universe.Inner(names...)
}

// Inner returns a scope inside s that declares names.
func (s *Scope) Inner(names ...string) *Scope {
	return &Scope{outer: s, taken: set(names...)}
}

// Take declares names, taken or not.
func (s *Scope) Take(names ...string) {
	for _, n := range names {
		s.taken[n] = true
	}
}

// Free reports whether none of names is taken.
func (s *Scope) Free(names ...string) bool {
	for _, n := range names {
		if token.IsKeyword(n) {
			return false
		}
		for at := s; at != nil; at = at.outer {
			if at.taken[n] {
				return false
			}
		}
	}
	return true
}

// Pick declares the first free one of the candidates and returns it. When
// none is free it numbers the first one: status2, status3.
func (s *Scope) Pick(candidates ...string) string {
	for _, name := range candidates {
		if s.Free(name) {
			s.Take(name)
			return name
		}
	}
	for i := 2; ; i++ {
		if name := candidates[0] + strconv.Itoa(i); s.Free(name) {
			s.Take(name)
			return name
		}
	}
}
