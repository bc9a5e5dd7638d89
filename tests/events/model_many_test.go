package events_test

import (
	"context"
	"errors"

	"github.com/redisgen/redisgen/repo"
)

// several returns a few values with different keys.
func (s *subject[T, K]) several() (list []*T) {
	used := map[K]bool{}
	for range 1 + s.w.rng.IntN(5) {
		if v := s.some(); !used[s.key(v)] {
			used[s.key(v)] = true
			list = append(list, v)
		}
	}
	return list
}

// errorOf returns the error of an item.
func errorOf(err error, i int) error {
	var many *repo.ManyError
	if errors.As(err, &many) {
		return many.Errs[i]
	}
	return err
}

// many does a random operation on several records.
func (s *subject[T, K]) many(ctx context.Context) {
	list, o := s.several(), s.w.lifetime(s.expires)
	if s.query != nil && s.w.chance(3) {
		s.asked(ctx)
		return
	}
	var err error
	switch s.w.rng.IntN(3) {
	case 0:
		err = s.repo.CreateMany(ctx, list, o.options()...)
	case 1:
		err = s.repo.SaveMany(ctx, list, o.options()...)
	case 2:
		keys := make([]K, len(list))
		for i, v := range list {
			keys[i] = s.key(v)
		}
		err = s.repo.DeleteMany(ctx, keys)
		for i, key := range keys {
			s.follow("DeleteMany", key, errorOf(err, i), o, func() { s.deleted(key) })
		}
		return
	}
	for i, v := range list {
		s.follow("many", s.key(v), errorOf(err, i), o, func() { s.wrote(v, o) })
	}
}

// asked patches or deletes what a query finds.
func (s *subject[T, K]) asked(ctx context.Context) {
	q, meets := s.query()
	var keys []K
	for key, r := range s.records {
		if meets(r.value) {
			keys = append(keys, key)
		}
	}
	if s.w.chance(4) {
		progress, err := q.Delete(ctx)
		s.w.note("%s: a query deletes %d: %v", s.name, len(keys), err)
		if errors.Is(err, repo.ErrUncertain) {
			s.settleAll(keys)
			return
		}
		s.w.must(err)
		if progress.Done != int64(len(keys)) {
			s.w.fail("%s: a query has deleted %+v, want %d", s.name, progress, len(keys))
		}
		for _, key := range keys {
			s.deleted(key)
		}
		return
	}
	changes, change := s.patch()
	_, err := q.Patch(ctx, changes...)
	s.w.note("%s: a query patches %d: %v", s.name, len(keys), err)
	if err != nil { // of unique values, some of them
		s.settleAll(keys)
		return
	}
	for _, key := range keys {
		s.wrote(s.patched(key, change), lifetime{})
	}
}

// settleAll finds out what has become of the records that a query has found.
func (s *subject[T, K]) settleAll(keys []K) {
	for _, key := range keys {
		s.settle(key, lifetime{})
	}
}

// batched adds an operation to a batch; the function follows its result.
func (s *subject[T, K]) batched(b *repo.Batch) func() {
	v := s.some()
	key, o := s.key(v), s.w.lifetime(s.expires)
	in := s.repo.In(b)
	switch s.w.rng.IntN(5) {
	case 0:
		r := in.Create(v, o.options()...)
		return func() { s.follow("batch Create", key, r.Err, o, func() { s.wrote(v, o) }) }
	case 1, 2:
		r := in.Save(v, o.options()...)
		return func() { s.follow("batch Save", key, r.Err, o, func() { s.wrote(v, o) }) }
	case 3:
		changes, change := s.patch()
		r := in.Patch(key, changes...)
		return func() {
			s.follow("batch Patch", key, r.Err, lifetime{}, func() { s.wrote(s.patched(key, change), lifetime{}) })
		}
	default:
		r := in.Delete(key)
		return func() { s.follow("batch Delete", key, r.Err, o, func() { s.deleted(key) }) }
	}
}

// inTx adds a write to a transaction that fits; the first function follows it, the second
// finds out whether it was carried out.
func (s *subject[T, K]) inTx(tx *repo.Tx, fits func(*T) bool) (done, settle func(), err error) {
	v := s.some()
	for !fits(v) {
		v = s.some()
	}
	key, o := s.key(v), s.w.lifetime(s.expires)
	settle = func() { s.settle(key, o) }
	patched := func() { s.settle(key, lifetime{}) }
	in := s.repo.InTx(tx)
	s.w.note("  %s %q", s.name, s.id(key))
	switch s.w.rng.IntN(5) {
	case 0:
		return func() { s.wrote(v, o) }, settle, in.Create(v, o.options()...)
	case 1:
		return func() { s.wrote(v, o) }, settle, in.Save(v, o.options()...)
	case 2:
		changes, change := s.patch()
		return func() { s.wrote(s.patched(key, change), lifetime{}) }, patched, in.Patch(key, changes...)
	case 3:
		old, err := in.Get(key)
		if errors.Is(err, repo.ErrNotFound) {
			return func() { s.wrote(v, o) }, settle, in.Create(v, o.options()...)
		} else if err != nil {
			return nil, nil, err
		}
		if s.version != nil {
			*s.version(v) = *s.version(old)
		}
		return func() { s.wrote(v, o) }, settle, in.Update(v, o.options()...)
	default:
		return func() { s.deleted(key) }, settle, in.Delete(key)
	}
}
