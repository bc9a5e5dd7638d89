package repo

import (
	"crypto/sha1"
	"embed"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

//go:embed lua/*.lua
var luaFiles embed.FS

// part returns one of the files that scripts are put together from.
func part(name string) string {
	text, err := luaFiles.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(err) // the files are part of the program
	}
	return string(text)
}

// script is a Lua script and the names that it is called by.
type script struct {
	source   string
	sha      string // SHA-1, for EVALSHA
	entity   string // that it is for; "": any
	function string // and the library of this one function
	does     effect
}

// effect is what a script does to records.
type effect int

const (
	writes effect = iota
	reads         // and repairs what it meets, if it can
	frees         // removes, and so needs no memory
)

// shared are the scripts that are the same for every entity.
var shared []*script

// newScript puts together a script that is the same for every entity, for a
// variable of the package.
func newScript(parts ...string) *script {
	s := putTogether("", parts)
	shared = append(shared, s)
	return s
}

// putTogether puts together a script for an entity.
func putTogether(entity string, parts []string) *script {
	source := strings.Join(parts, "\n")
	sum := sha1.Sum([]byte(source))
	sha := hex.EncodeToString(sum[:])
	return &script{source: source, sha: sha, entity: entity, function: functionName(entity, sha)}
}

// which says what a new script does.
func (s *script) which(does effect) *script {
	s.does = does
	return s
}

const (
	// scriptBase starts a script: the keyspace that names are relative to, and
	// what is used so often that a local name is worth its while.
	scriptBase = dropAbsent + "local base = ARGV[1]\nlocal call, floor, format = redis.call, math.floor, string.format\n"
	// scriptWrite names what else a write is given, and what the generated part need not
	// have: code that an earlier version has generated does not know of events.
	scriptWrite = "local ARGV = ARGV\nlocal op, clock = ARGV[2], ARGV[3]\nlocal guard, fell, events = nil\n"
)

// The scripts of this package's own operations.
var (
	sweepScript  = newScript(scriptBase, part("clock"), part("withdraw"), part("event"), part("ledger"), part("sweep")).which(frees)
	uniqueScript = newScript(scriptBase, part("hash"), part("unique")).which(reads)
	countScript  = newScript(scriptBase, part("clock"), part("withdraw"), part("event"), part("ledger"), "local reverse, score, member, skip, number", part("bytes"), part("source"), part("count")).which(reads)
	findScript   = newScript(scriptBase, "local ARGV = ARGV", part("take"), part("query"), part("hash"), part("clock"), part("withdraw"), part("event"), part("ledger"),
		part("bytes"), part("lex"), part("micros"), part("each"), part("heap"), part("point"), part("filter"), part("source"), part("merge"), part("sort"), part("nearest"), part("choose"), part("find")).which(reads)
)

// writing says what a write script can do.
type writing int

const (
	writeOne     writing = iota // one record
	writeMany                   // many
	writeGuarded                // many, those that meet a condition
	writeFamily                 // many, and what refers to them
)

// of returns what can do the same with so many records.
func (how writing) of(n int) writing {
	if how == writeMany && n == 1 {
		return writeOne
	}
	return how
}

// newWriteScript puts together a script that writes records of an entity: the
// parts it needs, around the generated one.
//
// All operations are in one script, so that a batch, which writes one record at
// a time, uses one script for each entity: had a server only some of several, a
// batch would not take effect in its order.
func newWriteScript(info *entityInfo, how writing) *script {
	family, cascades := []*entityInfo{info}, false
	if how == writeFamily || how == writeGuarded {
		family, cascades = info.family(), len(info.children) > 0
	}
	count := "many"
	if how == writeOne {
		count = "one"
	}
	parts := append([]string{scriptBase, scriptWrite, part("fence")}, writeParts(family, count, "claim_"+count, how == writeGuarded)...)
	if info.has(FieldInfo.isNumber) {
		parts = append(parts, "local total = nil\nif op == 'patch' then", part("number"), "total = sum\nend")
	}
	if info.refers() {
		parts = append(parts, part("parents"))
	}
	parts = append(append(append(parts, info.script), info.eventParts()...), info.farParts()...)
	if cascades {
		parts = append(append(parts, "local finish = settle"), info.cascadeParts()...)
		return putTogether(info.name, append(parts, part("write"), part("carry"), "finish()\nreturn replies\n"))
	}
	return putTogether(info.name, append(parts, part("write"), part("carry"), "settle()\nreturn replies\n"))
}

// writeParts returns what the generated parts of some entities and write.lua need:
// count is how changes of indexes are planned, claim how those of unique values.
func writeParts(list []*entityInfo, count, claim string, guarded bool) []string {
	any := func(is func(*entityInfo) bool) bool { return slices.ContainsFunc(list, is) }
	parts := []string{part("hash"), part("store")}
	for _, p := range []struct {
		name string
		need bool
	}{
		{"clock", any((*entityInfo).asksTime)},
		{"stamp", any(func(info *entityInfo) bool { return info.created >= 0 || info.updated >= 0 || info.expiry >= 0 })},
		{"micros", guarded || any(func(info *entityInfo) bool {
			return info.has(func(f FieldInfo) bool { return f.Scored && f.Kind == KindTime })
		})},
		{"lex", guarded || any(func(info *entityInfo) bool { return info.hasIndex(func(ix Index) bool { return ix.Kind == IndexLex }) })},
		{"each", guarded || any(func(info *entityInfo) bool { return info.hasIndex(func(ix Index) bool { return ix.Each }) })},
		{count, true},
		{claim, claim == "claim_tx" || any(func(info *entityInfo) bool {
			return info.hasIndex(func(ix Index) bool { return ix.Kind == IndexUnique })
		})},
		{"withdraw", any(func(info *entityInfo) bool { return len(info.globals) > 0 })},
		{"event", any(func(info *entityInfo) bool { return info.events != "" || info.expires })},
		{"ledger", any(func(info *entityInfo) bool { return info.expires })},
		{"take", guarded},
		{"bytes", guarded},
		{"point", guarded},
		{"filter", guarded},
		{"guard", guarded},
	} {
		if p.need {
			parts = append(parts, part(p.name))
		}
	}
	return parts
}

// asksTime tells whether writes need the time.
func (info *entityInfo) asksTime() bool {
	return info.expires || info.listing < 0 || info.created >= 0 || info.updated >= 0 || info.retry || len(info.globals) > 0 || info.events != ""
}

// eventParts returns what else the generated part of an entity needs whose changes are
// told.
func (info *entityInfo) eventParts() []string {
	if info.events == "" {
		return []string{"local tell = nil"}
	}
	return []string{part("tell")}
}

// farParts returns what else the generated part of an entity needs whose values are
// unique across shards.
func (info *entityInfo) farParts() []string {
	if len(info.globals) == 0 {
		return nil
	}
	return []string{"local globals = " + strconv.Itoa(len(info.globals)), part("far")}
}

func (f FieldInfo) isNumber() bool {
	return f.Role == RoleNone && (f.Kind == KindInt || f.Kind == KindUint || f.Kind == KindFloat)
}

func (info *entityInfo) has(is func(FieldInfo) bool) bool {
	for _, f := range info.fields {
		if is(f) {
			return true
		}
	}
	return false
}

func (info *entityInfo) hasIndex(is func(Index) bool) bool {
	for _, ix := range info.indexes {
		if is(ix) {
			return true
		}
	}
	return false
}
