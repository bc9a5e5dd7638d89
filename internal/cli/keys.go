package cli

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/redisgen/redisgen/internal/command"
)

func keysCommand() command.Command {
	flags := new(flag.FlagSet)
	format := flags.String("format", "text", "print as `FORMAT`: text, markdown or json (default text)")
	prefix := flags.String("prefix", "", "show keys with the `PREFIX` of the client's configuration, such as app:")
	return command.Command{
		Name:     "keys",
		Synopsis: "[packages] [-format text|markdown|json] [-prefix PREFIX]",
		Short:    "list the Redis keys of the entities",
		Long: `Keys lists every key that the entities of the packages use, its Redis type and
what it holds. A name in angle brackets stands for the value of that field.

The text between braces is the hash tag: all keys of an entity, or of one of its
shards, are in one slot of a cluster. The tag of a shard has its number, from 0,
how many there are, and letters that spread the shards evenly over the slots.
ACL rules and monitoring can rely on the patterns.`,
		Examples: `redisgen keys
redisgen keys ./... -prefix app:
redisgen keys ./... -format markdown >docs/keys.md
redisgen keys -format json | jq -r '.[].keys[].key'`,
		Flags: flags,
		Run: run(func(c *call) error {
			write, ok := keyWriters[*format]
			if !ok {
				return command.Usagef("-format is text, markdown or json, not %q", *format)
			}
			spaces, err := c.keyspaces(*prefix)
			if err != nil {
				return err
			}
			return write(c.Stdout, spaces)
		}),
	}
}

// keyspaces returns the keys of all entities of the call's packages.
func (c *call) keyspaces(prefix string) ([]keyspace, error) {
	packages, err := c.packages()
	if err != nil {
		return nil, err
	}
	c.noteIfNone(packages)

	spaces := []keyspace{}
	for _, p := range packages {
		for _, e := range p.Entities {
			spaces = append(spaces, newKeyspace(p.Package, e, prefix))
		}
	}
	return spaces, nil
}

var keyWriters = map[string]func(io.Writer, []keyspace) error{
	"text":     writeKeysText,
	"markdown": writeKeysMarkdown,
	"json":     writeKeysJSON,
}

func writeKeysText(w io.Writer, spaces []keyspace) error {
	for i, space := range spaces {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s (%s.%s)", space.Entity, space.Package, space.Type)
		if where := space.where(); where != "" {
			fmt.Fprintf(w, ", %s", where)
		}
		fmt.Fprintln(w)
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, key := range space.Keys {
			fmt.Fprintf(table, "  %s\t%s\t%s\n", key.Key, key.Type, key.Meaning)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func writeKeysMarkdown(w io.Writer, spaces []keyspace) error {
	var b strings.Builder
	for i, space := range spaces {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "## %s\n\nKeys of `%s.%s`", space.Entity, space.Package, space.Type)
		if where := space.where(); where != "" {
			fmt.Fprintf(&b, ", %s", where)
		}
		b.WriteString(".\n\n")
		b.WriteString("| key | type | holds |\n| --- | --- | --- |\n")
		for _, key := range space.Keys {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", key.Key, key.Type, key.Meaning)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeKeysJSON(w io.Writer, spaces []keyspace) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "\t")
	return encoder.Encode(spaces)
}
