package consumer_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/tests/consumer"
)

const module = "github.com/redisgen/redisgen"

// listed is a package as go list shows it.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
	Module     *struct{ Path string }
}

// list returns the packages of this module and all that they depend on, by
// import path.
func list(t *testing.T) map[string]listed {
	t.Helper()
	consumer.Checkout(t)
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports,Deps,Module", module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]listed{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
}

// outside returns the module of a package's import that is neither of the
// standard library nor of this module, and "" for others.
func outside(p listed) string {
	if p.Standard || p.Module == nil || p.Module.Path == module {
		return ""
	}
	return p.Module.Path
}

// TestDirections keeps the directions of dependencies between packages.
func TestDirections(t *testing.T) {
	packages := list(t)
	within := func(path string, roots ...string) bool {
		return slices.ContainsFunc(roots, func(root string) bool {
			root = module + "/" + root
			return path == root || strings.HasPrefix(path, root+"/")
		})
	}
	rules := []struct {
		of      string   // the most specific rule holds for a package
		own     []string // packages of this module that it may import
		modules []string // other modules that it may import
	}{
		{"schema", []string{"schema", "internal/nearest"}, nil},
		{"internal/names", nil, nil},
		{"internal/nearest", nil, nil},
		{"internal/command", nil, nil},
		{"internal/load", []string{"schema"}, []string{"golang.org/x/tools"}},
		{"gen", []string{"schema", "gen", "internal/names"}, []string{"github.com/dave/jennifer", "golang.org/x/tools"}},
		{"internal/acl", []string{"schema", "internal/placement"}, nil},
		{"internal/placement", nil, nil},
		{"internal/tenant", nil, nil},
		{"internal/cli", []string{"schema", "gen", "internal/load", "internal/acl", "internal/command", "internal/tenant", "repo"}, []string{"github.com/aymanbagabas/go-udiff", "github.com/redis/go-redis/v9", "golang.org/x/mod", "golang.org/x/tools"}},
		{"internal/storagecli", []string{"internal/command", "repo/tframex"}, nil},
		{"cmd", []string{"internal/cli"}, nil},
		{"cmd/redisgen/redisgen-storage", []string{"internal/storagecli", "repo/tframex/storage"}, nil},
		{"repo/telemetry", []string{"repo"}, []string{"github.com/redis/go-redis/v9", "github.com/redis/go-redis/extra/redisotel/v9", "go.opentelemetry.io/otel", "go.opentelemetry.io/otel/metric", "go.opentelemetry.io/otel/trace"}},
		{"repo/promrepo", []string{"repo"}, []string{"github.com/redis/go-redis/v9", "github.com/prometheus/client_golang"}},
		{"repo", []string{"repo", "schema/tframex", "internal/placement", "internal/tenant"}, []string{"github.com/redis/go-redis/v9"}},
		{"repo/tframex/storage", []string{"repo", "schema/tframex", "internal/nearest"}, []string{"github.com/google/uuid", "github.com/redis/go-redis/v9"}},
		{"repo/tframex/storage/backup", []string{"repo/tframex/storage"}, []string{"github.com/klauspost/compress"}},
		{"repo/tframex/storage/memory", []string{"repo"}, []string{"github.com/alicebob/miniredis/v2", "github.com/redis/go-redis/v9"}},
		{"repo/tframex/storage/sqlite", []string{"repo/tframex/storage"}, []string{"modernc.org/sqlite"}},
		{"repo/tframex/storage/postgresql", []string{"repo/tframex/storage"}, []string{"github.com/jackc/pgx/v5", "github.com/google/uuid"}},
		{"repo/tframex/storage/s3", []string{"repo/tframex/storage"}, []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/config", "github.com/aws/aws-sdk-go-v2/credentials", "github.com/aws/aws-sdk-go-v2/service/s3", "github.com/aws/smithy-go", "github.com/google/uuid"}},
	}
	governs := func(path string) (of string) {
		for _, rule := range rules {
			if within(path, rule.of) && len(rule.of) > len(of) {
				of = rule.of
			}
		}
		return of
	}
	for _, rule := range rules {
		found := false
		for path, p := range packages {
			if governs(path) != rule.of {
				continue
			}
			found = true
			for _, imported := range p.Imports {
				q, ok := packages[imported]
				if !ok {
					continue // "C", "unsafe"
				}
				if m := outside(q); m != "" && !slices.Contains(rule.modules, m) {
					t.Errorf("%s imports %s", path, imported)
				}
				if strings.HasPrefix(imported, module+"/") && !within(imported, rule.own...) {
					t.Errorf("%s imports %s", path, imported)
				}
			}
		}
		if !found {
			t.Errorf("there is no package %s", rule.of)
		}
	}
}

// TestRuntimeStandsAlone checks that a program with generated code links
// nothing of this module but the runtime and two small packages that the command
// line needs as well.
func TestRuntimeStandsAlone(t *testing.T) {
	shared := []string{module + "/internal/placement", module + "/internal/tenant"}
	for _, path := range list(t)[module+"/repo"].Deps {
		if strings.HasPrefix(path, module+"/") && !slices.Contains(shared, path) {
			t.Errorf("repo depends on %s", path)
		}
	}
}

// TestOneUserOfJennifer keeps the library that writes Go in package gen.
func TestOneUserOfJennifer(t *testing.T) {
	var users []string
	for path, p := range list(t) {
		if slices.Contains(p.Imports, "github.com/dave/jennifer/jen") && strings.HasPrefix(path, module) {
			users = append(users, path)
		}
	}
	if len(users) != 1 || users[0] != module+"/gen" {
		t.Errorf("jennifer is used by %q", users)
	}
}
