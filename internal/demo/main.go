// Command demo shows redisgen at work: it makes a module of its own in a
// temporary directory, has redisgen generate repositories for the structs
// there, builds the program that uses them and runs it, on the embedded store
// or on the server that REDIS_URL names.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := demo(ctx, os.Stdout); err != nil {
		// A program that ran and failed has said why.
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			fmt.Fprintln(os.Stderr, "demo:", err)
		}
		stop()
		os.Exit(1)
	}
}

// demo writes the whole show to w.
func demo(ctx context.Context, w io.Writer) (err error) {
	m, err := newModule(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.remove()) }()

	fmt.Fprintf(w, "1. Tagged structs, in a new module\n\n")
	schema, err := m.read("schema.go")
	if err != nil {
		return err
	}
	quote(w, excerpt(schema, "// User "), excerpt(schema, "// Session "))

	fmt.Fprintf(w, "\n2. go generate\n\n")
	wrote, err := m.command(ctx, "go", "generate", "./...")
	if err != nil {
		return err
	}
	for line := range strings.Lines(wrote) {
		name := strings.TrimSpace(strings.TrimPrefix(line, "wrote "))
		text, err := m.read(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "   wrote %-20s %3d lines\n", name, strings.Count(text, "\n"))
	}
	fmt.Fprintf(w, "\n   of which, in Go and in Lua:\n\n")
	code, err := m.read("user_redis.go")
	if err != nil {
		return err
	}
	script, err := m.read("user_redis.lua")
	if err != nil {
		return err
	}
	quote(w, excerpt(code, "// GetByEmail "), excerpt(script, "-- conflict "))

	program := filepath.Join(m.dir, "demo")
	if _, err := m.command(ctx, "go", "build", "-o", program, "."); err != nil {
		return err
	}
	return m.run(ctx, w, program)
}

// excerpt returns the lines of text from the one that starts so to the next
// blank one.
func excerpt(text, start string) string {
	_, after, found := strings.Cut("\n"+text, "\n"+start)
	if !found {
		return "(nothing starts with " + start + ")"
	}
	block, _, _ := strings.Cut(start+after, "\n\n")
	return strings.TrimSuffix(block, "\n")
}

// quote writes pieces of code, set off from the rest.
func quote(w io.Writer, pieces ...string) {
	for _, line := range strings.Split(strings.Join(pieces, "\n\n"), "\n") {
		fmt.Fprintln(w, strings.TrimRight("   | "+strings.ReplaceAll(line, "\t", "    "), " "))
	}
}
