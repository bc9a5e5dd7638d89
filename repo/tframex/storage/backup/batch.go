package backup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// write puts the records into the storage.
func (job *restore) write(ctx context.Context) error {
	if len(job.report.Tables) == 0 {
		return nil
	}
	if !job.report.Resumed { // so that what the first batch may leave behind is known as ours
		if err := job.save(job.report.Tables[0].Name, 0); err != nil {
			return err
		}
	}
	_, err := job.pass(ctx, &batcher{ctx: ctx, job: job, resuming: job.report.Resumed})
	return err
}

// batcher stores records, a batch at a time.
type batcher struct {
	ctx      context.Context
	job      *restore
	resuming bool // until the position of the state is reached

	t       *TableReport // nil: not to be restored
	skip    int64        // records of the table that were restored before
	read    int64        // records of the table so far
	expired int64        // of the batch
	batch   []storage.Record
	bytes   int
}

func (b *batcher) table(t *tableLine) error {
	b.t, b.read, b.skip = b.job.find(t.Name), 0, 0
	if b.t == nil {
		return nil
	}
	if b.resuming {
		if t.Name != b.job.state.Table {
			b.t = nil // done before
			return nil
		}
		b.resuming, b.skip = false, b.job.state.Position
	}
	return b.create(t)
}

// create makes the table, if it was created. Otherwise the first record makes it.
func (b *batcher) create(t *tableLine) error {
	if t.CreatedAt.IsZero() && t.Schema == nil {
		return nil
	}
	var schema storage.Document
	if t.Schema != nil {
		var err error
		if schema, err = storage.ParseDocument(t.Schema); err != nil {
			return err
		}
	}
	return b.job.s.CreateTable(b.ctx, t.Name, schema)
}

func (b *batcher) record(r *record) error {
	if b.t == nil {
		return nil
	}
	if b.read++; b.read <= b.skip {
		return nil
	}
	if r.expired(time.Now()) {
		b.expired++
		return nil
	}
	full, err := r.parse()
	if err != nil {
		return err
	}
	b.batch = append(b.batch, full)
	b.bytes += len(r.Document)
	if len(b.batch) >= b.job.o.Batch || b.bytes >= maxBatch {
		return b.flush()
	}
	return nil
}

func (b *batcher) end() error {
	if b.t == nil {
		return nil
	}
	return b.flush()
}

// flush stores the batch, and the state with it.
func (b *batcher) flush() error {
	if err := b.store(); err != nil {
		return fmt.Errorf("table %q: %w", b.t.Name, err)
	}
	b.t.Expired += b.expired
	b.expired, b.bytes = 0, 0
	clear(b.batch) // lets go of the documents
	b.batch = b.batch[:0]
	report(b.job.o.Progress, Progress{Restoring, b.t.Name, b.read, b.t.Records})
	return b.job.save(b.t.Name, b.read)
}

// store puts the batch into the storage and counts what became of it.
func (b *batcher) store() error {
	if len(b.batch) == 0 {
		return nil
	}
	if err := b.keepSecrets(); err != nil {
		return err
	}
	done, err := b.job.s.Import(b.ctx, b.t.Name, b.batch, b.job.o.Existing)
	if err != nil {
		return err
	}
	b.t.Created += done.Created
	b.t.Skipped += done.Skipped
	b.t.Overwritten += done.Overwritten
	refused := map[string]bool{}
	for _, r := range done.Refused {
		refused[r.ID] = true
		if err := b.refusal(r); err != nil {
			return err
		}
	}
	for _, r := range b.batch {
		if !refused[r.ID] && r.ExpiresAt.IsZero() {
			b.job.state.Last = &recordName{b.t.Name, r.ID}
		}
	}
	return nil
}

// keepSecrets gives records that are to be overwritten the secret fields that the storage
// has, if the backup has none.
func (b *batcher) keepSecrets() error {
	fields := b.job.report.Manifest.Header.Withheld[b.t.Name]
	if len(fields) == 0 || b.job.o.Existing != storage.Overwrite {
		return nil
	}
	for _, r := range b.batch {
		old, err := b.job.get(b.ctx, b.t.Name, r.ID)
		if err != nil {
			return err
		}
		for _, field := range fields {
			if value, ok := old[field]; ok {
				r.Document[field] = value
			}
		}
	}
	return nil
}

// refusal counts a record that the storage has refused: as expired if it is by now, and as
// created if it is of the batch that an interruption has ended.
func (b *batcher) refusal(r storage.Refusal) error {
	record := b.find(r.ID)
	if record == nil {
		b.job.refuse(b.t, r.ID, r.Err)
		return nil
	}
	if !record.ExpiresAt.IsZero() && !record.ExpiresAt.After(time.Now()) {
		b.t.Expired++
		return nil
	}
	if b.job.report.Resumed && b.job.o.Existing == storage.Refuse && errors.Is(r.Err, storage.ErrDuplicate) {
		doc, err := b.job.get(b.ctx, b.t.Name, r.ID)
		if err != nil {
			return err
		}
		if doc != nil && storage.Equal(doc, record.Document) {
			b.t.Created++
			return nil
		}
	}
	b.job.refuse(b.t, r.ID, r.Err)
	return nil
}

// find returns the record of the batch with an id.
func (b *batcher) find(id string) *storage.Record {
	for i := range b.batch {
		if b.batch[i].ID == id {
			return &b.batch[i]
		}
	}
	return nil
}
