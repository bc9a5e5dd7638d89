package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// RestoreOptions say how a backup is restored. The zero value restores all tables, and
// nothing if the storage has one of the records.
type RestoreOptions struct {
	// Existing says what becomes of records whose id is taken. With [storage.Refuse]
	// that is found out before anything is written. With [storage.Overwrite], fields
	// that the backup does not have because they are secret stay as they are.
	Existing storage.Existing
	// Tables are those to restore; none: all of the backup.
	Tables []string
	// DryRun says that nothing is written: the report tells what would be done. What
	// the storage would refuse for other reasons than an id that is taken is not in it.
	DryRun bool
	// Resume is the path of a file for the state of the restore, which goes on there if
	// the file exists; "": none is kept. It is written after each batch and removed
	// when all is done. The state is of one backup, storage and options: take another
	// file for another restore.
	Resume string
	// Batch is how many records are stored at a time; 0: 500. Less, when they have
	// more than 8 MB of JSON.
	Batch int
	// Refused, if it is not nil, is called with each record that is refused, by the
	// goroutine that restores. The report has the first 1,000.
	Refused func(Refusal)
	// Progress, if it is not nil, is called now and then by the goroutine that
	// restores.
	Progress func(Progress)
}

// Report tells what a restore has done, of one that was resumed from its beginning.
type Report struct {
	Manifest Manifest // of the backup
	DryRun   bool     // nothing was done: the numbers are what would be
	Resumed  bool     // it went on where another had ended
	// Tables are those that were to be restored, in the order of the backup.
	Tables []TableReport
	// Refusals are the first 1,000 records that were refused since the restore was
	// started or resumed.
	Refusals []Refusal
}

// TableReport tells what became of the records of a table. The numbers add up to Records
// when all is done.
type TableReport struct {
	Name        string `json:"name"`
	Records     int64  `json:"records"` // that the backup has
	Created     int64  `json:"created"`
	Skipped     int64  `json:"skipped"`
	Overwritten int64  `json:"overwritten"`
	Refused     int64  `json:"refused"`
	Expired     int64  `json:"expired"` // not restored, as they are gone by now
}

// Refusal is a record that was not restored.
type Refusal struct {
	Table string
	ID    string
	Err   error
}

const (
	defaultBatch = 500
	maxBatch     = 8 << 20 // bytes
	maxRefusals  = 1000
)

// Total returns the sums of all tables.
func (r *Report) Total() TableReport {
	var sum TableReport
	for _, t := range r.Tables {
		sum.Records += t.Records
		sum.Created += t.Created
		sum.Skipped += t.Skipped
		sum.Overwritten += t.Overwritten
		sum.Refused += t.Refused
		sum.Expired += t.Expired
	}
	return sum
}

// Restore puts the records of a backup into a storage: with their times and the moment they
// expire, without those that have expired since. It reads r from its start two times: to
// check that the backup is whole, before anything is written, and to restore it; with
// DryRun, or with [storage.Refuse] if the storage has records, another time to see which
// ids are taken, with a Get for each record. In memory are the records of a batch.
//
// Errors are those of [Check], [ErrTable] and [ErrState], before anything is written; then
// [ErrRefused], with the reason of the first, when all else is done, or what the storage or
// the context has ended it with. The report is of what was done until then.
func Restore(ctx context.Context, r io.ReadSeeker, s storage.Storage, o RestoreOptions) (Report, error) {
	if o.Batch <= 0 {
		o.Batch = defaultBatch
	}
	job := &restore{r: r, s: s, o: o}
	err := job.run(ctx)
	if err == nil {
		err = job.refused()
	}
	if err != nil {
		err = fmt.Errorf("backup: %w", err)
	}
	return job.report, err
}

// restore is a restore under way.
type restore struct {
	r      io.ReadSeeker
	s      storage.Storage
	o      RestoreOptions
	report Report
	state  state
}

func (job *restore) run(ctx context.Context) error {
	m, err := job.pass(ctx, &checker{progress: job.o.Progress})
	if err != nil {
		return err
	}
	job.report = Report{Manifest: m, DryRun: job.o.DryRun}
	if err := job.choose(); err != nil {
		return err
	}
	if err := job.resume(ctx); err != nil {
		return err
	}
	if job.o.DryRun || job.o.Existing == storage.Refuse && !job.report.Resumed {
		if err := job.compare(ctx); err != nil || job.o.DryRun || job.report.Total().Refused > 0 {
			return err
		}
		_ = job.choose() // count anew
	}
	if err := job.write(ctx); err != nil {
		return err
	}
	return job.forget()
}

// pass reads the backup from its start. From the second time on it must be the same one.
func (job *restore) pass(ctx context.Context, v visitor) (Manifest, error) {
	if _, err := job.r.Seek(0, io.SeekStart); err != nil {
		return Manifest{}, err
	}
	m, err := scan(ctx, job.r, v)
	if before := job.report.Manifest.Checksum; err == nil && before != "" && before != m.Checksum {
		err = fmt.Errorf("%w: it has changed while it was read", ErrDamaged)
	}
	return m, err
}

// choose begins the report with the tables to restore.
func (job *restore) choose() error {
	job.report.Tables = nil
	for _, name := range job.o.Tables {
		if !slices.Contains(job.report.Manifest.Header.Tables, name) {
			return fmt.Errorf("%w %q; it has %q", ErrTable, name, job.report.Manifest.Header.Tables)
		}
	}
	for _, t := range job.report.Manifest.Tables {
		if len(job.o.Tables) == 0 || slices.Contains(job.o.Tables, t.Name) {
			job.report.Tables = append(job.report.Tables, TableReport{Name: t.Name, Records: t.Records})
		}
	}
	return nil
}

// find returns the report of a table; nil if it is not to be restored.
func (job *restore) find(table string) *TableReport {
	i := slices.IndexFunc(job.report.Tables, func(t TableReport) bool { return t.Name == table })
	if i < 0 {
		return nil
	}
	return &job.report.Tables[i]
}

// refuse counts a record that is not restored.
func (job *restore) refuse(t *TableReport, id string, err error) {
	t.Refused++
	refusal := Refusal{t.Name, id, err}
	if len(job.report.Refusals) < maxRefusals {
		job.report.Refusals = append(job.report.Refusals, refusal)
	}
	if job.o.Refused != nil {
		job.o.Refused(refusal)
	}
}

// refused returns the error if records were refused.
func (job *restore) refused() error {
	total := job.report.Total()
	if total.Refused == 0 {
		return nil
	}
	if len(job.report.Refusals) == 0 {
		return fmt.Errorf("%w: %d of %d, before it was resumed", ErrRefused, total.Refused, total.Records)
	}
	first := job.report.Refusals[0]
	return fmt.Errorf("%w: %d of %d; the first is %q of table %q: %w", ErrRefused, total.Refused, total.Records, first.ID, first.Table, first.Err)
}

// get returns a document of the storage; nil if there is none.
func (job *restore) get(ctx context.Context, table, id string) (storage.Document, error) {
	doc, err := job.s.Get(ctx, table, id)
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrNoTable) || errors.Is(err, storage.ErrValidation) {
		return nil, nil // an id that cannot be is of no document
	}
	return doc, err
}
