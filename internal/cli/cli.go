// Package cli is the command line of redisgen, one file per command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/redisgen/redisgen/internal/command"
	"github.com/redisgen/redisgen/internal/load"
	"github.com/redisgen/redisgen/schema"
)

// program returns redisgen, with its commands in the order of a first acquaintance.
func program() command.Program {
	return command.Program{
		Name:  "redisgen",
		Short: "Redisgen writes typed Redis repositories for tagged Go structs.",
		Long: `Packages are named as for the go command: "./store", "./...". The default is
the package in the current directory.`,
		Failure: "mistakes in the schema, stale output, or a failure to read or write",
		Example: "generate",
		Commands: []command.Command{
			initCommand(),
			generateCommand(),
			checkCommand(),
			lintCommand(),
			keysCommand(),
			aclCommand(),
			functionsCommand(),
			storageCommand(),
			versionCommand(),
		},
	}
}

// Do runs redisgen with args, which do not include the program's name, in the
// current directory. It returns the exit code of the process.
func Do(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return program().Do(context.Background(), args, stdin, stdout, stderr)
}

// call is one run of a command.
type call struct {
	*command.Call
	loaded []*load.Package // what packages has returned
}

// run returns what a command runs. Mistakes in schemas are printed as they are.
func run(do func(*call) error) func(context.Context, *command.Call) error {
	return func(_ context.Context, c *command.Call) error {
		err := do(&call{Call: c})
		if mistakes, ok := errors.AsType[schema.Errors](err); ok {
			fmt.Fprintln(c.Stderr, mistakes)
			return command.Exit(1)
		}
		return err
	}
}

// packages returns the packages of the arguments, which are loaded once; their mistakes
// are an error.
func (c *call) packages() ([]*load.Package, error) {
	if c.loaded != nil {
		return c.loaded, nil
	}
	packages, mistakes, err := load.Load(".", c.patterns()...)
	if err == nil && len(mistakes) > 0 {
		mistakes.Sort()
		err = mistakes
	}
	if err == nil {
		c.loaded = packages
	}
	return packages, err
}

// patterns returns the packages that the call names.
func (c *call) patterns() []string {
	if len(c.Args) == 0 {
		return []string{"."}
	}
	return c.Args
}
