package cli

import (
	"flag"
	"fmt"
	"strings"
)

func helpCommand() command {
	return command{
		name:     "help",
		synopsis: "[command]",
		short:    "explain redisgen or one of its commands",
		long:     `Help explains a command with its flags and examples, or lists the commands.`,
		examples: `redisgen help
redisgen help generate`,
		flags: newFlags(),
		run:   runHelp,
	}
}

func runHelp(c *call) error {
	switch len(c.args) {
	case 0:
		fmt.Fprint(c.stdout, overview())
	case 1:
		cmd, ok := find(c.args[0])
		if !ok {
			return usagef("no command %q", c.args[0])
		}
		fmt.Fprint(c.stdout, cmd.help())
	default:
		return usagef("one command at a time")
	}
	return nil
}

// overview is the help of redisgen as a whole.
func overview() string {
	var b strings.Builder
	b.WriteString(`Redisgen writes typed Redis repositories for tagged Go structs.

Usage:

	redisgen <command> [arguments]

Commands:

`)
	for _, cmd := range commands() {
		fmt.Fprintf(&b, "\t%-10s%s\n", cmd.name, cmd.short)
	}
	b.WriteString(`
Packages are named as for the go command: "./store", "./...". The default is
the package in the current directory.

Exit status:

	0  success
	1  mistakes in the schema, stale output, or a failure to read or write
	2  wrong use of the command line

"redisgen help <command>" shows flags and examples.
`)
	return b.String()
}

// help is the help of one command.
func (cmd command) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", cmd.usage(), cmd.long)

	heading := "\nFlags:\n\n"
	cmd.flags.VisitAll(func(f *flag.Flag) {
		placeholder, usage := flag.UnquoteUsage(f)
		fmt.Fprintf(&b, "%s\t-%s %s\n\t\t%s\n", heading, f.Name, placeholder, usage)
		heading = ""
	})

	b.WriteString("\nExamples:\n\n")
	for line := range strings.Lines(cmd.examples) {
		b.WriteString("\t" + line)
	}
	b.WriteString("\n")
	return b.String()
}

func (cmd command) usage() string {
	return strings.TrimSpace("usage: redisgen " + cmd.name + " " + cmd.synopsis)
}
