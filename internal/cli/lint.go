package cli

import "github.com/redisgen/redisgen/internal/command"

func lintCommand() command.Command {
	return command.Command{
		Name:     "lint",
		Synopsis: "[packages]",
		Short:    "report mistakes in schemas, and nothing else",
		Long: `Lint reports every mistake in the schemas of the packages as

	file:line:col: Entity.Field: what is wrong; what to write instead

It neither looks at generated files nor writes any, and it accepts options
that generate does not support yet.`,
		Examples: `redisgen lint
redisgen lint ./...`,
		Run: run(runLint),
	}
}

func runLint(c *call) error {
	packages, err := c.packages()
	if err != nil {
		return err
	}
	c.noteIfNone(packages)
	return nil
}
