// Package consumer makes modules that use redisgen from outside, for tests.
package consumer

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const redisgen = "github.com/redisgen/redisgen"

// Module is a Go module in a directory of its own.
type Module struct {
	t    testing.TB
	root string // of this checkout
	Dir  string
	env  []string
}

// Checkout returns the directory of this checkout. It looks at all files there,
// so that go test does not take an old result for that of a changed checkout.
func Checkout(t testing.TB) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a file of another test
		}
		if err == nil && d.IsDir() && d.Name() == ".git" {
			return fs.SkipDir
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return root
}

// Empty returns a directory for a module that does not exist yet. What runs
// there has no network: modules come from the cache.
func Empty(t testing.TB, name string) *Module {
	t.Helper()
	m := &Module{t: t, Dir: filepath.Join(t.TempDir(), name), env: append(os.Environ(),
		"GOPROXY=off", "GOSUMDB=off", "GOFLAGS=", "GOTOOLCHAIN=local", "GOWORK=off")}
	m.root = Checkout(t)
	if err := os.Mkdir(m.Dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return m
}

// New returns a module with the files of a directory.
func New(t testing.TB, path, from string) *Module {
	t.Helper()
	m := Empty(t, "module")
	if err := os.CopyFS(m.Dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	m.Run("go", "mod", "init", path)
	m.Replace()
	return m
}

// Replace has the module use this checkout of redisgen, as long as no version
// of it can be downloaded.
func (m *Module) Replace() {
	m.t.Helper()
	m.Run("go", "mod", "edit", "-replace", redisgen+"="+m.root)
}

// Setenv sets a variable for what runs in the module.
func (m *Module) Setenv(name, value string) { m.env = append(m.env, name+"="+value) }

// Write writes a file of the module.
func (m *Module) Write(name, text string) {
	m.t.Helper()
	name = filepath.Join(m.Dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		m.t.Fatal(err)
	}
}

// Run runs a program in the module, which must succeed, and returns what it
// wrote to its standard output.
func (m *Module) Run(name string, args ...string) string {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), name, args...)
	cmd.Dir, cmd.Env = m.Dir, m.env
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		m.t.Fatalf("%s: %v\n%s%s", strconv.Quote(cmd.String()), err, &stdout, &stderr)
	}
	return stdout.String()
}
