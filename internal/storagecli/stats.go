package storagecli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/redisgen/redisgen/internal/command"
	"github.com/redisgen/redisgen/repo/tframex/storage/migrate"
)

func statsCommand() command.Command {
	flags := new(flag.FlagSet)
	from := fromFlags(flags)
	var o migrate.StatsOptions
	flags.Var((*command.List)(&o.Tables), "tables", "look at the `TABLES`, by commas (default all)")
	flags.BoolVar(&o.Scan, "scan", false, "read all records, for sizes, times and digests")
	asJSON := flags.Bool("json", false, "print the result as JSON")
	return command.Command{
		Name:     "stats",
		Synopsis: "-from URL [-tables TABLES] [-scan] [-json]",
		Short:    "count what is in a storage",
		Long: `Stats prints how many records each table has; with -scan, which reads all of them,
also the bytes of their documents as JSON, how many will expire, when the first and
the last was created, and the digest that verify compares.`,
		Examples: `redisgen storage stats -from sqlite:tframex.db
redisgen storage stats -from redis://localhost:6379/0 -scan -json`,
		Flags: flags,
		Run: func(ctx context.Context, c *command.Call) error {
			if err := c.Arguments(0, ""); err != nil {
				return err
			}
			s, err := from.open(ctx, reading)
			if err != nil {
				return err
			}
			list, err := migrate.Stats(ctx, s.Storage, o)
			if err == nil && *asJSON {
				err = printJSON(c.Stdout, list)
			} else if err == nil {
				err = printStats(c.Stdout, list, o.Scan)
			}
			return errors.Join(err, s.Close())
		},
	}
}

func printStats(w io.Writer, list []migrate.TableStats, scanned bool) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	heading := "table\trecords"
	if scanned {
		heading += "\tbytes\tlargest\texpiring\tunreadable\tfirst\tlast\tdigest"
	}
	fmt.Fprintln(table, heading)
	for _, t := range list {
		fmt.Fprintf(table, "%s\t%d", t.Table, t.Records)
		if scanned {
			fmt.Fprintf(table, "\t%d\t%d\t%d\t%d\t%s\t%s\t%.16s", t.Bytes, t.Largest, t.Expiring, t.Unreadable, when(t.First), when(t.Last), t.Digest)
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

func when(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format(time.RFC3339)
}
