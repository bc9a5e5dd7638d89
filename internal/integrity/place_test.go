package integrity_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/internal/load"
	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/schema"
)

const prefix = "app:"

// space returns the keyspace of an entity in the shard of a shard key.
func space(home, tail, key string, n int) string {
	return prefix + "{" + placement.Tag(home, placement.Shard(key, n), n) + "}" + tail
}

var (
	accounts      = space("accounts", ":", "a1", 16)
	emails        = space("accounts", ":", "a@b.c", 16) + "u:email"
	conversations = space("conversations", ":", "c1", 16)
	messages      = space("conversations", "messages:", "c1", 16)
	tickets       = space("tickets", ":", "t1", 4)
	invoices      = space("invoices", ":", "acme", 16)
	entries       = prefix + "{ledgers}entries:"
)

// right is what the runtime would have stored of a few records, as commands.
var right = []string{
	"SET app:{accounts}:p 16_by_id",
	"HSET " + accounts + "r:a1 id a1 email a@b.c ^email 5 status on age 7 version 1 created_at 2020-01-01T00:00:00.000000Z tags [\"x\"]",
	"HSET " + emails + " a@b.c 5:a1",
	"ZADD " + accounts + "i:status:on 0 a1",
	"ZADD " + accounts + "i:tags:x 0 a1",
	"ZADD " + accounts + "s:age 7 a1",
	"ZADD " + accounts + "s:created_at 1577836800000000 a1",
	"ZADD " + accounts + "w 3 x",
	"ZADD " + accounts + "q 3 x",

	"SET app:{conversations}:p 16_by_id",
	"HSET " + conversations + "r:c1 id c1 created_at 2020-01-01T00:00:00.000000Z",
	"SET app:{messages}:p 16_by_conversation_id_in_conversations",
	"HSET " + messages + "r:2:c1m1 conversation_id c1 id m1",
	"ZADD " + messages + "i:conversation_id/created_at:c1 -inf 2:c1m1",
	"ZADD " + messages + "a 1 2:c1m1",
	"ZADD " + conversations + "s:created_at 1577836800000000 c1",

	"SET app:{tickets}:p 4_by_id",
	"HSET " + tickets + "r:t1 id t1 code k ^code 8",
	"PEXPIREAT " + tickets + "r:t1 4000000000000",
	"HSET " + space("tickets", ":", "k", 4) + "u:code k 9:t1",
	"ZADD " + tickets + "a 1 t1",
	"ZADD " + tickets + "x 4000000000000 t1",
	"HSET " + tickets + "m t1 5:^code3:8:k1:a2:t1",

	"SET app:{invoices}:p 16_by_tenant_id",
	"HSET " + invoices + "r:4:acme7 tenant_id acme number 7 reference z cents 3",
	"HSET " + invoices + "u:reference 4:acmez 4:acme7",
	"ZADD " + invoices + "s:cents 3 4:acme7",
	"ZADD " + invoices + "a 1 4:acme7",

	"SET app:{entries}:p 1_by_id_in_ledgers",
	"HSET app:{ledgers}:r:l1 id l1",
	"ZADD app:{ledgers}:a 1 l1",
	"HSET " + entries + "r:e1 id e1 ledger_id l1 cents 2",
	"ZADD " + entries + "i:ledger_id:l1 0 e1",
	"ZADD " + entries + "s:cents 2 e1",
	"ZADD " + entries + "a 1 e1",
}

// check carries commands out on a new server and checks the keyspace.
func check(t *testing.T, p *schema.Package, settled bool, commands ...string) []string {
	t.Helper()
	ctx := context.Background()
	server := miniredis.RunT(t)
	server.SetTime(time.Unix(1600000000, 0)) // stands still, and a deadline is what it was set to
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer func() { _ = rdb.Close() }()
	for _, command := range commands {
		var args []any
		for word := range strings.SplitSeq(command, " ") {
			if strings.Contains(word, "_by_") {
				word = strings.ReplaceAll(word, "_by_", " by ")
				word = strings.ReplaceAll(word, "_in_", " in ")
			}
			args = append(args, word)
		}
		if err := rdb.Do(ctx, args...).Err(); err != nil {
			t.Fatalf("%s: %v", command, err)
		}
	}
	problems, err := integrity.CheckPackage(ctx, rdb, prefix, p, settled)
	if err != nil {
		t.Fatal(err)
	}
	return problems
}

func places(t *testing.T) *schema.Package {
	t.Helper()
	packages, mistakes, err := load.Load("", "../../tests/places")
	if err != nil || len(mistakes) > 0 {
		t.Fatal(err, mistakes)
	}
	return packages[0].Package
}

func TestPlacedKeyspace(t *testing.T) {
	p := places(t)
	if problems := check(t, p, true, right...); len(problems) > 0 {
		t.Errorf("problems where there are none:\n%s", strings.Join(problems, "\n"))
	}
	if problems := check(t, p, true); len(problems) > 0 {
		t.Errorf("problems where there is nothing:\n%s", strings.Join(problems, "\n"))
	}
	orphan := append(right, "HSET "+space("tickets", ":", "l", 4)+"u:code l 9:t2")
	if problems := check(t, p, false, orphan...); len(problems) > 0 {
		t.Errorf("a claim that may not be released yet:\n%s", strings.Join(problems, "\n"))
	}
}

// TestPlacedMistakes makes one mistake after the other, each of which must be
// found.
func TestPlacedMistakes(t *testing.T) {
	p := places(t)
	move := func(from, to string) string { return "RENAME " + from + " " + to }
	for name, test := range map[string]struct{ command, want string }{
		"no placement told":            {"DEL app:{accounts}:p", `accounts: p: records are placed "16 by id", and the keyspace tells ""`},
		"another placement told":       {"SET app:{entries}:p 2_by_id_in_ledgers", `entries: p: records are placed "1 by id in ledgers", and the keyspace tells "2 by id in ledgers"`},
		"placement of one shard":       {"SET app:{ledgers}:p 1_by_id", `"app:{ledgers}:p" is a key of no known kind`},
		"another number of shards":     {"SADD app:{accounts.1/8}:a x", `"app:{accounts.1/8}:a" is a key of no shard`},
		"no shard":                     {"SADD app:{messages}:a x", `"app:{messages}:a" is a key of no shard`},
		"no entity":                    {"SADD app:{ledgers}others:a x", `"app:{ledgers}others:a" is a key of no known kind`},
		"given up claims without any":  {"SADD app:{ledgers}entries:w x", `"app:{ledgers}entries:w" is a key of no known kind`},
		"a stamp without a claim":      {"HDEL " + emails + " a@b.c", `accounts: u:email: "a@b.c" is missing, on which "a1" relies`},
		"a claim without a record":     {"HSET " + space("accounts", ":", "x@y.z", 16) + "u:email x@y.z 5:a1", `accounts: u:email: "x@y.z" is claimed by "a1" for no reason`},
		"a claim of another":           {"HSET " + emails + " a@b.c 5:a2", `accounts: u:email: "a@b.c" is claimed by "5:a2", want "5:a1" or later`},
		"an older claim":               {"HSET " + emails + " a@b.c 4:a1", `accounts: u:email: "a@b.c" is claimed by "4:a1", want "5:a1" or later`},
		"a claim without a stamp":      {"HSET " + emails + " a@b.c a1", `accounts: u:email: "a@b.c": malformed claim "a1"`},
		"a value without a stamp":      {"HDEL " + accounts + "r:a1 ^email", `accounts: record "a1": has 1 values of email, and the stamp of a claim: false`},
		"a stamp without a value":      {"HSET " + accounts + "r:a1 ^name 5", `accounts: record "a1": has 0 values of name, and the stamp of a claim: true`},
		"a stamp that is none":         {"HSET " + accounts + "r:a1 ^email x", `accounts: record "a1": the stamp of email is "x"`},
		"a stamp of no global index":   {"HSET " + invoices + "r:4:acme7 ^reference 5", `invoices: record "4:acme7": has a field "^reference"`},
		"a reference to what is gone":  {"HSET " + entries + "r:e1 corrects e0", `entries: record "e1": corrects refers to "e0", which is not there`},
		"a parent that is gone":        {"DEL " + conversations + "r:c1", `messages: record "2:c1m1": conversation_id refers to "c1", which is not there`},
		"a footprint without a claim":  {"HSET " + tickets + "m t1 1:a2:t1", `tickets: m: "t1" lacks ^code "8:k"`},
		"a local claim that is missed": {"DEL " + invoices + "u:reference", `invoices: u:reference: "4:acmez" is missing`},
		"a claim in another shard":     {move(emails, elsewhere(emails)+"u:email"), `accounts: u:email: "a@b.c" is claimed in shard`},
		"a record in another shard":    {move(accounts+"r:a1", elsewhere(accounts)+"r:a1"), `accounts: record "a1" is in shard`},
	} {
		t.Run(name, func(t *testing.T) {
			problems := check(t, p, true, append(right[:len(right):len(right)], test.command)...)
			found := false
			for _, problem := range problems {
				found = found || strings.HasPrefix(problem, test.want)
			}
			if !found {
				t.Errorf("got %s\nwant %s", strings.Join(problems, "\n"), test.want)
			}
		})
	}
}

// elsewhere returns a keyspace of accounts that a key is not in.
func elsewhere(key string) string {
	for i := range 16 {
		if space := fmt.Sprintf("%s{%s}:", prefix, placement.Tag("accounts", i, 16)); !strings.HasPrefix(key, space) {
			return space
		}
	}
	return ""
}
