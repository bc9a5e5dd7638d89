package migrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/retry"
)

// Errors of this package, for errors.Is.
var (
	// ErrRefused: the run went to its end, or to MaxRefused, and the target did not take
	// some records. The report has them.
	ErrRefused = errors.New("records were refused")
	// ErrState: the state file is of another run, or damaged.
	ErrState = errors.New("the state does not fit")
	// ErrUnaccounted: the target did not say what became of each record.
	ErrUnaccounted = errors.New("records are not accounted for")
	// ErrDifferent: the storages differ.
	ErrDifferent = errors.New("the storages differ")
)

// Options say how [Run] copies. The zero value copies all tables, and refuses records whose
// id is taken.
type Options struct {
	// Tables are those that are copied, in this order. nil: all of the source, first
	// those of [DefaultTables], then the others by name. It is an error to name one that
	// the source does not have.
	Tables []string
	// Source and Target are what the storages are called in the report and in the state
	// file; "" is the type of the backend. Give what tells one database from another,
	// without a password.
	Source, Target string
	// Existing says what becomes of a record whose id is taken in the target.
	Existing storage.Existing
	// DryRun reads and checks everything, and writes nothing: neither records nor a state.
	// What it finds is what [storage.Check] knows, and which ids are taken. It cannot know
	// whether two records of the source share a value that is unique in the target; a run
	// into an empty storage of the target's kind, such as memory for redis, does.
	DryRun bool
	// BatchSize is how many records are imported at once; 0 is 500. A batch of large
	// documents is cut at about 8 MiB.
	BatchSize int
	// Workers is how many batches of a table are imported at the same time; 0 is 1. With
	// more than one, it is not determined which of two records that share a unique value
	// is refused.
	Workers int
	// MaxRefused ends the run when more records than that were refused; 0: never.
	MaxRefused int64
	// StateFile is where the run notes how far it is, after each batch; "": nowhere. If
	// the file is there, the run goes on from what it says. A file of a run with another
	// source or target, or with other Tables, Existing or RefusedFile, is [ErrState].
	StateFile string
	// RefusedFile is a file for all refused records, a [Refusal] a line as JSON; "": none.
	// It is replaced, unless the run goes on from a state.
	RefusedFile string
	// Retries is how often a read or a batch is tried again after a lost connection, with
	// pauses from 0.1 to 5 seconds; 0 is 8, negative is none.
	Retries int
	// Progress is told after each batch, by one goroutine at a time; nil: nobody is.
	Progress func(Progress)
}

// DefaultTables are the tables that are copied first, in their order: what others refer to
// comes before them.
func DefaultTables() []string {
	return []string{
		"users", "roles", "permissions", "conversations", "messages", "flow_executions",
		"agent_executions", "tool_calls", "metrics", "events", "audit_logs",
	}
}

const (
	defaultBatch = 500
	batchBytes   = 8 << 20
	kept         = 100 // refusals in a report, for each table
)

// complete returns the options with their defaults.
func (o Options) complete(source, target storage.Storage) (Options, error) {
	if o.BatchSize < 0 || o.Workers < 0 || o.MaxRefused < 0 {
		return o, fmt.Errorf("%w: BatchSize, Workers and MaxRefused cannot be negative", storage.ErrValidation)
	}
	if o.Existing < storage.Refuse || o.Existing > storage.Overwrite {
		return o, fmt.Errorf("%w: Existing is Refuse, Skip or Overwrite", storage.ErrValidation)
	}
	if o.DryRun && o.StateFile != "" {
		return o, fmt.Errorf("%w: a dry run keeps no state; leave StateFile out", storage.ErrValidation)
	}
	if reflect.TypeOf(source).Comparable() && source == target {
		return o, fmt.Errorf("%w: the source is the target", storage.ErrValidation)
	}
	o.Source = cmp.Or(o.Source, source.Backend())
	o.Target = cmp.Or(o.Target, target.Backend())
	o.BatchSize = cmp.Or(o.BatchSize, defaultBatch)
	o.Workers = cmp.Or(o.Workers, 1)
	o.Retries = cmp.Or(o.Retries, retry.Default)
	return o, nil
}

// Tables returns the tables of a storage in the order in which they are copied: those that are
// wanted, which it must have, or all if wanted is nil.
func Tables(ctx context.Context, s storage.Storage, wanted []string) ([]string, error) {
	there, err := s.ListTables(ctx)
	if err != nil {
		return nil, err
	}
	for i, table := range wanted {
		if !slices.Contains(there, table) {
			return nil, fmt.Errorf("%w: %.80q is not in %s", storage.ErrNoTable, table, s.Backend())
		}
		if slices.Contains(wanted[:i], table) {
			return nil, fmt.Errorf("%w: table %q is named twice", storage.ErrValidation, table)
		}
	}
	if wanted != nil {
		return wanted, nil
	}
	first := DefaultTables()
	place := func(table string) int {
		if i := slices.Index(first, table); i >= 0 {
			return i
		}
		return len(first)
	}
	return slices.SortedFunc(slices.Values(there), func(a, b string) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
	}), nil
}
