// Package storagecli is the command line of redisgen storage, one file per command. It is a
// program of its own, cmd/redisgen/redisgen-storage, as it has the drivers of all backends.
package storagecli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
)

// Exit codes, explained by "redisgen storage help".
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// command is one word of the command line and what it does.
type command struct {
	name     string
	synopsis string // arguments and flags
	short    string // one line for the list of commands
	long     string // paragraphs for the command's own help
	examples string // one a line
	flags    *flag.FlagSet
	run      func(context.Context, *call) error
}

// commands returns all commands. They hold the values of their flags, so every run needs its
// own.
func commands() []command {
	return []command{
		migrateCommand(),
		verifyCommand(),
		statsCommand(),
		exportCommand(),
		importCommand(),
		checkCommand(),
		configCommand(),
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
}

// usageError is a wrong use of the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error {
	return usageError(fmt.Sprintf(format, args...))
}

// Do runs redisgen storage with args, which begin with the command. It returns the exit code
// of the process. An interrupt ends what goes on in an orderly way, a second one at once.
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
		fmt.Fprintf(stderr, "redisgen storage: no command %q; \"redisgen storage help\" lists them\n", shown(name))
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	args, err := parse(cmd.flags, args)
	if err == nil {
		err = cmd.run(ctx, &call{args: args, stdin: stdin, stdout: stdout, stderr: stderr})
	}
	return report(err, cmd, stdout, stderr)
}

// report tells the user about err and returns the exit code it deserves.
func report(err error, cmd command, stdout, stderr io.Writer) int {
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, cmd.help())
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "redisgen storage %s: %v\n%s\n", cmd.name, usage, cmd.usage())
		return exitUsage
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(stderr, "redisgen storage: interrupted: %v\n", err)
	default:
		fmt.Fprintf(stderr, "redisgen storage: %v\n", err)
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
			return nil, usageError(shown(err.Error()))
		}
		if flags.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, flags.Arg(0))
		args = flags.Args()[1:]
	}
}

// arguments returns the arguments of a command that takes n of them.
func (c *call) arguments(n int, what string) error {
	switch {
	case len(c.args) > n:
		return usagef("unexpected argument %q", shown(c.args[n]))
	case len(c.args) < n:
		return usagef("%s is missing", what)
	}
	return nil
}

// shown returns a word of the command line as it may be printed: a URL without what may be a
// password.
func shown(word string) string {
	scheme, _, ok := strings.Cut(word, ":")
	if ok && (strings.Contains(word, "@") || strings.Contains(word, "?")) {
		return scheme + ":…"
	}
	return word
}

// list is a flag of words between commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(words string) error {
	if strings.Trim(words, " ,") == "" {
		return errors.New("it names nothing")
	}
	for word := range strings.SplitSeq(words, ",") {
		if word = strings.TrimSpace(word); word != "" {
			*l = append(*l, word)
		}
	}
	return nil
}
