package cli

import ()

func lintCommand() command {
	return command{
		name:     "lint",
		synopsis: "[packages]",
		short:    "report mistakes in schemas, and nothing else",
		long: `Lint reports every mistake in the schemas of the packages as

	file:line:col: Entity.Field: what is wrong; what to write instead

It neither looks at generated files nor writes any, and it accepts options
that generate does not support yet.`,
		examples: `redisgen lint
redisgen lint ./...`,
		flags: newFlags(),
		run:   runLint,
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
