// Package cli is the command line of redisgen, one file per command.
package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/redisgen/redisgen/internal/load"
	"github.com/redisgen/redisgen/schema"
)

// Exit codes, explained by "redisgen help".
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// command is one word of the command line and what it does.
type command struct {
	name     string
	synopsis string // arguments and flags: "[packages] [-out DIR]"
	short    string // one line for the list of commands
	long     string // paragraphs for the command's own help
	examples string // one a line
	flags    *flag.FlagSet
	raw      bool // all that follows the name are arguments, also what begins with -
	run      func(*call) error
}

// commands returns all commands in the order of a first acquaintance. They
// hold the values of their flags, so every run needs its own.
func commands() []command {
	return []command{
		initCommand(),
		generateCommand(),
		checkCommand(),
		lintCommand(),
		keysCommand(),
		aclCommand(),
		functionsCommand(),
		storageCommand(),
		versionCommand(),
		helpCommand(),
	}
}

func find(name string) (command, bool) {
	for _, c := range commands() {
		if c.name == name {
			return c, true
		}
	}
	return command{}, false
}

// call is one run of a command.
type call struct {
	args           []string // what follows the command's name, without flags
	stdin          io.Reader
	stdout, stderr io.Writer

	loaded []*load.Package // what packages has returned
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

// usageError is a wrong use of the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error {
	return usageError(fmt.Sprintf(format, args...))
}

// Do runs redisgen with args, which do not include the program's name, in the
// current directory. It returns the exit code of the process.
func Do(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, overview())
		return exitUsage
	}
	name, args := args[0], args[1:]
	if name == "-h" || name == "-help" || name == "--help" {
		name = "help"
	}
	cmd, ok := find(name)
	if !ok {
		fmt.Fprintf(stderr, "redisgen: no command %q; \"redisgen help\" lists them\n", name)
		return exitUsage
	}
	var err error
	if !cmd.raw {
		args, err = parse(cmd.flags, args)
	}
	if err == nil {
		err = cmd.run(&call{args: args, stdin: stdin, stdout: stdout, stderr: stderr})
	}
	return report(err, cmd, stdout, stderr)
}

// report tells the user about err and returns the exit code it deserves.
func report(err error, cmd command, stdout, stderr io.Writer) int {
	var (
		usage    usageError
		mistakes schema.Errors
		exit     exitCode
	)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, cmd.help())
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "redisgen %s: %v\n%s\n", cmd.name, usage, cmd.usage())
		return exitUsage
	case errors.As(err, &exit):
		return int(exit)
	case errors.As(err, &mistakes):
		fmt.Fprintln(stderr, mistakes)
	default:
		fmt.Fprintf(stderr, "redisgen: %v\n", err)
	}
	return exitError
}

// newFlags returns an empty set of flags that leaves all printing to Do.
func newFlags() *flag.FlagSet {
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

// parse sets flags from args, before, between or after the other arguments,
// and returns those others.
func parse(flags *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, err
		} else if err != nil {
			return nil, usageError(err.Error())
		}
		if flags.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, flags.Arg(0))
		args = flags.Args()[1:]
	}
}

// noArguments refuses arguments to a command that takes none.
func (c *call) noArguments() error {
	if len(c.args) > 0 {
		return usagef("unexpected argument %q", c.args[0])
	}
	return nil
}

// patterns returns the packages that the call names.
func (c *call) patterns() []string {
	if len(c.args) == 0 {
		return []string{"."}
	}
	return c.args
}
