package acl

import (
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

// A writer may run every command that a script names, and what is listed is
// in some script, or sent by the client itself.
func TestCommandsOfScripts(t *testing.T) {
	files, err := filepath.Glob("../../repo/lua/*.lua")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	called := regexp.MustCompile(`\b(?:p?call|run)\((?:[^'()]*(?:and|or) )?'([A-Z]+)'|'(Z[A-Z]+)'`)
	named := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range called.FindAllStringSubmatch(string(text), -1) {
			named[strings.ToLower(m[1]+m[2])] = true
		}
	}
	needed := strings.Fields(reads + writes + " set" + addEvents + sendMessages)
	may := append(strings.Fields(readEvents+consumeEvents), needed...)
	for name := range named {
		if name != "publish" && !slices.Contains(may, name) { // which only the embedded store is sent
			t.Errorf("a script calls %s, and a writer may not", name)
		}
	}
	sent := []string{"pttl", "zrevrangebyscore"} // by clients
	for _, name := range needed {
		if !named[name] && !slices.Contains(sent, name) {
			t.Errorf("a writer may run %s, and no script does", name)
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
		{Writer, &schema.Entity{Name: "users"}, nil, []string{"+xadd", "+xlen", "+xreadgroup", "+spublish", "+publish", "&"}},
		{Reader, jobs, []string{"+xread", "+xinfo|stream"}, []string{"+xadd", "+xreadgroup", "+ssubscribe", "&"}},
		{Writer, jobs, []string{"+xread", "+xadd", "+xlen", "+xreadgroup"}, []string{"+spublish", "&"}},
		{Operator, jobs, []string{"+xlen", "+xinfo|groups"}, []string{"+xadd", "+xreadgroup", "+xread"}},
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
