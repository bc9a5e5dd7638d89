package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed testdata/program
var program embed.FS

const redisgen = "github.com/redisgen/redisgen"

// module is a Go module that uses redisgen, in a directory of its own.
type module struct {
	dir string
	env []string
}

// newModule makes a module of the files in testdata/program, which builds with
// this checkout of redisgen and the versions that it depends on.
func newModule(ctx context.Context) (m *module, err error) {
	here := &module{env: os.Environ()}
	root, err := here.command(ctx, "go", "list", "-m", "-f", "{{.Dir}}", redisgen)
	if err != nil {
		return nil, err
	}
	root = strings.TrimSpace(root)
	flags, err := here.command(ctx, "go", "env", "GOFLAGS")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "redisgen-demo-")
	if err != nil {
		return nil, err
	}
	m = &module{dir: dir, env: append(os.Environ(), "GOFLAGS="+strings.TrimSpace(flags)+" -mod=mod", "GOWORK=off")}
	if err = m.fill(root); err == nil {
		_, err = m.command(ctx, "go", "list", "tool") // completes go.mod
	}
	if err != nil {
		return nil, errors.Join(err, m.remove())
	}
	return m, nil
}

// fill writes the files of the module.
func (m *module) fill(root string) error {
	files, err := fs.Sub(program, "testdata/program")
	if err != nil {
		return err
	}
	if err := os.CopyFS(m.dir, files); err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(m.dir, "go.sum"), sums, 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(m.dir, "go.mod"), []byte(`module example.com/demo

go 1.26.0

tool `+redisgen+`/cmd/redisgen

require `+redisgen+` v0.0.0

replace `+redisgen+` => `+strconv.Quote(root)+"\n"), 0o666)
}

func (m *module) remove() error { return os.RemoveAll(m.dir) }

func (m *module) read(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(m.dir, name))
	return string(text), err
}

// command runs a program in the module and returns what it wrote to its
// standard output.
func (m *module) command(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = m.dir, m.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", fmt.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, &stderr)
	}
	return stdout.String(), nil
}

// run runs the program, which cleans up after itself also when interrupted.
func (m *module) run(ctx context.Context, w io.Writer, program string) error {
	cmd := exec.CommandContext(ctx, program)
	cmd.Dir, cmd.Env = m.dir, m.env
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd.Run()
}
