package backup

import (
	"context"
	"fmt"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// compare has the report tell what would become of the records, by the ids that are taken.
func (job *restore) compare(ctx context.Context) error {
	_, err := job.pass(ctx, &comparer{ctx: ctx, job: job})
	return err
}

// comparer looks up records.
type comparer struct {
	ctx  context.Context
	job  *restore
	t    *TableReport // nil: not to be restored
	has  bool         // the storage has records of the table
	done int64
}

func (c *comparer) table(t *tableLine) error {
	c.t, c.done = c.job.find(t.Name), 0
	if c.t == nil {
		return nil
	}
	n, err := c.job.s.Count(c.ctx, t.Name, nil)
	c.has = n > 0
	return err
}

func (c *comparer) record(r *record) error {
	if c.t == nil {
		return nil
	}
	if c.done++; c.done%every == 0 {
		c.tell()
	}
	if r.expired(time.Now()) {
		c.t.Expired++
		return nil
	}
	var doc storage.Document
	if c.has {
		var err error
		if doc, err = c.job.get(c.ctx, c.t.Name, r.ID); err != nil {
			return fmt.Errorf("table %q: %w", c.t.Name, err)
		}
	}
	switch {
	case doc == nil:
		c.t.Created++
	case c.job.o.Existing == storage.Skip:
		c.t.Skipped++
	case c.job.o.Existing == storage.Overwrite:
		c.t.Overwritten++
	default:
		c.job.refuse(c.t, r.ID, storage.ErrDuplicate)
	}
	return nil
}

func (c *comparer) end() error {
	if c.t != nil {
		c.tell()
	}
	return nil
}

func (c *comparer) tell() {
	report(c.job.o.Progress, Progress{Comparing, c.t.Name, c.done, c.t.Records})
}
