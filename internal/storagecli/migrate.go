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
	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/migrate"
)

func migrateCommand() command.Command {
	flags := new(flag.FlagSet)
	from, to := fromFlags(flags), toFlags(flags)
	var o migrate.Options
	var verify, progress, asJSON bool
	flags.Var((*command.List)(&o.Tables), "tables", "copy the `TABLES`, by commas, in this order (default all)")
	flags.IntVar(&o.BatchSize, "batch", 500, "import `N` records at once (default 500)")
	flags.IntVar(&o.Workers, "workers", 1, "import `N` batches at the same time (default 1)")
	flags.Var((*existing)(&o.Existing), "existing", "a record whose id is taken is dealt with as `MODE`: refuse, skip or overwrite (default refuse)")
	flags.Int64Var(&o.MaxRefused, "max-refused", 0, "stop when more than `N` records were refused (default 0: never)")
	flags.BoolVar(&o.DryRun, "dry-run", false, "read and check everything, and write nothing")
	flags.StringVar(&o.StateFile, "state", "", "note in `FILE` how far the run is, and go on from there if it is there")
	flags.StringVar(&o.RefusedFile, "report", "", "write all refused records to `FILE`, as lines of JSON")
	flags.BoolVar(&verify, "verify", false, "compare the storages afterwards")
	flags.BoolVar(&progress, "progress", false, "tell on standard error how far it is")
	flags.BoolVar(&asJSON, "json", false, "print the result as JSON")
	return command.Command{
		Name:     "migrate",
		Synopsis: "-from URL -to URL [-tables TABLES] [-existing MODE] [-dry-run] [-state FILE] [-report FILE] [-verify] …",
		Short:    "copy documents from one storage to another",
		Long: `Migrate copies all documents, or those of some tables, with their times, unknown
fields and nulls, and creates the tables. The source is only read. Users and roles
come before conversations, conversations before messages.

Each record that is read is accounted for: it was created, skipped, overwritten,
refused with a reason, or had expired. With refused records the exit status is 1,
when all others are copied.

With -state, a run that was interrupted or failed goes on where it was, when the
same command is given again. Without it, give -existing skip to begin again.

A dry run does not find two records that share a value which is unique in the
target, such as names of users that differ in case alone. A run to memory:, which
is Redis within the program, does.`,
		Examples: `redisgen storage migrate -from sqlite:tframex.db -to redis://localhost:6379/0 -dry-run
redisgen storage migrate -from sqlite:tframex.db -to redis://localhost:6379/0 -state move.json -report refused.ndjson -verify
redisgen storage migrate -from redis://localhost:6379/0 -to sqlite:back.db -tables users,roles -existing overwrite
redisgen storage migrate -config postgresql.json -to-config redis.json -progress -json`,
		Flags: flags,
		Run: func(ctx context.Context, c *command.Call) error {
			if err := c.Arguments(0, ""); err != nil {
				return err
			}
			if err := checkMigrate(o, verify); err != nil {
				return err
			}
			if progress {
				o.Progress = progressTo(c.Stderr)
			}
			return runMigrate(ctx, c, from, to, o, verify, asJSON)
		},
	}
}

func checkMigrate(o migrate.Options, verify bool) error {
	switch {
	case o.BatchSize < 1 || o.Workers < 1 || o.MaxRefused < 0:
		return command.Usagef("-batch and -workers are at least 1, and -max-refused at least 0")
	case o.DryRun && o.StateFile != "":
		return command.Usagef("a dry run keeps no state: leave -state out")
	case o.DryRun && verify:
		return command.Usagef("a dry run writes nothing that -verify could look at")
	}
	return nil
}

func runMigrate(ctx context.Context, c *command.Call, from, to *endpoint, o migrate.Options, verify, asJSON bool) (err error) {
	source, target, err := both(ctx, from, to, mode(o.DryRun))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close(), target.Close()) }()
	o.Source, o.Target = source.name, target.name

	var result struct {
		migrate.Report
		Verification *migrate.Verification `json:"verification,omitempty"`
	}
	var failed error
	result.Report, failed = migrate.Run(ctx, source.Storage, target.Storage, o)
	complete := failed == nil || errors.Is(failed, migrate.ErrRefused)
	if verify && complete {
		v, err := migrate.Verify(ctx, source.Storage, target.Storage, migrate.VerifyOptions{Tables: o.Tables})
		result.Verification = &v
		failed = errors.Join(failed, err)
	}
	if asJSON {
		err = printJSON(c.Stdout, result)
	} else {
		err = printReport(c.Stdout, result.Report, o.RefusedFile)
		if result.Verification != nil {
			err = errors.Join(err, printVerification(c.Stdout, *result.Verification))
		}
	}
	if failed != nil && !complete && o.StateFile != "" && !errors.Is(failed, migrate.ErrState) {
		failed = fmt.Errorf("%w\nthe same command goes on from %s", failed, o.StateFile)
	}
	return errors.Join(failed, err)
}

// both connects to two storages, the second for a use of its own.
func both(ctx context.Context, from, to *endpoint, second use) (source, target *opened, err error) {
	if from.url != "" && from.url == to.url {
		return nil, nil, command.Usagef("-from and -to are the same")
	}
	source, err = from.open(ctx, reading)
	if err != nil {
		return nil, nil, err
	}
	target, err = to.open(ctx, second)
	if err == nil && source.name == target.name && source.Backend() != "memory" {
		err = errors.Join(command.Usagef("-from and -to are the same storage"), target.Close())
	}
	if err != nil {
		return nil, nil, errors.Join(err, source.Close())
	}
	return source, target, nil
}

// listed is how many refused records of a table are printed.
const listed = 20

// printReport prints what became of the records.
func printReport(w io.Writer, r migrate.Report, file string) error {
	if len(r.Tables) == 0 {
		_, err := fmt.Fprintln(w, "the source has no tables")
		return err
	}
	if r.DryRun {
		fmt.Fprintln(w, "dry run: nothing was written; the numbers are of what would be")
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "read\tcreated\tskipped\toverwritten\trefused\texpired\t\ttable")
	line := func(name string, n migrate.Counts) {
		fmt.Fprintf(table, "%d\t%d\t%d\t%d\t%d\t%d\t\t%s\n", n.Read, n.Created, n.Skipped, n.Overwritten, n.Refused, n.Expired, name)
	}
	for _, t := range r.Tables {
		name := t.Table
		if !t.Done {
			name += " (not complete)"
		}
		line(name, t.Counts)
	}
	line("total", r.Total())
	if err := table.Flush(); err != nil {
		return err
	}
	for _, t := range r.Tables {
		list := t.Refusals[:min(len(t.Refusals), listed)]
		for _, refusal := range list {
			fmt.Fprintf(w, "refused: %s %q: %s\n", refusal.Table, refusal.ID, refusal.Reason)
		}
		if more := t.Refused - int64(len(list)); more > 0 && file == "" {
			fmt.Fprintf(w, "refused: %s: %d more; -report FILE lists all\n", t.Table, more)
		} else if more > 0 {
			fmt.Fprintf(w, "refused: %s: %d more, in %s\n", t.Table, more, file)
		}
	}
	return nil
}

// progressTo returns what prints the progress of a run, about once a second.
func progressTo(w io.Writer) func(migrate.Progress) {
	var last time.Time
	return func(p migrate.Progress) {
		if p.Read < p.Total && time.Since(last) < time.Second {
			return
		}
		last = time.Now()
		fmt.Fprintf(w, "%s: %s%s\n", p.Table, p.Counts, ofTotal(p.Total))
	}
}

func ofTotal(n int64) string {
	if n < 0 {
		return ""
	}
	return fmt.Sprintf(", of %d", n)
}

// existing is the flag of what becomes of records whose id is taken.
type existing storage.Existing

var existingModes = []string{storage.Refuse: "refuse", storage.Skip: "skip", storage.Overwrite: "overwrite"}

var _ flag.Value = new(existing)

func (e *existing) String() string { return existingModes[*e] }

func (e *existing) Set(text string) error {
	for i, mode := range existingModes {
		if mode == text {
			*e = existing(i)
			return nil
		}
	}
	return errors.New("it is refuse, skip or overwrite")
}
