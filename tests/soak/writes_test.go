package soak

import (
	"context"
	"fmt"
	"testing"

	"github.com/redisgen/redisgen/repo"
)

// writes changes and deletes what queries find.
func (s *store) writes(t *testing.T) {
	f := &ItemFields
	q := s.items.Where(f.Kind.Eq("kind1"), f.Hits.Lt(5))
	few := len(s.list) / 20
	s.watchWrites(t, "Patch", func(ctx context.Context) error {
		done, err := q.Limit(few).Patch(ctx, f.Rank.Add(1), f.Note.Set("changed"))
		return wantDone(done, err, few)
	})
	s.watchWrites(t, "Delete", func(ctx context.Context) error {
		done, err := q.OrderBy(f.At.Desc()).Limit(few).Delete(ctx)
		return wantDone(done, err, few)
	})
	if n, err := s.items.Where().Count(t.Context()); err != nil || n != int64(len(s.list)-few) {
		t.Errorf("%d records are left, %v, want %d", n, err, len(s.list)-few)
	}
}

func wantDone(done repo.Progress, err error, n int) error {
	if err == nil && (done.Done != int64(n) || done.Skipped != 0 || done.Failed != 0) {
		err = fmt.Errorf("%+v, want %d", done, n)
	}
	return err
}

// missing has a thousand entries in a row without a record, which a query
// removes.
func (s *store) missing(t *testing.T) {
	const n = 1000
	q := s.items.Where(ItemFields.At.Lt(s.list[2*n].At)).OrderBy(ItemFields.At.Asc())
	before, err := ids(t.Context(), q)
	must(t, err)
	gone := 0
	for _, it := range s.list[n/2 : n+n/2] {
		found, err := s.rdb.Del(t.Context(), s.client.Prefix()+"{items}:r:"+it.ID).Result()
		must(t, err)
		gone += int(found)
	}
	repaired := s.client.Stats().Repaired
	s.watchWrites(t, "entries without a record", func(ctx context.Context) error {
		left, err := ids(ctx, q)
		if err == nil && left != before-gone {
			err = fmt.Errorf("%d ids, want %d", left, before-gone)
		}
		return err
	})
	if got := s.client.Stats().Repaired - repaired; got != int64(gone) {
		t.Errorf("%d entries were removed, want %d", got, gone)
	}
}
