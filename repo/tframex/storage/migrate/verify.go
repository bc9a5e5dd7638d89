package migrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/retry"
)

// VerifyOptions say what [Verify] compares. The zero value compares the documents of all tables
// of the source.
type VerifyOptions struct {
	// Tables are those that are compared; nil: all that the source has. It is an error to
	// name one that neither has.
	Tables []string
	// Times compares as well what is known beside documents: CreatedAt, UpdatedAt and
	// ExpiresAt of records. Not every backend keeps them.
	Times bool
	// MaxDifferences is how many differences of a table are listed at least, if there are so
	// many; 0 is 100.
	MaxDifferences int
	// Retries are as in [Options].
	Retries int
	// Progress is told of each table, when it has been read; nil: nobody is.
	Progress func(TableVerification)
}

// Verification is what [Verify] has found.
type Verification struct {
	Tables []TableVerification `json:"tables"`
}

// Equal tells whether all tables are.
func (v Verification) Equal() bool {
	for _, t := range v.Tables {
		if !t.Equal {
			return false
		}
	}
	return true
}

// TableVerification is what was found about a table.
type TableVerification struct {
	Table  string `json:"table"`
	Equal  bool   `json:"equal"`
	Source Digest `json:"source"`
	Target Digest `json:"target"`
	// Differences are by id; at most about MaxDifferences.
	Differences []Difference `json:"differences,omitempty"`
	// More says that there are other differences than those.
	More bool `json:"more,omitempty"`
}

// Digest is that of the records of a table, in any order.
type Digest struct {
	Records int64  `json:"records"`
	Sum     string `json:"sum"` // hexadecimal, 256 bits
}

// Difference is a record that is not the same on both sides.
type Difference struct {
	ID   string         `json:"id"`
	Kind DifferenceKind `json:"kind"`
	// Fields are those at the top of the document that differ, and of the times beside it
	// "(created at)", "(updated at)" and "(expires at)".
	Fields []string `json:"fields,omitempty"`
}

// DifferenceKind says how a record differs.
type DifferenceKind string

// The kinds of differences.
const (
	Missing    DifferenceKind = "missing"    // the target does not have it
	Extra      DifferenceKind = "extra"      // only the target has it
	Differs    DifferenceKind = "differs"    // both have it, with other values
	Unreadable DifferenceKind = "unreadable" // one of them cannot read it
)

// Verify compares two storages: by table the number of records, and a digest of all their
// documents, numbers by value. Where that differs it looks for the records, in a second pass
// over the parts of the table that differ, parted by a hash of the id: so memory is bounded.
// What it finds is looked at once more, so that a record that was changed on its way from one
// side to the other meanwhile is no difference. Records whose time has come are left out.
//
// A table of the target that the source does not have is not looked at, unless it is among
// Tables. The error is [ErrDifferent] if a table differs; the result tells where.
func Verify(ctx context.Context, source, target storage.Storage, options VerifyOptions) (Verification, error) {
	o := options
	o.Retries = cmp.Or(o.Retries, retry.Default)
	o.MaxDifferences = cmp.Or(o.MaxDifferences, 100)
	var v Verification
	tables, err := compared(ctx, source, target, o.Tables)
	if err != nil {
		return v, err
	}
	for _, table := range tables {
		c := &comparison{source: source, target: target, table: table, o: o}
		t, err := c.run(ctx)
		if err != nil {
			return v, fmt.Errorf("table %q: %w", table, err)
		}
		v.Tables = append(v.Tables, t)
		if o.Progress != nil {
			o.Progress(t)
		}
	}
	if !v.Equal() {
		return v, ErrDifferent
	}
	return v, nil
}

// compared returns the tables that are compared.
func compared(ctx context.Context, source, target storage.Storage, wanted []string) ([]string, error) {
	if wanted == nil {
		return Tables(ctx, source, nil)
	}
	there, err := source.ListTables(ctx)
	if err != nil {
		return nil, err
	}
	besides, err := target.ListTables(ctx)
	if err != nil {
		return nil, err
	}
	for _, table := range wanted {
		if !slices.Contains(there, table) && !slices.Contains(besides, table) {
			return nil, fmt.Errorf("%w: %.80q is in neither storage", storage.ErrNoTable, table)
		}
	}
	return wanted, nil
}

// buckets is into how many parts a table is parted, by a hash of the id.
const buckets = 4096

func bucketOf(id string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return int(h.Sum32() % buckets)
}

// side is what one storage has of a table.
type side struct {
	records int64
	total   sum
	buckets [buckets]struct {
		records int64
		sum     sum
	}
	unreadable []Difference
}

// comparison is that of one table.
type comparison struct {
	source, target storage.Storage
	table          string
	o              VerifyOptions
}

func (c *comparison) run(ctx context.Context) (TableVerification, error) {
	t := TableVerification{Table: c.table}
	var a, b *side
	var failed, too error
	var both sync.WaitGroup
	both.Go(func() { a, failed = c.read(ctx, c.source) })
	both.Go(func() { b, too = c.read(ctx, c.target) })
	both.Wait()
	if err := errors.Join(failed, too); err != nil {
		return t, err
	}
	t.Source, t.Target = a.digest(), b.digest()
	t.Differences = append(a.unreadable, b.unreadable...)
	if a.total != b.total || a.records != b.records {
		if err := c.search(ctx, a, b, &t); err != nil {
			return t, err
		}
	}
	t.Equal = len(t.Differences) == 0 && !t.More
	return t, nil
}

func (s *side) digest() Digest {
	return Digest{s.records, fmt.Sprintf("%016x%016x%016x%016x", s.total[0], s.total[1], s.total[2], s.total[3])}
}

// each calls f with the records that one side has now, and with those that it cannot read.
func (c *comparison) each(ctx context.Context, s storage.Storage, f func(storage.Record), unreadable func(id string)) error {
	now := time.Now()
	for r, err := range retry.Records(ctx, s, c.table, "", c.o.Retries) {
		switch one := retry.Unreadable(err); {
		case one != nil:
			unreadable(one.ID)
		case err != nil:
			return err
		case r.ExpiresAt.IsZero() || r.ExpiresAt.After(now):
			f(r)
		}
	}
	return ctx.Err()
}

// read reads a side for the first time.
func (c *comparison) read(ctx context.Context, s storage.Storage) (*side, error) {
	of := &side{}
	err := c.each(ctx, s, func(r storage.Record) {
		d := c.entry(r).digest
		bucket := &of.buckets[bucketOf(r.ID)]
		bucket.records++
		bucket.sum.add(d)
		of.records++
		of.total.add(d)
	}, func(id string) { of.unreadable = append(of.unreadable, Difference{ID: id, Kind: Unreadable}) })
	return of, err
}
