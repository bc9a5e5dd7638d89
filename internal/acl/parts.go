package acl

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// part is a package beside repositories, with keys of its own.
type part struct {
	kind     string // of its keys: see repo.Client.Space
	commands string // of its scripts
	looks    string // of who looks at its keys
}

// parts are the parts that have keys, by the name that Options.With has for them.
var parts = map[string]part{
	"idempotency": {kind: "once", commands: " del hdel hget hmget hset pexpire pttl"},
	"limit":       {kind: "limit", commands: " del get set time"},
	"lock":        {kind: "lock", commands: " del get hget hmget hset pexpire pttl set time"},
	"log":         {kind: "log", commands: " del hmget hset time xadd xrange xrevrange", looks: " xlen xrange"},
}

// topic is the part that has channels and no keys. topicGlob begins one that says to what
// pattern somebody subscribes, which has to be in the rules as it is.
const (
	topic     = "topic"
	topicGlob = "topic="
)

// Parts are the names of all parts.
var Parts = append(slices.Sorted(maps.Keys(parts)), topic)

// ErrPart is what the name of no part leads to.
var ErrPart = errors.New("there is no such part")

// CheckPart returns what is wrong with the name of a part.
func CheckPart(name string) error {
	if glob, ok := strings.CutPrefix(name, topicGlob); ok {
		return CheckWord(glob)
	}
	if !slices.Contains(Parts, name) {
		return fmt.Errorf("%q: %w; there are %s, and %s and a pattern", name, ErrPart, strings.Join(Parts, ", "), topicGlob)
	}
	return nil
}

// keys returns the pattern of the keys of a part.
func (p part) keys(prefix string) string { return escape(prefix) + "{" + p.kind + "/*}:*" }

// partRules returns the rules for the parts that are used besides repositories. Each has a
// selector, so that no command for one is allowed on the keys of another.
func (o Options) partRules() (rules []string, err error) {
	var globs []string
	with := slices.Compact(slices.Sorted(slices.Values(o.With)))
	for _, name := range with {
		if err := CheckPart(name); err != nil {
			return nil, err
		}
		if glob, ok := strings.CutPrefix(name, topicGlob); ok {
			globs = append(globs, glob)
		}
	}
	for _, name := range with {
		p, ok := parts[name]
		switch {
		case !ok:
		case o.Role == Operator:
			rules = append(rules, selector(append(commands(reads+finds+looks+p.looks), "%R~"+p.keys(o.Prefix))))
		case o.Role != Reader:
			rules = append(rules, selector(append(commands(p.commands+o.scripts()), "~"+p.keys(o.Prefix))))
		}
	}
	if (slices.Contains(with, topic) || globs != nil) && o.Role != Operator {
		rules = append(rules, o.topics(globs))
	}
	return rules, nil
}

// topics returns the rule for topics.
func (o Options) topics(globs []string) string {
	// The braces keep topics apart from all else: see repo/event.
	channels := strings.ReplaceAll(escape(o.Prefix), "^", `\^`) + "{}topic:"
	names, list := " subscribe", []string{channels + "*"}
	if o.Role != Reader {
		names += " publish"
	}
	if o.Cluster {
		names = strings.ReplaceAll(names, " ", " s") + names
	}
	for _, glob := range globs {
		names += " psubscribe"
		list = append(list, channels+glob)
	}
	return selector(append(commands(names), withFlag("&", list)...))
}
