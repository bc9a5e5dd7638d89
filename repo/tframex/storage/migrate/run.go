package migrate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/retry"
)

// grace is how long batches that are under way may go on when the context of a run ends.
const grace = 5 * time.Second

// Run copies the records of tables from one storage to another: all or, with a state file,
// those that an earlier run has not come to. The storages are connected; nothing else may
// write to the target's tables meanwhile if Existing is Refuse.
//
// When ctx ends, Run begins no more batches, waits up to 5 seconds for those that are under
// way, notes its state, and returns the error of ctx. After any error the report tells what
// was done until then, and a run with the same state file goes on from there.
//
// A batch whose outcome is not known, since the connection was lost or the program was killed, is
// imported again. That does no harm with Skip and Overwrite, though its records may then count as
// skipped or overwritten. With Refuse, a record that is taken by an equal document counts as created
// then, and one that is taken by another document is refused.
//
// The error is [ErrRefused] if all went to the end and records were refused. [Verify] tells whether
// the storages are equal now.
func Run(ctx context.Context, source, target storage.Storage, options Options) (Report, error) {
	o, err := options.complete(source, target)
	if err != nil {
		return Report{}, err
	}
	tables, err := Tables(ctx, source, o.Tables)
	if err != nil {
		return Report{}, err
	}
	state, resumed, err := loadState(o)
	if err != nil {
		return Report{}, err
	}
	refused, err := openRefused(o.RefusedFile, state.RefusedSize)
	if err != nil {
		return Report{}, err
	}
	m := &migration{source: source, target: target, o: o, state: state, resumed: resumed, refused: refused, now: time.Now}
	err = m.run(ctx, tables)
	return m.report(), errors.Join(err, refused.close())
}

// migration is a run.
type migration struct {
	source, target storage.Storage
	o              Options
	state          *state
	resumed        bool
	refused        *refusedLog
	now            func() time.Time
}

func (m *migration) report() Report {
	r := Report{Source: m.o.Source, Target: m.o.Target, DryRun: m.o.DryRun}
	for _, t := range m.state.Tables {
		r.Tables = append(r.Tables, t.clone())
	}
	return r
}

func (m *migration) run(ctx context.Context, tables []string) error {
	for _, name := range tables {
		t, resumed := m.state.table(name)
		if t.Done {
			continue
		}
		if err := m.save(); err != nil {
			return err
		}
		if err := m.table(ctx, t, resumed && m.resumed); err != nil {
			return fmt.Errorf("table %q: %w", name, err)
		}
	}
	if n := m.report().Total().Refused; n > 0 {
		return fmt.Errorf("%w: %d of them", ErrRefused, n)
	}
	return nil
}

// save notes the state, if the run has a file for it.
func (m *migration) save() error {
	if m.o.StateFile == "" {
		return nil
	}
	m.state.RefusedSize = m.refused.size
	return m.state.save(m.o.StateFile)
}

// table copies what is left of a table.
func (m *migration) table(ctx context.Context, t *TableReport, resumed bool) error {
	total, err := m.prepare(ctx, t.Table)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	work, end := m.linger(ctx)
	defer end()

	store := m.importer(t.Table, resumed)
	queue := make(chan *batch, m.o.Workers-1) // and one is in the hands of collect
	go func() {
		defer close(queue)
		for b := range m.batches(ctx, t.Table, t.Position) {
			select {
			case queue <- b:
				go b.store(work, store)
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() {
		stop()
		for b := range queue {
			<-b.done
		}
	}()
	for b := range queue {
		<-b.done
		if err := m.collect(t, b); err != nil {
			return err
		}
		if m.o.Progress != nil {
			m.o.Progress(Progress{t.Table, total, t.Counts})
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	t.Done = true
	return m.save()
}

// prepare makes the table in the target, with the schema that it has in the source, and
// returns how many records the source has.
func (m *migration) prepare(ctx context.Context, table string) (total int64, err error) {
	err = retry.Do(ctx, m.o.Retries, func() (bool, error) {
		info, err := m.source.TableInfo(ctx, table)
		if errors.Is(err, storage.ErrNoTable) {
			info, err = storage.TableInfo{Records: -1}, nil
		}
		if err != nil || m.o.DryRun {
			total = info.Records
			return false, err
		}
		total = info.Records
		return false, m.target.CreateTable(ctx, table, info.Schema)
	})
	return total, err
}

// linger returns a context that ends a while after ctx.
func (m *migration) linger(ctx context.Context) (work context.Context, end func()) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	timers := make(chan *time.Timer, 1)
	stop := context.AfterFunc(ctx, func() { timers <- time.AfterFunc(grace, cancel) })
	return work, func() {
		if !stop() {
			(<-timers).Stop()
		}
		cancel()
	}
}

// collect counts what became of a batch. Batches come in the order in which they were read.
func (m *migration) collect(t *TableReport, b *batch) error {
	if b.err != nil {
		return b.err
	}
	c := Counts{
		Read: b.read, Created: b.report.Created, Skipped: b.report.Skipped,
		Overwritten: b.report.Overwritten, Refused: int64(len(b.refusals)), Expired: b.expired,
	}
	if c.Created+c.Skipped+c.Overwritten+c.Refused+c.Expired != c.Read {
		return fmt.Errorf("%w: %s of a batch", ErrUnaccounted, c)
	}
	if err := m.refused.add(b.refusals); err != nil {
		return err
	}
	t.Counts.add(c)
	t.Position = b.position
	t.Refusals = append(t.Refusals, b.refusals[:min(len(b.refusals), max(0, kept-len(t.Refusals)))]...)
	if err := m.save(); err != nil {
		return err
	}
	if limit := m.o.MaxRefused; limit > 0 && m.report().Total().Refused > limit {
		return fmt.Errorf("%w: more than %d of them", ErrRefused, limit)
	}
	return nil
}
