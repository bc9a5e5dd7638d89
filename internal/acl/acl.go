// Package acl says what generated repositories need from a server: the commands
// that the runtime sends and its scripts call, and the keys of the entities.
package acl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/redisgen/redisgen/schema"
)

// Role is what a user is for.
type Role string

// The roles. All but Sentinel are users of the servers that have the records.
const (
	Reader   Role = "reader"   // reads records
	Writer   Role = "writer"   // reads and writes records: the user of an application
	Migrator Role = "migrator" // a writer that also finds and removes keys
	Operator Role = "operator" // looks at keys and servers, and changes nothing
	Sentinel Role = "sentinel" // asks sentinels where the primary is
)

// Roles are all roles.
var Roles = []Role{Reader, Writer, Migrator, Operator, Sentinel}

// Options say what user the rules are for.
type Options struct {
	Role      Role
	Prefix    string // of the client's configuration, with the tenant's name
	Functions bool   // scripts are functions
	Cluster   bool   // the client is one of a cluster
	Database  bool   // the client chooses a database
	Wait      bool   // writes wait for replicas
	WaitAOF   bool   // writes wait for append-only files
	Cache     bool   // the client keeps records in memory

	// With names what is used besides repositories: some of [Parts], and "topic=" and a
	// pattern for who subscribes to several topics by that.
	With []string
}

// ErrWord is what a prefix or a name leads to that rules cannot have.
var ErrWord = errors.New("ACL rules can have neither spaces nor quotes nor NUL: choose another")

// CheckWord returns what is wrong with a prefix or a name, which is part of a rule.
func CheckWord(word string) error {
	if strings.ContainsFunc(word, func(r rune) bool { return unicode.IsSpace(r) || r == 0 || r == '"' || r == '\'' }) {
		return fmt.Errorf("%q: %w", word, ErrWord)
	}
	return nil
}

// Rules returns the rules of a user, to be added to one that may do nothing.
func Rules(packages []*schema.Package, o Options) ([]string, error) {
	if err := CheckWord(o.Prefix); err != nil {
		return nil, fmt.Errorf("prefix %w", err)
	}
	if o.Role == Sentinel {
		return sentinelRules(), nil
	}
	keys, strs := patterns(packages, o.Prefix)
	told := eventsOf(packages, o.Prefix)
	health := escape(o.Prefix) + "{health}"
	rules := o.connection()
	switch o.Role {
	case Reader:
		rules = append(rules, commands(reads+told.watches())...)
		rules = append(rules, withFlag("%R~", keys)...)
		rules = append(rules, withFlag("&", told.channels)...)
		// A server takes every script for one that writes its keys, whatever it
		// does. What the script calls is checked against the rules before.
		rules = append(rules, selector(append(commands(o.scripts()), withFlag("~", keys)...)))
	case Writer, Migrator:
		rules = append(rules, commands(reads+writes+o.scripts()+told.watches()+told.tells())...)
		if o.Role == Migrator {
			rules = append(rules, commands(finds+o.loads())...)
		}
		rules = append(rules, o.waits()...)
		rules = append(rules, withFlag("~", keys)...)
		rules = append(rules, withFlag("&", told.channels)...)
		rules = append(rules, selector(append([]string{"+set"}, withFlag("%W~", append(strs, health))...)))
		rules = append(rules, told.rules()...)
	case Operator:
		rules = append(rules, commands(reads+finds+looks+told.looks())...)
		rules = append(rules, withFlag("%R~", append(keys, health))...)
	default:
		return nil, fmt.Errorf("there is no role %q", o.Role)
	}
	more, err := o.partRules()
	return append(rules, more...), err
}

// connection returns what every client needs, whatever it does.
func (o Options) connection() []string {
	names := connection
	if o.Database {
		names += " select"
	}
	if o.Cluster {
		names += cluster
	}
	if o.Cache {
		names += " client|tracking"
	}
	return commands(names)
}

// waits returns the rules for what a durable write waits with.
func (o Options) waits() []string {
	names := ""
	if o.Wait {
		names += " wait"
	}
	if o.WaitAOF {
		names += " waitaof"
	}
	return commands(names)
}

// Commands that are allowed, by what they are for; those of scripts as well as
// those that clients send.
const (
	// What a connection begins with, and Open and Health ask. AUTH and HELLO are
	// allowed to everybody.
	connection = " client|setname info ping"
	cluster    = " asking cluster|slots command readonly"

	reads = " exists get hget hmget pexpiretime pttl time zcard zcount zlexcount zmscore zrange zrangebylex zrangebyscore" +
		" zrank zrevrange zrevrangebylex zrevrangebyscore zrevrank zscore"
	writes = " del hdel hlen hset persist pexpireat zadd zrem"
	finds  = " hgetall scan type"
	looks  = " dbsize hlen hscan memory|usage object|encoding ttl zscan"
)

// scripts returns the commands that run scripts.
func (o Options) scripts() string {
	if o.Functions {
		return " fcall fcall_ro"
	}
	return " eval evalsha"
}

// loads returns the commands that put scripts on a server and remove them.
func (o Options) loads() string {
	if o.Functions {
		return " function|delete function|list function|load"
	}
	return ""
}

// sentinelRules are those of a user of sentinels.
func sentinelRules() []string {
	rules := commands(" client|setname ping sentinel|get-master-addr-by-name sentinel|replicas sentinel|sentinels subscribe")
	return append(rules, "&+replica-reconf-done", "&+switch-master")
}

// commands returns the rules that allow commands, in order.
func commands(names string) []string {
	list := strings.Fields(names)
	slices.Sort(list)
	return withFlag("+", slices.Compact(list))
}

func withFlag(flag string, list []string) []string {
	flagged := make([]string, len(list))
	for i, s := range list {
		flagged[i] = flag + s
	}
	return flagged
}

// selector returns the rule that allows what its rules allow together.
func selector(rules []string) string { return "(" + strings.Join(rules, " ") + ")" }
