package acl

import (
	"cmp"
	"errors"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/schema"
)

// The forms of tags stand for the tags of the entity, and there are few of them.
func TestTags(t *testing.T) {
	for _, n := range []int{1, 2, 9, 10, 16, 100, 1000, 1024} {
		forms := tags("users", n)
		if len(forms) > 12 {
			t.Errorf("%d shards have %d forms", n, len(forms))
		}
		matches := func(tag string) bool {
			return slices.ContainsFunc(forms, func(form string) bool {
				// The slash is nothing special to Redis.
				ok, err := path.Match(strings.ReplaceAll(form, "/", "|"), strings.ReplaceAll(tag, "/", "|"))
				return ok && err == nil
			})
		}
		for i := range n {
			if tag := placement.Tag("users", i, n); !matches(tag) {
				t.Errorf("%s fits none of %q", tag, forms)
			}
			if tag := placement.Tag("user", i, n); matches(tag) {
				t.Errorf("%s fits one of %q", tag, forms)
			}
			if tag := placement.Tag("users", i%7, n+1); n > 1 && matches(tag) {
				t.Errorf("%s fits one of %q", tag, forms)
			}
		}
		for _, tag := range []string{"users.", "users./16", "users.x/16a", "users.1/16A", "users.1/16}a", "users.1", "usersx", "users.12345/16a"} {
			if matches(tag) {
				t.Errorf("%s fits one of %q", tag, forms)
			}
		}
	}
}

func TestEscape(t *testing.T) {
	for s, want := range map[string]string{"app:": "app:", `*?[]\`: `\*\?\[\]\\`, "{a}": "{a}", "^-": "^-"} {
		if got := escape(s); got != want {
			t.Errorf("%q is escaped as %q, want %q", s, got, want)
		}
	}
}

// called matches a command that a script names, and what says what some of them do.
var called = regexp.MustCompile(`\b(?:p?call|run)\((?:[^'()]*(?:and|or) )?'([A-Z]+)'(?:, '([A-Z]+)')?|'(Z[A-Z]+)'`)

// commandsIn returns the commands that scripts call.
func commandsIn(t *testing.T, pattern string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files %s, %v", len(files), pattern, err)
	}
	named := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range called.FindAllStringSubmatch(string(text), -1) {
			name := m[1] + m[3]
			if name == "XINFO" || name == "XGROUP" {
				name += "|" + m[2]
			}
			named[strings.ToLower(name)] = true
		}
	}
	return named
}

// A writer may run every command that a script names, and what is listed is
// in some script, or sent by the client itself.
func TestCommandsOfScripts(t *testing.T) {
	named := commandsIn(t, "../../repo/lua/*.lua")
	list := strings.Fields(reads + writes + " set" + readEvents + writeEvents + groupEvents + sendMessages)
	for name := range named {
		if name != "publish" && !slices.Contains(list, name) { // which only the embedded store is sent
			t.Errorf("a script calls %s, and a writer may not", name)
		}
	}
	sent := []string{"pttl", "zrevrangebyscore", "xread", "xgroup|create", "xgroup|setid", "xtrim"} // by clients
	for _, name := range list {
		if !named[name] && !slices.Contains(sent, name) {
			t.Errorf("a writer may run %s, and no script does", name)
		}
	}
}

// The commands of a part are those of its scripts.
func TestCommandsOfParts(t *testing.T) {
	folders := map[string]string{"log": "event"}
	for name, p := range parts {
		named := commandsIn(t, "../../repo/"+cmp.Or(folders[name], name)+"/*") // some scripts are strings
		for _, c := range strings.Fields(p.commands) {
			if !named[c] {
				t.Errorf("%s: %s is listed, and no script calls it", name, c)
			}
			delete(named, c)
		}
		for c := range named {
			t.Errorf("%s: a script calls %s, which is not listed", name, c)
		}
	}
}

// Users have commands and channels of events only where entities tell of changes that way.
func TestEvents(t *testing.T) {
	jobs, notes, tasks := &schema.Entity{Name: "jobs", Events: "stream"}, &schema.Entity{Name: "notes", Events: "pubsub"}, &schema.Entity{Name: "tasks", Shards: 8, Events: "pubsub"}
	for _, c := range []struct {
		role      Role
		entity    *schema.Entity
		has, lack []string
	}{
		{Reader, &schema.Entity{Name: "users"}, nil, []string{"+xread", "+ssubscribe", "&"}},
		{Writer, &schema.Entity{Name: "users"}, nil, []string{"+xadd", "+xlen", "+spublish", "+publish", "&", "("}},
		{Reader, jobs, []string{"+xread"}, []string{"+xadd", "+ssubscribe", "&"}},
		{Writer, jobs, []string{"+xread", "(" + strings.Join(commands(writeEvents+groupEvents), " ") + " ~a:{jobs}:e ~a:{jobs}:e:*)"}, []string{"+spublish", "+xreadgroup", "&"}},
		{Operator, jobs, []string{"+xlen", "+xinfo|groups"}, []string{"+xadd", "+xread"}},
		{Reader, notes, []string{"+ssubscribe", "&a:{notes}:e"}, []string{"+spublish", "+xread"}},
		{Writer, notes, []string{"+ssubscribe", "+spublish", "&a:{notes}:e"}, []string{"+xadd", "+publish", "+subscribe"}},
		{Writer, tasks, []string{"&a:{tasks.[0-9]/8[a-z]}:e"}, []string{"&a:{tasks}:e"}},
		{Operator, notes, nil, []string{"+ssubscribe", "&"}},
	} {
		rules, err := Rules([]*schema.Package{{Entities: []*schema.Entity{c.entity}}}, Options{Role: c.role, Prefix: "a:"})
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range c.has {
			if !slices.Contains(rules, rule) {
				t.Errorf("a %s of %s has no %s: %q", c.role, c.entity.Name, rule, rules)
			}
		}
		for _, rule := range c.lack {
			if slices.ContainsFunc(rules, func(r string) bool { return r == rule || rule == "&" && strings.HasPrefix(r, rule) }) {
				t.Errorf("a %s of %s has %s: %q", c.role, c.entity.Name, rule, rules)
			}
		}
	}
}

// Parts have their keys and channels, with the commands for those, and nothing without being asked for.
func TestParts(t *testing.T) {
	users := []*schema.Package{{Entities: []*schema.Entity{{Name: "users"}}}}
	for _, c := range []struct {
		role Role
		o    Options
		want []string
	}{
		{Writer, Options{}, nil},
		{Writer, Options{With: []string{"limit"}}, []string{"(+del +eval +evalsha +get +set +time ~a:{limit/*}:*)"}},
		{Writer, Options{With: []string{"limit", "limit"}, Functions: true}, []string{"(+del +fcall +fcall_ro +get +set +time ~a:{limit/*}:*)"}},
		{Migrator, Options{With: []string{"log"}}, []string{"(+del +eval +evalsha +hmget +hset +time +xadd +xrange +xrevrange ~a:{log/*}:*)"}},
		{Reader, Options{With: []string{"limit", "lock", "idempotency", "log"}}, nil},
		{Writer, Options{With: []string{"topic"}}, []string{"(+publish +subscribe &a:{}topic:*)"}},
		{Reader, Options{With: []string{"topic"}}, []string{"(+subscribe &a:{}topic:*)"}},
		{Writer, Options{With: []string{"topic"}, Cluster: true}, []string{"(+publish +spublish +ssubscribe +subscribe &a:{}topic:*)"}},
		{Reader, Options{With: []string{"topic=orders.*", "topic=x.?"}}, []string{"(+psubscribe +subscribe &a:{}topic:* &a:{}topic:orders.* &a:{}topic:x.?)"}},
		{Operator, Options{With: []string{"topic"}}, nil},
		{Sentinel, Options{With: []string{"lock"}}, nil},
	} {
		c.o.Role, c.o.Prefix = c.role, "a:"
		bare := c.o
		bare.With = nil
		without, err := Rules(users, bare)
		if err != nil {
			t.Fatal(err)
		}
		rules, err := Rules(users, c.o)
		if err != nil || !slices.Equal(rules, append(without, c.want...)) {
			t.Errorf("a %s with %q has besides\n%q, %v, want\n%q", c.role, c.o.With, rules[len(without):], err, c.want)
		}
	}
	if _, err := Rules(users, Options{Role: Writer, With: []string{"locks"}}); !errors.Is(err, ErrPart) {
		t.Errorf("an unknown part: %v", err)
	}
	if _, err := Rules(users, Options{Role: Writer, With: []string{"topic=a b"}}); !errors.Is(err, ErrWord) {
		t.Errorf("a pattern of two words: %v", err)
	}
}
