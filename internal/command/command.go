// Package command is what the command lines of redisgen have in common: a program is a list
// of commands, each with flags, help and an exit code.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// Exit codes, explained by the help of a program.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// Program is a command line. Its commands hold the values of their flags, so every run needs
// a program of its own.
type Program struct {
	Name     string // "redisgen"
	Short    string // what it is for, in a sentence
	Long     string // paragraphs that come after the list of commands
	Failure  string // what exit code 1 means
	Example  string // a command that shows what help does
	Commands []Command
}

// Command is one word of the command line and what it does.
type Command struct {
	Name     string
	Synopsis string        // arguments and flags: "[packages] [-out DIR]"
	Short    string        // one line for the list of commands
	Long     string        // paragraphs for the command's own help
	Examples string        // one a line
	Flags    *flag.FlagSet // nil: none
	Raw      bool          // all that follows the name are arguments, also what begins with -
	Run      func(context.Context, *Call) error
}

// Call is one run of a command.
type Call struct {
	Args           []string // what follows the command's name, without flags
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Arguments returns what is wrong with the arguments of a command that takes n of them; what
// says which one is missing.
func (c *Call) Arguments(n int, what string) error {
	switch {
	case len(c.Args) > n:
		return Usagef("unexpected argument %q", Shown(c.Args[n]))
	case len(c.Args) < n:
		return Usagef("%s is missing", what)
	}
	return nil
}

// usageError is a wrong use of the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

// Usagef returns an error that tells of a wrong use of the command line: the command's usage
// is printed with it.
func Usagef(format string, args ...any) error {
	return usageError(fmt.Sprintf(format, args...))
}

// Exit is the exit code of a command that has told the user why.
type Exit int

func (e Exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Do runs the program with args, which begin with the command. It returns the exit code of
// the process.
func (p Program) Do(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, p.help())
		return exitUsage
	}
	name, args := args[0], args[1:]
	if name == "-h" || name == "-help" || name == "--help" {
		name = "help"
	}
	cmd, ok := p.find(name)
	if !ok {
		fmt.Fprintf(stderr, "%s: no command %q; \"%[1]s help\" lists them\n", p.Name, Shown(name))
		return exitUsage
	}
	var err error
	if !cmd.Raw {
		args, err = parse(cmd.Flags, args)
	}
	if err == nil {
		err = cmd.Run(ctx, &Call{args, stdin, stdout, stderr})
	}
	return p.report(err, cmd, stdout, stderr)
}

// report tells the user about err and returns the exit code it deserves.
func (p Program) report(err error, cmd Command, stdout, stderr io.Writer) int {
	var (
		usage usageError
		exit  Exit
	)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, p.helpOn(cmd))
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "%s %s: %v\n%s\n", p.Name, cmd.Name, usage, p.usage(cmd))
		return exitUsage
	case errors.As(err, &exit):
		return int(exit)
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(stderr, "%s: interrupted: %v\n", p.Name, err)
	default:
		fmt.Fprintf(stderr, "%s: %v\n", p.Name, err)
	}
	return exitError
}

// find returns the command of that name.
func (p Program) find(name string) (Command, bool) {
	for _, c := range p.all() {
		if c.Name == name {
			if c.Flags == nil {
				c.Flags = new(flag.FlagSet)
			}
			return c, true
		}
	}
	return Command{}, false
}

// parse sets flags from args, before, between or after the other arguments, and returns those
// others.
func parse(flags *flag.FlagSet, args []string) (rest []string, err error) {
	flags.Init("", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // Do prints
	for {
		if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, err
		} else if err != nil {
			return nil, usageError(Shown(err.Error()))
		}
		if flags.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, flags.Arg(0))
		args = flags.Args()[1:]
	}
}

// Shown returns a word of the command line as it may be printed: a URL without what may be a
// password.
func Shown(word string) string {
	scheme, _, ok := strings.Cut(word, ":")
	if ok && (strings.Contains(word, "@") || strings.Contains(word, "?")) {
		return scheme + ":…"
	}
	return word
}

// List is a flag of words between commas, which can be given more than once.
type List []string

// String returns the words with commas between them.
func (l *List) String() string { return strings.Join(*l, ",") }

// Set adds words, of which there must be one.
func (l *List) Set(words string) error {
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
