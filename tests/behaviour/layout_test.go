package behaviour

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
)

// The suite is also run with entities of several shards: what it expects of keys, of
// the order of queries without one, and of costs follows the schema.

// The entities, and where their records are.
var (
	packages []*schema.Package
	layout   testclient.Layout
)

func TestMain(m *testing.M) {
	var err error
	if packages, err = testclient.LoadPackages("../app", "./numbers"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	layout = testclient.LayoutOf(packages)
	os.Exit(m.Run())
}

// recordKey returns the key of a record.
func recordKey(client *repo.Client, entity, id string) string {
	return client.Prefix() + layout.Space(entity, id) + "r:" + id
}

// byShard returns the ids of users, as fields of a text, in the order in which a
// query finds them that has none.
func byShard(ids string) string {
	return strings.Join(layout.ByShard("users", strings.Fields(ids)...), " ")
}

// unordered returns what a query without an order has found, sorted where several
// shards may have other orders than one.
func unordered(entity string, found []string) []string {
	if layout.Sharded(entity) {
		slices.Sort(found)
	}
	return found
}

var (
	stamp = regexp.MustCompile(`"(\d{16}):`)
	trace = regexp.MustCompile(`(\^login\d+:)\d{16}:`) // in the ledger
)

// unstamped takes out of a key's value, as snapshot has it, when values were claimed
// in other shards: a write that fails may claim them anew.
func unstamped(key, value string) string {
	entity, _, _ := strings.Cut(strings.TrimPrefix(key, "{"), ".")
	switch {
	case !layout.Sharded(entity):
		return value
	case strings.Contains(key, "}:u:"):
		return stamp.ReplaceAllString(value, `"`)
	case strings.HasSuffix(key, "}:m"):
		return trace.ReplaceAllString(value, "$1")
	}
	return value
}

// isNote tells whether a key holds what an entity of several shards notes: its
// placement, and which claims were given up, for an hour.
func isNote(key string) bool {
	tag, rest, _ := strings.Cut(strings.TrimPrefix(key, "{"), "}:")
	entity, _, _ := strings.Cut(tag, ".")
	return layout.Sharded(entity) && (rest == "p" || rest == "w")
}
