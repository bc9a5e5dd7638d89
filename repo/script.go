package repo

import (
	"crypto/sha1"
	"embed"
	"encoding/hex"
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

// script is a Lua script and the SHA-1 that EVALSHA calls it by.
type script struct {
	source string
	sha    string
}

func newScript(parts ...string) *script {
	source := strings.Join(parts, "\n")
	sum := sha1.Sum([]byte(source))
	return &script{source: source, sha: hex.EncodeToString(sum[:])}
}

const (
	// scriptBase starts a script: the keyspace that names are relative to, and
	// what is used so often that a local name is worth its while.
	scriptBase = "local base = ARGV[1]\nlocal call, floor, format = redis.call, math.floor, string.format\n"
	// scriptWrite names what else a write is given.
	scriptWrite = "local ARGV = ARGV\nlocal op, clock = ARGV[2], ARGV[3]\nlocal guard = nil\n"
)

// The scripts that are the same for every entity.
var (
	sweepScript  = newScript(scriptBase, part("clock"), part("ledger"), part("sweep"))
	uniqueScript = newScript(scriptBase, part("hash"), part("unique"))
	countScript  = newScript(scriptBase, part("clock"), part("ledger"), "local reverse, score, member, skip, number", part("bytes"), part("source"), part("count"))
	findScript   = newScript(scriptBase, "local ARGV = ARGV", part("take"), part("query"), part("hash"), part("clock"), part("ledger"),
		part("bytes"), part("lex"), part("micros"), part("each"), part("heap"), part("point"), part("filter"), part("source"), part("merge"), part("sort"), part("nearest"), part("choose"), part("find"))
)

// writing says what a write script can do.
type writing int

const (
	writeOne     writing = iota // one record
	writeMany                   // many
	writeGuarded                // many, those that meet a condition
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
func newWriteScript(info *entityInfo, generated string, how writing) *script {
	count := "many"
	if how == writeOne {
		count = "one"
	}
	guarded := how == writeGuarded
	parts := []string{scriptBase, scriptWrite, part("hash"), part("store")}
	for _, p := range []struct {
		name string
		need bool
	}{
		{"clock", info.expires || info.listing < 0 || info.created >= 0 || info.updated >= 0 || info.retry},
		{"stamp", info.created >= 0 || info.updated >= 0 || info.expiry >= 0},
		{"micros", guarded || info.has(func(f FieldInfo) bool { return f.Scored && f.Kind == KindTime })},
		{"lex", guarded || info.hasIndex(func(ix Index) bool { return ix.Kind == IndexLex })},
		{"each", guarded || info.hasIndex(func(ix Index) bool { return ix.Each })},
		{count, true},
		{"claim_" + count, info.hasIndex(func(ix Index) bool { return ix.Kind == IndexUnique })},
		{"ledger", info.expires},
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
	if info.has(FieldInfo.isNumber) {
		parts = append(parts, "local total = nil\nif op == 'patch' then", part("number"), "total = sum\nend")
	}
	return newScript(append(parts, generated, part("write"))...)
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
