package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const user = `
package app

// User calls names that are still to be generated.
//
//redisgen:entity users
type User struct {
	ID     string ` + "`redis:\"id,key\"`" + `
	Status Status ` + "`redis:\"status,enum\"`" + `
}

type Status string

const Active Status = "active"

var users = NewUsers(nil)

func find() *User {
	u, err := users.GetByStatus(UserFields.Status, undefined...)
	return u
}
`

// TestGeneratedFilesAreLeftOut loads a package whose generated files are
// missing, stale or broken in the ways they can be.
func TestGeneratedFilesAreLeftOut(t *testing.T) {
	for name, generated := range map[string]string{
		"missing":         "",
		"no package":      header,
		"broken":          header + "\npackage app\nfunc broken( {",
		"broken imports":  header + "\npackage app\nimport ((",
		"merge conflict":  header + "\n<<<<<<< HEAD\npackage app\n",
		"another package": header + "\npackage formerly\n",
		"unknown import":  header + "\npackage app\nimport _ \"example.com/not/there\"",
		"missing script":  header + "\npackage app\nimport _ \"embed\"\n//go:embed user_redis.lua\nvar script string",
		"clashing names":  header + "\npackage app\ntype User struct{}\ntype Status int",
		"stale constant":  header + "\r\npackage app\nconst Stale Status = \"stale\"",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"user.go": user}
			if generated != "" {
				files["a_redis.go"] = generated // read before user.go
				files["user_redis.go"] = generated
			}
			packages, errs, err := Load(module(t, files), "./...")
			if err != nil || len(errs) > 0 {
				t.Fatal(err, errs)
			}
			if len(packages) != 1 || packages[0].Name != "app" || packages[0].Path != "example.com/app" {
				t.Fatalf("packages are %+v", packages)
			}
			e := packages[0].Entities[0]
			if e.Type != "User" || len(e.Fields) != 2 || len(e.Fields[1].Enum) != 1 {
				t.Errorf("entity is %+v", e)
			}
		})
	}
}

// A package of generated files alone has no entities, and is no mistake.
func TestNothingButGeneratedFiles(t *testing.T) {
	dir := module(t, map[string]string{"user.go": user, "out/user_redis.go": header + "\npackage out\n"})
	for _, pattern := range []string{"./...", "./out"} {
		packages, errs, err := Load(dir, pattern)
		if err != nil || len(errs) > 0 {
			t.Fatal(pattern, err, errs)
		}
		if want := strings.Count(pattern, "..."); len(packages) != want {
			t.Errorf("%s: %d packages have entities, want %d", pattern, len(packages), want)
		}
	}
}

// TestDependencyThatDoesNotCompile embeds a struct of a package that calls
// names still to be generated.
func TestDependencyThatDoesNotCompile(t *testing.T) {
	dir := module(t, map[string]string{
		"app.go": `
package app

import "example.com/app/base"

//redisgen:entity users
type User struct {
	base.Base
	Name string ` + "`redis:\"name,uniqe\"`" + `
}
`,
		"base/base.go": `
package base

import "time"

type Base struct {
	ID string ` + "`redis:\"id,key\"`" + `
	At time.Time ` + "`json:\"at\" redis:\"at,craeted\"`" + `
}

var bases = NewBases()
`,
		"base/base_redis.go": header + "\npackage base\nfunc (",
	})
	_, errs, err := Load(dir, ".")
	if err != nil {
		t.Fatal(err)
	}
	const want = `app.go:8:27: User.Name: unknown option "uniqe"; write unique
base/base.go:7:36: User.At: unknown option "craeted"; write created`
	if errs.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", errs, want)
	}
}

func TestSyntaxError(t *testing.T) {
	dir := module(t, map[string]string{
		"user.go": `
package app

//redisgen:entity users
type User struct {
	ID string ` + "`redis:\"id,kee\"`" + `
	Name string string
}
`,
	})
	_, errs, err := Load(dir, ".")
	if err != nil {
		t.Fatal(err)
	}
	if len(errs) == 0 || !strings.HasPrefix(errs.Error(), "user.go:6:14: syntax error: expected ';', found string") {
		t.Errorf("got %v", errs)
	}
}

// TestSyntaxErrorElsewhere checks that a broken file without directives does
// not stop the others.
func TestSyntaxErrorElsewhere(t *testing.T) {
	dir := module(t, map[string]string{
		"user.go":      user,
		"broken.go":    "package app\nfunc {{{",
		"user_test.go": "package app\n//redisgen:entity tests\ntype Test struct{}",
	})
	packages, errs, err := Load(dir, ".")
	if err != nil || len(errs) > 0 || len(packages) != 1 || len(packages[0].Entities) != 1 {
		t.Errorf("got %v, %v, %v", packages, errs, err)
	}
}

func TestPatterns(t *testing.T) {
	dir := module(t, map[string]string{
		"app.go":       "package app",
		"a/user.go":    user,
		"b/user.go":    user,
		"none/doc.txt": "no Go here",
	})
	packages, errs, err := Load(dir, "./...")
	if err != nil || len(errs) > 0 {
		t.Fatal(err, errs)
	}
	if len(packages) != 2 || packages[0].Path != "example.com/app/a" || packages[1].Path != "example.com/app/b" {
		t.Errorf("got %v", packages)
	}
	if packages[0].Entities[0].Pos.String() != "a/user.go:6:6" {
		t.Errorf("position is %v", packages[0].Entities[0].Pos)
	}
	if packages, _, err := Load(dir, "."); err != nil || len(packages) != 0 {
		t.Errorf("a package without entities: got %v, %v", packages, err)
	}
	for _, pattern := range []string{"./missing", "./none", "./none/...", "example.com/not/there"} {
		if _, _, err := Load(dir, pattern); err == nil {
			t.Errorf("%s: no error", pattern)
		}
	}
	if _, _, err := Load(filepath.Join(dir, "missing"), "."); err == nil {
		t.Error("a missing folder: no error")
	}
	if _, _, err := Load(os.TempDir(), "."); err == nil {
		t.Error("outside a module: no error")
	}
}
