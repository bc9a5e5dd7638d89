package cli

import (
	"flag"
	"fmt"
	"strings"

	"github.com/redisgen/redisgen/internal/command"
)

func checkCommand() command.Command {
	flags := new(flag.FlagSet)
	out := outFlag(flags)
	return command.Command{
		Name:     "check",
		Synopsis: "[packages] [-out DIR]",
		Short:    "tell whether generated files are up to date",
		Long: `Check prints what generate would change, as a unified diff, and exits with 1
if that is anything: a stale or missing file, or one left over from an entity
that is gone. It writes nothing, which makes it fit for CI.`,
		Examples: `redisgen check ./...
redisgen check ./schema -out ./store
redisgen check ./... | patch -p1`,
		Flags: flags,
		Run: run(func(c *call) error {
			changes, err := c.plan(*out)
			if err != nil || len(changes) == 0 {
				return err
			}
			colour := colourful(c.Stdout)
			for _, change := range changes {
				diff := change.diff()
				if colour {
					diff = colourDiff(diff)
				}
				fmt.Fprint(c.Stdout, diff)
			}
			return fmt.Errorf("%s out of date; run: %s", count(len(changes), "file"), c.generateLine(*out))
		}),
	}
}

// generateLine is the command that does what check found undone.
func (c *call) generateLine(out string) string {
	words := append([]string{"redisgen generate"}, c.Args...)
	if out != "" {
		words = append(words, "-out", out)
	}
	return strings.Join(words, " ")
}

// count is "1 file" or "2 files".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
