// Package tenant says under which keys the tenants of an application are.
package tenant

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrName is what a bad name of a tenant leads to.
var ErrName = errors.New("not the name of a tenant")

// most is how many bytes a name has at most.
const most = 128

// Prefix returns the prefix of the keys of a tenant: the client's, the name and a
// colon. No two tenants of a client have keys in common, nor has the client with
// any of them, because no name has a colon or a brace in it. Names are compared
// byte by byte.
func Prefix(prefix, name string) (string, error) {
	if reason := refuse(name); reason != "" {
		return "", fmt.Errorf("%w: %q %s", ErrName, shorten(name), reason)
	}
	return prefix + name + ":", nil
}

// refuse returns what is wrong with a name.
func refuse(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > most:
		return fmt.Sprintf("has %d bytes; use at most %d", len(name), most)
	case !utf8.ValidString(name):
		return "is not valid UTF-8"
	case strings.ContainsAny(name, `{}:*?[]\"'`):
		return `contains one of {}:*?[]\"'`
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }):
		return "contains a space or a character that does not print"
	}
	return ""
}

func shorten(name string) string {
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}
