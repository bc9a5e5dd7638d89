package command

import (
	"context"
	"flag"
	"fmt"
	"strings"
)

// all returns the commands with that which explains them.
func (p Program) all() []Command {
	return append(p.Commands[:len(p.Commands):len(p.Commands)], Command{
		Name:     "help",
		Synopsis: "[command]",
		Short:    "explain " + p.Name + " or one of its commands",
		Long:     "Help explains a command with its flags and examples, or lists the commands.",
		Examples: p.Name + " help\n" + p.Name + " help " + p.Example,
		Run:      p.runHelp,
	})
}

func (p Program) runHelp(_ context.Context, c *Call) error {
	if len(c.Args) == 0 {
		fmt.Fprint(c.Stdout, p.help())
		return nil
	}
	if err := c.Arguments(1, "the command"); err != nil {
		return err
	}
	cmd, ok := p.find(c.Args[0])
	if !ok {
		return Usagef("no command %q", Shown(c.Args[0]))
	}
	fmt.Fprint(c.Stdout, p.helpOn(cmd))
	return nil
}

// help is the help of the program as a whole.
func (p Program) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nUsage:\n\n\t%s <command> [arguments]\n\nCommands:\n\n", p.Short, p.Name)
	for _, cmd := range p.all() {
		fmt.Fprintf(&b, "\t%-10s%s\n", cmd.Name, cmd.Short)
	}
	fmt.Fprintf(&b, `
%s

Exit status:

	%d  success
	%d  %s
	%d  wrong use of the command line

"%s help <command>" shows flags and examples.
`, p.Long, exitOK, exitError, p.Failure, exitUsage, p.Name)
	return b.String()
}

// helpOn is the help of one command.
func (p Program) helpOn(cmd Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", p.usage(cmd), cmd.Long)

	heading := "\nFlags:\n\n"
	cmd.Flags.VisitAll(func(f *flag.Flag) {
		placeholder, usage := flag.UnquoteUsage(f)
		fmt.Fprintf(&b, "%s\t-%s\n\t\t%s\n", heading, strings.TrimSpace(f.Name+" "+placeholder), usage)
		heading = ""
	})

	b.WriteString("\nExamples:\n\n")
	for line := range strings.Lines(cmd.Examples) {
		b.WriteString("\t" + line)
	}
	b.WriteString("\n")
	return b.String()
}

func (p Program) usage(cmd Command) string {
	return strings.TrimSpace("usage: " + p.Name + " " + cmd.Name + " " + cmd.Synopsis)
}
