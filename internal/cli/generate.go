package cli

import "fmt"

func generateCommand() command {
	flags := newFlags()
	out := outFlag(flags)
	return command{
		name:     "generate",
		synopsis: "[packages] [-out DIR]",
		short:    "write the repositories of the packages' entities",
		long: `Generate writes two files for every entity, beside its struct or to the
directory of -out: user_redis.go and user_redis.lua for a struct User.

It reports every mistake of every package, and with a mistake anywhere writes
nothing. It writes only files that change, removes the output of entities that
are gone, and prints the names of both. It never touches a file that it did
not generate.

The line "//go:generate go tool redisgen generate" in a Go file of the package
has go generate run it.`,
		examples: `redisgen generate
redisgen generate ./...
redisgen generate ./schema -out ./store`,
		flags: flags,
		run: func(c *call) error {
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
				fmt.Fprintln(c.stdout, verb, shortPath(change.path))
			}
			return nil
		},
	}
}
