package redis

import (
	"context"
	"slices"
	"sync"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// BulkInsert stores new documents, those of a part by one call. Several parts are under way at
// the same time while the next one is prepared, so that a hundred take little more than one
// round trip; in tables with values that are unique it is one part after the other, so that of
// two documents with one value the first is stored.
func (s *Storage) BulkInsert(ctx context.Context, table string, docs []storage.Document) ([]string, error) {
	c, t, err := s.writing(table)
	if err != nil {
		return nil, s.fail("BulkInsert", table, "", err)
	}
	b := newBulk(ctx, c, t, len(docs))
	for i, doc := range docs {
		rec, id, err := s.prepare(t, doc)
		if b.ids[i], b.errs[i] = id, err; err == nil {
			b.add(i, id, rec)
		}
	}
	b.end()
	failed := false
	for i, err := range b.errs {
		if err != nil {
			b.errs[i], failed = s.fail("BulkInsert", table, b.ids[i], err), true
			b.ids[i] = ""
		}
	}
	if failed {
		return b.ids, &storage.Error{Backend: s.Backend(), Op: "BulkInsert", Table: table, Err: &storage.BulkError{Errs: b.errs}}
	}
	return b.ids, nil
}

// partSize is how many documents a part has, and underWay how many parts are sent at once.
const partSize, underWay = 25, 4

// bulk is a BulkInsert under way.
type bulk struct {
	ids  []string
	errs []error

	create  func(recs []any) []error
	free    chan struct{} // takes one for each part under way
	running sync.WaitGroup
	sent    map[string]bool // ids of parts under way, and of this one:
	recs    []any
	at      []int
}

func newBulk(ctx context.Context, c *connection, t *table, n int) *bulk {
	b := &bulk{ids: make([]string, n), errs: make([]error, n), sent: make(map[string]bool, n)}
	b.free = make(chan struct{}, underWay)
	if t.plan != nil && slices.ContainsFunc(t.plan.columns, func(c column) bool { return c.unique }) {
		b.free = make(chan struct{}, 1)
	}
	mark := sync.OnceValue(func() error { return c.mark(ctx, t) })
	b.create = func(recs []any) []error {
		if err := mark(); err != nil {
			return eachError(len(recs), err)
		}
		return eachError(len(recs), t.createMany(ctx, recs, repo.KeepTimes()))
	}
	return b
}

// add adds the record of document i. One whose id another one has waits until that is stored.
func (b *bulk) add(i int, id string, rec any) {
	if b.sent[id] {
		b.end()
	} else if len(b.recs) == partSize {
		b.send()
	}
	b.sent[id] = true
	b.recs, b.at = append(b.recs, rec), append(b.at, i)
}

// send has the part stored.
func (b *bulk) send() {
	recs, at := b.recs, b.at
	b.recs, b.at = nil, nil
	b.free <- struct{}{}
	b.running.Go(func() {
		defer func() { <-b.free }()
		for i, err := range b.create(recs) {
			b.errs[at[i]] = err
		}
	})
}

// end has the last part stored, and waits for all.
func (b *bulk) end() {
	if len(b.recs) > 0 {
		b.send()
	}
	b.running.Wait()
	clear(b.sent)
}
