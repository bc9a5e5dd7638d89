package schema

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redisgen/redisgen/internal/nearest"
)

// optionRule says how an option is written.
type optionRule struct {
	name    string
	value   need
	valid   func(value string) bool
	example string // what to write when the value is missing or wrong
	repeats bool   // may be given several times, with different values
}

// need says whether an option has a value.
type need int

const (
	none need = iota
	optional
	required
)

// fieldOptions are the options of a redis tag.
var fieldOptions = []optionRule{
	{name: "key"},
	{name: "unique", value: optional, valid: isFieldName, example: "unique or unique=group", repeats: true},
	{name: "index", value: optional, valid: isFieldName, example: "index or index=group", repeats: true},
	{name: "sort", value: optional, valid: oneOf("lex"), example: "sort or sort=lex"},
	{name: "fold"},
	{name: "geo"},
	{name: "version"},
	{name: "created"},
	{name: "updated"},
	{name: "expires"},
	{name: "shard"},
	{name: "ref", value: required, valid: isIdentifier, example: "ref= and the Go name of an entity of this package"},
	{name: "ondelete", value: required, valid: oneOf("restrict", "cascade"), example: "ondelete=restrict or ondelete=cascade"},
	{name: "enum"},
	{name: "secret"},
	{name: "omitempty"},
	{name: "event"},
}

// entityOptions are the options of an entity directive.
var entityOptions = []optionRule{
	{name: "ttl", value: optional, valid: isTTL, example: "a duration of whole milliseconds, as in ttl=720h"},
	{name: "sliding"},
	{name: "retry"},
	{name: "shards", value: required, valid: isShards, example: "a number from 2 to 1024, as in shards=16, or leave it out for one shard"},
	{name: "in", value: required, valid: isIdentifier, example: "in= and the Go name of an entity of this package"},
	{name: "events", value: required, valid: isEvents, example: "events=pubsub, events=stream or events=stream,maxlen=10000"},
}

func oneOf(values ...string) func(string) bool {
	return func(s string) bool { return slices.Contains(values, s) }
}

// isTTL says whether s is a duration that Redis can keep: 0, or whole
// milliseconds.
func isTTL(s string) bool {
	d, err := time.ParseDuration(s)
	return err == nil && d >= 0 && d%time.Millisecond == 0
}

// isEvents says whether s is a way to tell of changes.
func isEvents(s string) bool {
	_, _, ok := parseEvents(s)
	return ok
}

// parseEvents takes the value of the option events apart.
func parseEvents(s string) (how string, maxLen int, ok bool) {
	how, most, bounded := strings.Cut(s, ",maxlen=")
	if bounded {
		n, err := strconv.Atoi(most)
		if err != nil || n < 1 || n > 1<<31 || strconv.Itoa(n) != most {
			return "", 0, false
		}
		maxLen = n
	}
	return how, maxLen, how == "stream" || how == "pubsub" && !bounded
}

func isShards(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 2 && n <= 1024 && strconv.Itoa(n) == s
}

func findRule(rules []optionRule, name string) int {
	return slices.IndexFunc(rules, func(r optionRule) bool { return r.name == name })
}

func ruleNames(rules []optionRule) []string {
	names := make([]string, len(rules))
	for i, r := range rules {
		names[i] = r.name
	}
	return names
}

// didYouMean says what to write instead of a name that is unknown: the one
// that differs least, or all of them.
func didYouMean(name string, known []string) string {
	best := nearest.Name(name, known, func(name, known string) (int, bool) {
		by := nearest.Edits(strings.ToLower(name), strings.ToLower(known))
		return by, by < 3 && by < len(known)
	})
	if best != "" {
		return "write " + best
	}
	if len(known) == 1 {
		return "write " + known[0]
	}
	return "write one of " + strings.Join(known, ", ")
}
