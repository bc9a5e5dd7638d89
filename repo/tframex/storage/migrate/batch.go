package migrate

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/retry"
)

// batch is some records of a table, and what becomes of them.
type batch struct {
	table    string
	records  []storage.Record
	read     int64  // with those that are not in records
	expired  int64  // not in records
	position string // behind the last
	refusals []Refusal
	report   storage.ImportReport
	err      error
	done     chan struct{}
}

// batches reads a table behind a position, in batches. The last has an error if reading failed,
// and then no records.
func (m *migration) batches(ctx context.Context, table, from string) iter.Seq[*batch] {
	return func(yield func(*batch) bool) {
		b, bytes := newBatch(table, from), 0
		full := func() bool { return b.read >= int64(m.o.BatchSize) || bytes >= batchBytes }
		next := func() bool {
			if b.read == 0 {
				return true
			}
			old := b
			b, bytes = newBatch(table, b.position), 0
			return yield(old)
		}
		for r, err := range retry.Records(ctx, m.source, table, from, m.o.Retries) {
			if err != nil && !b.unreadable(err) {
				if next() {
					b.err = err
					yield(b)
				}
				return
			}
			if err == nil {
				b.add(r, m.now().UnixMicro())
				bytes += size(r.Document)
			}
			if full() && !next() {
				return
			}
		}
		next()
	}
}

func newBatch(table, position string) *batch {
	return &batch{table: table, position: position, done: make(chan struct{})}
}

// add puts a record into the batch, unless it had expired by now, in microseconds.
func (b *batch) add(r storage.Record, now int64) {
	b.read++
	b.position = r.Position
	if !r.ExpiresAt.IsZero() && r.ExpiresAt.UnixMicro() <= now {
		b.expired++
		return
	}
	b.records = append(b.records, r)
}

// unreadable counts a record that could not be read, and tells whether the error is of one.
func (b *batch) unreadable(err error) bool {
	one := retry.Unreadable(err)
	if one == nil {
		return false
	}
	b.read++
	b.position = one.Position
	b.refusals = append(b.refusals, Refusal{b.table, one.ID, "cannot be read: " + one.Err.Error()})
	return true
}

// store has the records stored.
func (b *batch) store(ctx context.Context, f importer) {
	defer close(b.done)
	if b.err != nil || len(b.records) == 0 {
		return
	}
	b.report, b.err = f(ctx, b.records)
	for _, r := range b.report.Refused {
		b.refusals = append(b.refusals, Refusal{b.table, r.ID, r.Err.Error()})
	}
	b.records = nil
}

// size returns about how many bytes of JSON a value is.
func size(v any) int {
	n := 8
	switch v := v.(type) {
	case string:
		n += len(v)
	case json.Number:
		n += len(v)
	case []any:
		for _, e := range v {
			n += size(e)
		}
	case map[string]any:
		for key, e := range v {
			n += len(key) + size(e)
		}
	}
	return n
}
