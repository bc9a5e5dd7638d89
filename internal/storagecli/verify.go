package storagecli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/redisgen/redisgen/internal/command"
	"github.com/redisgen/redisgen/repo/tframex/storage/migrate"
)

func verifyCommand() command.Command {
	flags := new(flag.FlagSet)
	from, to := fromFlags(flags), toFlags(flags)
	var o migrate.VerifyOptions
	flags.Var((*command.List)(&o.Tables), "tables", "compare the `TABLES`, by commas (default all that -from has)")
	flags.BoolVar(&o.Times, "times", false, "compare as well when records were created, changed and expire, which not every backend keeps")
	flags.IntVar(&o.MaxDifferences, "max", 100, "list at most `N` differences of each table (default 100)")
	asJSON := flags.Bool("json", false, "print the result as JSON")
	return command.Command{
		Name:     "verify",
		Synopsis: "-from URL -to URL [-tables TABLES] [-times] [-max N] [-json]",
		Short:    "compare two storages",
		Long: `Verify compares tables by the number of their records and by a digest of all
documents, in which the order of records and fields and the way of writing a number
do not matter. Where tables differ, it lists the ids of the records and the names of
the fields, never values. With differences the exit status is 1. Nothing is written.`,
		Examples: `redisgen storage verify -from sqlite:tframex.db -to redis://localhost:6379/0
redisgen storage verify -from sqlite:tframex.db -to redis://localhost:6379/0 -tables messages -max 1000 -json`,
		Flags: flags,
		Run: func(ctx context.Context, c *command.Call) error {
			if err := c.Arguments(0, ""); err != nil {
				return err
			}
			if o.MaxDifferences < 1 {
				return command.Usagef("-max is at least 1")
			}
			source, target, err := both(ctx, from, to, reading)
			if err != nil {
				return err
			}
			v, failed := migrate.Verify(ctx, source.Storage, target.Storage, o)
			if *asJSON {
				err = printJSON(c.Stdout, v)
			} else {
				err = printVerification(c.Stdout, v)
			}
			return errors.Join(failed, err, source.Close(), target.Close())
		},
	}
}

// printVerification prints what was found about each table.
func printVerification(w io.Writer, v migrate.Verification) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, t := range v.Tables {
		state := "equal"
		if !t.Equal {
			state = "different"
		}
		fmt.Fprintf(table, "%s\t%s\t%d and %d records\t%.16s %.16s\n", state, t.Table, t.Source.Records, t.Target.Records, t.Source.Sum, t.Target.Sum)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, t := range v.Tables {
		for _, d := range t.Differences {
			fmt.Fprintf(w, "%s: %s %q %s\n", d.Kind, t.Table, d.ID, strings.Join(d.Fields, ", "))
		}
		if t.More {
			fmt.Fprintf(w, "%s: there are more differences; -max N lists more\n", t.Table)
		}
	}
	return nil
}

func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "\t")
	return encoder.Encode(v)
}
