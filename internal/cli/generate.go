package cli

import (
	"flag"
	"fmt"

	"github.com/redisgen/redisgen/internal/command"
)

func generateCommand() command.Command {
	flags := new(flag.FlagSet)
	out := outFlag(flags)
	return command.Command{
		Name:     "generate",
		Synopsis: "[packages] [-out DIR]",
		Short:    "write the repositories of the packages' entities",
		Long: `Generate writes two files for every entity, beside its struct or to the
directory of -out: user_redis.go and user_redis.lua for a struct User.

It reports every mistake of every package, and with a mistake anywhere writes
nothing. It writes only files that change, removes the output of entities that
are gone, and prints the names of both. It never touches a file that it did
not generate.

The line "//go:generate go tool redisgen generate" in a Go file of the package
has go generate run it.`,
		Examples: `redisgen generate
redisgen generate ./...
redisgen generate ./schema -out ./store`,
		Flags: flags,
		Run: run(func(c *call) error {
			changes, err := c.plan(*out)
			if err != nil {
				return err
			}
			if err := apply(changes); err != nil {
				return err
			}
			for _, change := range changes {
				verb := "wrote"
				if change.new == nil {
					verb = "removed"
				}
				fmt.Fprintln(c.Stdout, verb, shortPath(change.path))
			}
			return nil
		}),
	}
}
