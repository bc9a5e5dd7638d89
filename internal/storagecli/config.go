package storagecli

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/redisgen/redisgen/internal/command"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

func configCommand() command.Command {
	return command.Command{
		Name:     "config",
		Synopsis: "template TYPE | check FILE | types",
		Short:    "write or check a configuration",
		Long: `Config is about files with the configuration of a storage.

	template  prints one of a type, with all settings at their defaults
	check     tells of all mistakes in a file; it does not connect
	types     lists the types of storages`,
		Examples: `redisgen storage config template redis >redis.json
redisgen storage config check redis.json
redisgen storage config types`,
		Run: runConfig,
	}
}

func runConfig(_ context.Context, c *command.Call) error {
	if len(c.Args) == 0 {
		return command.Usagef("say what to do: template, check or types")
	}
	action := c.Args[0]
	c.Args = c.Args[1:]
	switch action {
	case "template":
		return template(c)
	case "check":
		return checkConfig(c)
	case "types":
		return types(c)
	}
	return command.Usagef("template, check or types, not %q", command.Shown(action))
}

func template(c *command.Call) error {
	if err := c.Arguments(1, "the type"); err != nil {
		return err
	}
	if !storage.Available(c.Args[0]) {
		return command.Usagef("no storage of type %q; \"config types\" lists them", command.Shown(c.Args[0]))
	}
	config, err := storage.Template(c.Args[0])
	if err != nil {
		return err
	}
	return printJSON(c.Stdout, config)
}

func checkConfig(c *command.Call) error {
	if err := c.Arguments(1, "the file"); err != nil {
		return err
	}
	config, err := storage.LoadConfig(c.Args[0])
	if err != nil {
		return err
	}
	if err := storage.Validate(config); err != nil {
		return fmt.Errorf("%s: %w", c.Args[0], err)
	}
	_, err = fmt.Fprintf(c.Stdout, "%s is a configuration of %s\n", c.Args[0], config.Type)
	return err
}

func types(c *command.Call) error {
	if err := c.Arguments(0, ""); err != nil {
		return err
	}
	table := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
	for _, d := range storage.Drivers() {
		fmt.Fprintf(table, "%s\t%s\n", d.Type, d.Summary)
	}
	return table.Flush()
}
