package storagecli

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

func configCommand() command {
	flags := newFlags()
	return command{
		name:     "config",
		synopsis: "template TYPE | check FILE | types",
		short:    "write or check a configuration",
		long: `Config is about files with the configuration of a storage.

	template  prints one of a type, with all settings at their defaults
	check     tells of all mistakes in a file; it does not connect
	types     lists the types of storages`,
		examples: `redisgen storage config template redis >redis.json
redisgen storage config check redis.json
redisgen storage config types`,
		flags: flags,
		run:   runConfig,
	}
}

func runConfig(_ context.Context, c *call) error {
	if len(c.args) == 0 {
		return usagef("say what to do: template, check or types")
	}
	action := c.args[0]
	c.args = c.args[1:]
	switch action {
	case "template":
		return c.template()
	case "check":
		return c.checkConfig()
	case "types":
		return c.types()
	}
	return usagef("template, check or types, not %q", shown(action))
}

func (c *call) template() error {
	if err := c.arguments(1, "the type"); err != nil {
		return err
	}
	if !storage.Available(c.args[0]) {
		return usagef("no storage of type %q; \"config types\" lists them", shown(c.args[0]))
	}
	config, err := storage.Template(c.args[0])
	if err != nil {
		return err
	}
	return printJSON(c.stdout, config)
}

func (c *call) checkConfig() error {
	if err := c.arguments(1, "the file"); err != nil {
		return err
	}
	config, err := storage.LoadConfig(c.args[0])
	if err != nil {
		return err
	}
	if err := storage.Validate(config); err != nil {
		return fmt.Errorf("%s: %w", c.args[0], err)
	}
	_, err = fmt.Fprintf(c.stdout, "%s is a configuration of %s\n", c.args[0], config.Type)
	return err
}

func (c *call) types() error {
	if err := c.arguments(0, ""); err != nil {
		return err
	}
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for _, d := range storage.Drivers() {
		fmt.Fprintf(table, "%s\t%s\n", d.Type, d.Summary)
	}
	return table.Flush()
}
