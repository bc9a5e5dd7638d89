package command

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// errTea is what brewing tea leads to.
var errTea = errors.New("no tea")

// kettle is a program for tests.
func kettle() Program {
	flags := new(flag.FlagSet)
	var with List
	hot := flags.Bool("hot", false, "as hot as can be")
	cups := flags.Int("cups", 1, "make `N` cups")
	flags.Var(&with, "with", "add `THINGS`, by commas")
	return Program{
		Name: "kettle now", Short: "Kettle makes drinks.", Long: "Water is yours.",
		Failure: "a dry kettle", Example: "brew",
		Commands: []Command{
			{
				Name: "brew", Synopsis: "DRINK [-hot] [-cups N] [-with THINGS]", Short: "make a drink",
				Long: "Brew makes a drink.", Examples: "kettle now brew tea\nkettle now brew coffee -hot", Flags: flags,
				Run: func(ctx context.Context, c *Call) error {
					if err := c.Arguments(1, "the drink"); err != nil {
						return err
					}
					switch c.Args[0] {
					case "tea":
						return fmt.Errorf("brew: %w", errTea)
					case "mud":
						return fmt.Errorf("brew: %w", Usagef("%s is no drink", c.Args[0]))
					case "poison":
						fmt.Fprintln(c.Stderr, "never")
						return Exit(7)
					}
					fmt.Fprintln(c.Stdout, c.Args[0], *hot, *cups, with)
					return ctx.Err()
				},
			},
			{
				Name: "clean", Short: "clean it", Long: "Clean cleans it.", Examples: "kettle now clean",
				Run: func(_ context.Context, c *Call) error { return c.Arguments(0, "") },
			},
			{
				Name: "say", Short: "print words", Long: "Say prints words, and its input.", Examples: "kettle now say hello", Raw: true,
				Run: func(_ context.Context, c *Call) error {
					fmt.Fprintf(c.Stdout, "%q ", c.Args)
					_, err := io.Copy(c.Stdout, c.Stdin)
					return err
				},
			},
		},
	}
}

const kettleHelp = `Kettle makes drinks.

Usage:

	kettle now <command> [arguments]

Commands:

	brew      make a drink
	clean     clean it
	say       print words
	help      explain kettle now or one of its commands

Water is yours.

Exit status:

	0  success
	1  a dry kettle
	2  wrong use of the command line

"kettle now help <command>" shows flags and examples.
`

const brewHelp = `usage: kettle now brew DRINK [-hot] [-cups N] [-with THINGS]

Brew makes a drink.

Flags:

	-cups N
		make N cups
	-hot
		as hot as can be
	-with THINGS
		add THINGS, by commas

Examples:

	kettle now brew tea
	kettle now brew coffee -hot
`

const cleanHelp = `usage: kettle now clean

Clean cleans it.

Examples:

	kettle now clean
`

const helpHelp = `usage: kettle now help [command]

Help explains a command with its flags and examples, or lists the commands.

Examples:

	kettle now help
	kettle now help brew
`

func TestDo(t *testing.T) {
	const brewUsage = "usage: kettle now brew DRINK [-hot] [-cups N] [-with THINGS]\n"
	for _, c := range []struct {
		line           string
		code           int
		stdout, stderr string
	}{
		{"", 2, "", kettleHelp},
		{"help", 0, kettleHelp, ""},
		{"-h", 0, kettleHelp, ""},
		{"-help", 0, kettleHelp, ""},
		{"--help", 0, kettleHelp, ""},
		{"help brew", 0, brewHelp, ""},
		{"brew -h", 0, brewHelp, ""},
		{"brew tea --help", 0, brewHelp, ""},
		{"help clean", 0, cleanHelp, ""},
		{"clean -h", 0, cleanHelp, ""},
		{"help help", 0, helpHelp, ""},
		{"help -h", 0, helpHelp, ""},
		{"help boil", 2, "", "kettle now help: no command \"boil\"\nusage: kettle now help [command]\n"},
		{"help brew clean", 2, "", "kettle now help: unexpected argument \"clean\"\nusage: kettle now help [command]\n"},
		{"boil", 2, "", "kettle now: no command \"boil\"; \"kettle now help\" lists them\n"},

		{"brew coffee", 0, "coffee false 1 []\n", ""},
		{"brew -hot coffee --cups 3", 0, "coffee true 3 []\n", ""},
		{"brew -with milk coffee -with=sugar,,ice", 0, "coffee false 1 [milk sugar ice]\n", ""},
		{"brew tea", 1, "", "kettle now: brew: no tea\n"},
		{"brew poison", 7, "", "never\n"},
		{"brew mud", 2, "", "kettle now brew: mud is no drink\n" + brewUsage},
		{"brew", 2, "", "kettle now brew: the drink is missing\n" + brewUsage},
		{"brew tea milk", 2, "", "kettle now brew: unexpected argument \"milk\"\n" + brewUsage},
		{"brew -cold", 2, "", "kettle now brew: flag provided but not defined: -cold\n" + brewUsage},
		{"brew tea -cups", 2, "", "kettle now brew: flag needs an argument: -cups\n" + brewUsage},
		{"brew tea -with ,", 2, "", "kettle now brew: invalid value \",\" for flag -with: it names nothing\n" + brewUsage},
		{"clean -hot", 2, "", "kettle now clean: flag provided but not defined: -hot\nusage: kettle now clean\n"},
		{"say -hot -h x", 0, `["-hot" "-h" "x"] input`, ""},
	} {
		var stdout, stderr bytes.Buffer
		code := kettle().Do(t.Context(), strings.Fields(c.line), strings.NewReader("input"), &stdout, &stderr)
		if code != c.code || stdout.String() != c.stdout || stderr.String() != c.stderr {
			t.Errorf("%q: exit %d, want %d\n%s%s\nwant\n%s%s", c.line, code, c.code, stdout.String(), stderr.String(), c.stdout, c.stderr)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr bytes.Buffer
	code := kettle().Do(ctx, []string{"brew", "coffee"}, nil, io.Discard, &stderr)
	if want := "kettle now: interrupted: context canceled\n"; code != 1 || stderr.String() != want {
		t.Errorf("exit %d: %q, want %q", code, stderr.String(), want)
	}
}

func TestPasswordsAreNotPrinted(t *testing.T) {
	for _, line := range []string{
		"redis://u:hunter2@host",
		"help redis://u:hunter2@host",
		"brew tea redis://u:hunter2@host",
		"brew -redis://u:hunter2@host",
		"brew -cups redis:?password=hunter2",
		"clean redis:?password=hunter2",
	} {
		var out bytes.Buffer
		if code := kettle().Do(t.Context(), strings.Fields(line), nil, &out, &out); code != 2 || strings.Contains(out.String(), "hunter2") {
			t.Errorf("%q: exit %d\n%s", line, code, &out)
		}
	}
}

func TestShown(t *testing.T) {
	for word, want := range map[string]string{
		"redis://u:p@host":    "redis:…",
		"redis:?password=p":   "redis:…",
		"redis://host:6379/0": "redis://host:6379/0",
		"ann@example.com":     "ann@example.com",
		"users":               "users",
	} {
		if got := Shown(word); got != want {
			t.Errorf("%q is shown as %q, want %q", word, got, want)
		}
	}
}

func TestList(t *testing.T) {
	var l List
	for _, words := range []string{"a", "b,c", " d , ,e,"} {
		if err := l.Set(words); err != nil {
			t.Errorf("%q: %v", words, err)
		}
	}
	if !slices.Equal(l, List{"a", "b", "c", "d", "e"}) || l.String() != "a,b,c,d,e" {
		t.Errorf("%q, %s", []string(l), l.String())
	}
	for _, words := range []string{"", " ", ", ,"} {
		if l.Set(words) == nil {
			t.Errorf("%q was taken for words", words)
		}
	}
}
