package storagecli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/redisgen/redisgen/internal/command"
	"github.com/redisgen/redisgen/repo/tframex/storage/backup"
)

func exportCommand() command.Command {
	flags := new(flag.FlagSet)
	from := fromFlags(flags)
	var o backup.Options
	var skip, progress, asJSON bool
	flags.Var((*command.List)(&o.Tables), "tables", "export the `TABLES`, by commas (default all)")
	flags.BoolVar(&o.Secrets, "secrets", false, "with the fields that are secret: password_hash and api_key of users")
	flags.BoolVar(&skip, "skip-unreadable", false, "leave records out that cannot be read, and name them on standard error")
	flags.BoolVar(&progress, "progress", false, "tell on standard error how far it is")
	flags.BoolVar(&asJSON, "json", false, "print what the file has as JSON")
	return command.Command{
		Name:     "export",
		Synopsis: "-from URL FILE [-tables TABLES] [-secrets] [-skip-unreadable] [-progress] [-json]",
		Short:    "write documents to a file, as a backup",
		Long: `Export writes a backup of a storage to a file, or to standard output if FILE is -:
lines of JSON, compressed by zstd and sealed by a checksum, with all times and
the moments at which records expire. The file is there when it is whole. A record
that cannot be read ends the export, unless such records are to be left out.`,
		Examples: `redisgen storage export -from sqlite:tframex.db tframex.backup
redisgen storage export -from redis://localhost:6379/0 -secrets - | gpg --encrypt -r ops >tframex.backup.gpg
redisgen storage export -from sqlite:tframex.db - | zstd -dc | jq .`,
		Flags: flags,
		Run: func(ctx context.Context, c *command.Call) error {
			if err := c.Arguments(1, "the file"); err != nil {
				return err
			}
			if asJSON && c.Args[0] == "-" {
				return command.Usagef("-json would be in the way of the backup on standard output")
			}
			if skip {
				o.Unreadable = func(u backup.Unreadable) {
					fmt.Fprintf(c.Stderr, "left out: %s %q: %v\n", u.Table, u.ID, u.Err)
				}
			}
			if progress {
				o.Progress = backupProgress(c.Stderr)
			}
			s, err := from.open(ctx, reading)
			if err != nil {
				return err
			}
			m, err := export(ctx, c, s, o)
			if err == nil && asJSON {
				err = printJSON(c.Stdout, m)
			} else if err == nil && c.Args[0] != "-" {
				err = printManifest(c.Stdout, m)
			}
			return errors.Join(err, s.Close())
		},
	}
}

func export(ctx context.Context, c *command.Call, s *opened, o backup.Options) (backup.Manifest, error) {
	if c.Args[0] == "-" {
		return backup.Write(ctx, c.Stdout, s.Storage, o)
	}
	return backup.WriteFile(ctx, c.Args[0], s.Storage, o)
}

func printManifest(w io.Writer, m backup.Manifest) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, t := range m.Tables {
		note := ""
		if t.Withheld > 0 {
			note = fmt.Sprintf("secret fields of %d left out", t.Withheld)
		}
		if t.Unreadable > 0 {
			note = strings.TrimPrefix(fmt.Sprintf("%s, %d that cannot be read left out", note, t.Unreadable), ", ")
		}
		fmt.Fprintf(table, "%s\t%d records\t%s\n", t.Name, t.Records, note)
	}
	fmt.Fprintf(table, "total\t%d records\tsha256 %s\n", m.Records, m.Checksum)
	return table.Flush()
}

func importCommand() command.Command {
	flags := new(flag.FlagSet)
	to := toFlags(flags)
	var o backup.RestoreOptions
	var progress, asJSON bool
	var refused string
	flags.Var((*command.List)(&o.Tables), "tables", "import the `TABLES`, by commas (default all)")
	flags.IntVar(&o.Batch, "batch", 500, "import `N` records at once (default 500)")
	flags.Var((*existing)(&o.Existing), "existing", "a record whose id is taken is dealt with as `MODE`: refuse, skip or overwrite (default refuse)")
	flags.BoolVar(&o.DryRun, "dry-run", false, "check the file, and write nothing")
	flags.StringVar(&o.Resume, "state", "", "note in `FILE` how far the run is, and go on from there if it is there")
	flags.StringVar(&refused, "report", "", "write all refused records to `FILE`, as lines of JSON")
	flags.BoolVar(&progress, "progress", false, "tell on standard error how far it is")
	flags.BoolVar(&asJSON, "json", false, "print the result as JSON")
	return command.Command{
		Name:     "import",
		Synopsis: "FILE -to URL [-tables TABLES] [-existing MODE] [-dry-run] [-state FILE] [-report FILE] …",
		Short:    "put the documents of a backup into a storage",
		Long: `Import checks that a file of export is whole, and puts its records into a storage
of any kind. The file - is standard input. With -existing refuse, nothing is
written if the storage has one of the records.`,
		Examples: `redisgen storage import tframex.backup -to redis://localhost:6379/0
redisgen storage import tframex.backup -to sqlite:new.db -existing skip -state import.json -report refused.ndjson
redisgen storage import tframex.backup -to memory: -dry-run`,
		Flags: flags,
		Run: func(ctx context.Context, c *command.Call) error {
			if err := c.Arguments(1, "the file"); err != nil {
				return err
			}
			if o.Batch < 1 {
				return command.Usagef("-batch is at least 1")
			}
			if progress {
				o.Progress = backupProgress(c.Stderr)
			}
			return runImport(ctx, c, to, o, refused, asJSON)
		},
	}
}

func runImport(ctx context.Context, c *command.Call, to *endpoint, o backup.RestoreOptions, refused string, asJSON bool) (err error) {
	s, err := to.open(ctx, mode(o.DryRun))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	input, end, err := openInput(c)
	if err != nil {
		return err
	}
	defer end()
	log, err := openLog(refused, o.Resume)
	if err != nil {
		return err
	}
	o.Refused = log.add
	r, failed := backup.Restore(ctx, input, s.Storage, o)
	failed = errors.Join(failed, log.close())
	if asJSON {
		return errors.Join(failed, printJSON(c.Stdout, jsonRestore(r)))
	}
	return errors.Join(failed, printRestore(c.Stdout, r))
}

// openInput returns the file of the arguments; standard input is copied to one.
func openInput(c *command.Call) (file *os.File, end func(), err error) {
	if c.Args[0] != "-" {
		file, err = os.Open(c.Args[0])
		return file, func() { _ = file.Close() }, err
	}
	file, err = os.CreateTemp("", "redisgen-storage-*")
	if err != nil {
		return nil, nil, err
	}
	end = func() { _, _ = file.Close(), os.Remove(file.Name()) }
	if _, err = io.Copy(file, c.Stdin); err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		end()
	}
	return file, end, err
}

// refusal is a refused record as it is printed.
type refusal struct {
	Table  string `json:"table"`
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// refusalLog is a file of refused records.
type refusalLog struct {
	file *os.File
	err  error
}

// openLog empties the file, unless there is a state from which the run goes on.
func openLog(path, state string) (*refusalLog, error) {
	if path == "" {
		return &refusalLog{}, nil
	}
	mode := os.O_TRUNC
	if _, err := os.Stat(state); state != "" && err == nil {
		mode = os.O_APPEND
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|mode, 0o600)
	return &refusalLog{file: file}, err
}

func (l *refusalLog) add(r backup.Refusal) {
	if l.file != nil && l.err == nil {
		l.err = json.NewEncoder(l.file).Encode(refusal{r.Table, r.ID, r.Err.Error()})
	}
}

func (l *refusalLog) close() error {
	if l.file == nil {
		return nil
	}
	return errors.Join(l.err, l.file.Close())
}

// jsonRestore returns a report as it is printed as JSON.
func jsonRestore(r backup.Report) any {
	refusals := []refusal{}
	for _, x := range r.Refusals {
		refusals = append(refusals, refusal{x.Table, x.ID, x.Err.Error()})
	}
	return struct {
		DryRun   bool                 `json:"dry_run"`
		Resumed  bool                 `json:"resumed"`
		Tables   []backup.TableReport `json:"tables"`
		Refusals []refusal            `json:"refusals"`
	}{r.DryRun, r.Resumed, r.Tables, refusals}
}

func printRestore(w io.Writer, r backup.Report) error {
	if len(r.Tables) == 0 {
		return nil
	}
	if r.DryRun {
		fmt.Fprintln(w, "dry run: nothing was written; the numbers are of what would be")
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "records\tcreated\tskipped\toverwritten\trefused\texpired\t\ttable")
	for _, t := range append(r.Tables, r.Total()) {
		name := t.Name
		if name == "" {
			name = "total"
		}
		fmt.Fprintf(table, "%d\t%d\t%d\t%d\t%d\t%d\t\t%s\n", t.Records, t.Created, t.Skipped, t.Overwritten, t.Refused, t.Expired, name)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, x := range r.Refusals {
		fmt.Fprintf(w, "refused: %s %q: %v\n", x.Table, x.ID, x.Err)
	}
	return nil
}

func backupProgress(w io.Writer) func(backup.Progress) {
	return func(p backup.Progress) {
		of := ""
		if p.Total > 0 {
			of = fmt.Sprintf(" of %d", p.Total)
		}
		fmt.Fprintf(w, "%s %s: %d%s\n", p.Phase, p.Table, p.Records, of)
	}
}

func checkCommand() command.Command {
	flags := new(flag.FlagSet)
	asJSON := flags.Bool("json", false, "print what the file has as JSON")
	return command.Command{
		Name:     "check",
		Synopsis: "FILE [-json]",
		Short:    "check that a backup is whole",
		Long: `Check reads a file of export from first to last, and prints what it has if it is
as it was written.`,
		Examples: `redisgen storage check tframex.backup`,
		Flags:    flags,
		Run: func(ctx context.Context, c *command.Call) error {
			if err := c.Arguments(1, "the file"); err != nil {
				return err
			}
			m, err := backup.CheckFile(ctx, c.Args[0], backup.CheckOptions{})
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(c.Stdout, m)
			}
			return printManifest(c.Stdout, m)
		},
	}
}
