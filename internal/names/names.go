// Package names turns names into Go identifiers, file names and prose, and
// sees to it that no two identifiers clash.
package names

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// initialisms are written in one case: userID, URLPath. Their plurals end in
// a small s: UserIDs.
var initialisms = set(
	"ACL", "API", "ASCII", "CPU", "CSS", "DB", "DNS", "EOF", "GID", "GUID", "HTML", "HTTP", "HTTPS", "ID",
	"IP", "JSON", "JWT", "QPS", "RAM", "RPC", "SLA", "SMTP", "SQL", "SSH", "SSO", "TCP", "TLS", "TTL",
	"UDP", "UI", "UID", "URI", "URL", "UTF8", "UUID", "VM", "XML", "XMPP", "XSRF", "XSS",
)

// Exported returns the exported identifier for a name in snake or camel
// case: created_at and createdAt are CreatedAt, user_ids is UserIDs.
// Capitals inside a word are kept: UserId stays UserId.
func Exported(name string) string {
	s := title(Words(name))
	if r, _ := utf8.DecodeRuneInString(s); !unicode.IsUpper(r) {
		return "X" + s
	}
	return s
}

// Unexported returns the identifier for a name that stays in its package:
// CreatedAt is createdAt, UserID is userID, HTTPLog is httpLog.
func Unexported(name string) string {
	words := Words(name)
	if len(words) == 0 {
		return "x"
	}
	first := strings.ToLower(words[0])
	if r, _ := utf8.DecodeRuneInString(first); !unicode.IsLetter(r) || unicode.IsUpper(r) { // ϔ has no lower case
		first = "x" + first
	}
	return first + title(words[1:])
}

// Snake returns name in snake case, fit for a file: AuditLog is audit_log.
func Snake(name string) string {
	s := strings.ToLower(strings.Join(Words(name), "_"))
	if s == "" {
		return "x"
	}
	return s
}

// Prose returns name as words in a sentence: AuditLog is "audit log", UserID
// is "user ID".
func Prose(name string) string {
	words := Words(name)
	for i, w := range words {
		if s, ok := initialism(w); ok {
			words[i] = s
		} else {
			words[i] = strings.ToLower(w)
		}
	}
	return strings.Join(words, " ")
}

// Receiver returns the customary variable for a value of a type: u for User.
func Receiver(typeName string) string {
	for _, r := range typeName {
		if unicode.IsLetter(r) {
			return string(unicode.ToLower(r))
		}
	}
	return "x"
}

// Words splits a name in snake, kebab or camel case: HTTPLog is HTTP, Log.
func Words(name string) []string {
	var words []string
	for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		words = append(words, humps([]rune(part))...)
	}
	return words
}

// humps splits a name in camel case. A run of capitals is one word; its last
// capital begins the next word when small letters follow, unless they are
// the s of a plural: UserIDs is User, IDs.
func humps(name []rune) []string {
	var words []string
	start := 0
	for i := 1; i < len(name); i++ {
		if !unicode.IsUpper(name[i]) {
			continue
		}
		after := unicode.IsUpper(name[i-1])
		before := i+1 < len(name) && unicode.IsLower(name[i+1]) && !pluralAt(name, start, i)
		if !after || before {
			words = append(words, string(name[start:i]))
			start = i
		}
	}
	return append(words, string(name[start:]))
}

// pluralAt reports whether the word from start ends with the capital at i
// and an s: the D of UserIDs.
func pluralAt(name []rune, start, i int) bool {
	if name[i+1] != 's' || i+2 < len(name) && unicode.IsLower(name[i+2]) {
		return false
	}
	return initialisms[string(name[start:i+1])]
}

// title joins words, each with a capital.
func title(words []string) string {
	var b strings.Builder
	for _, w := range words {
		if s, ok := initialism(w); ok {
			b.WriteString(s)
			continue
		}
		r, size := utf8.DecodeRuneInString(w)
		b.WriteRune(unicode.ToUpper(r))
		b.WriteString(w[size:])
	}
	return b.String()
}

// initialism returns an initialism or its plural, given in one case, as Go
// code writes it.
func initialism(word string) (string, bool) {
	upper := strings.ToUpper(word)
	if initialisms[upper] && (word == upper || word == strings.ToLower(word)) {
		return upper, true
	}
	if one, ok := strings.CutSuffix(word, "s"); ok && initialisms[strings.ToUpper(one)] &&
		(one == strings.ToUpper(one) || one == strings.ToLower(one)) {
		return strings.ToUpper(one) + "s", true
	}
	return "", false
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}
