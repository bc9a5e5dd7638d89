package storagecli

import (
	"context"
	"flag"
	"fmt"
	"strings"
)

func helpCommand() command {
	return command{
		name:     "help",
		synopsis: "[command]",
		short:    "explain redisgen storage or one of its commands",
		long:     `Help explains a command with its flags and examples, or lists the commands.`,
		examples: `redisgen storage help
redisgen storage help migrate`,
		flags: newFlags(),
		run: func(_ context.Context, c *call) error {
			if len(c.args) == 0 {
				fmt.Fprint(c.stdout, overview())
				return nil
			}
			if err := c.arguments(1, "the command"); err != nil {
				return err
			}
			cmd, ok := find(c.args[0])
			if !ok {
				return usagef("no command %q", shown(c.args[0]))
			}
			fmt.Fprint(c.stdout, cmd.help())
			return nil
		},
	}
}

// overview is the help of the program as a whole.
func overview() string {
	var b strings.Builder
	b.WriteString(`Redisgen storage moves the documents of an agent framework between backends,
and looks after them.

Usage:

	redisgen storage <command> [arguments]

Commands:

`)
	for _, cmd := range commands() {
		fmt.Fprintf(&b, "\t%-10s%s\n", cmd.name, cmd.short)
	}
	b.WriteString(`
A storage is named by a URL:

	sqlite:path/to.db
	postgresql://user@host:5432/database
	redis://user@host:6379/0?key_prefix=tframex:
	s3://bucket/prefix?region=eu-west-1
	memory:

or by a file with its configuration, as "redisgen storage config template" writes
one. Settings that are in the environment go before both: TFRAMEX_FROM_PASSWORD,
TFRAMEX_TO_PASSWORD_FILE, and so on, which keep passwords off the command line.

Exit status:

	0  success
	1  records were refused, storages differ, or a failure to read or write
	2  wrong use of the command line

"redisgen storage help <command>" shows flags and examples.
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
		fmt.Fprintf(&b, "%s\t-%s\n\t\t%s\n", heading, strings.TrimSpace(f.Name+" "+placeholder), usage)
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
	return strings.TrimSpace("usage: redisgen storage " + cmd.name + " " + cmd.synopsis)
}
