package repo

import (
	"context"
	"sync"
)

// writeStep is how many records one script call writes at most; more gain
// nothing.
const writeStep = 100

// CreateMany stores new records, each as Create does, and each whole or not at
// all. If some fail, the error is a [*ManyError] that says which. One round
// trip for a hundred records.
func (r *Repository[T, K]) CreateMany(ctx context.Context, list []*T, opts ...WriteOption) error {
	return r.writeMany(ctx, "CreateMany", opCreate, list, opts)
}

// SaveMany stores records, each as Save does, and each whole or not at all. If
// some fail, the error is a [*ManyError] that says which. One round trip for a
// hundred records.
func (r *Repository[T, K]) SaveMany(ctx context.Context, list []*T, opts ...WriteOption) error {
	return r.writeMany(ctx, "SaveMany", opSave, list, opts)
}

// DeleteMany removes records, each as Delete does. If some fail, [ErrNotFound]
// among other reasons, the error is a [*ManyError] that says which. One round
// trip for a hundred records.
func (r *Repository[T, K]) DeleteMany(ctx context.Context, keys []K, opts ...WriteOption) error {
	return r.many(ctx, opDelete, len(keys), collect(opts), func(i int) (*prepared[T], error) {
		return r.prepareKey("DeleteMany", keys[i])
	})
}

func (r *Repository[T, K]) writeMany(ctx context.Context, name string, op operation, list []*T, opts []WriteOption) error {
	o := collect(opts)
	return r.many(ctx, op, len(list), o, func(i int) (*prepared[T], error) {
		return r.prepare(name, op, list[i], o)
	})
}

// many writes n records. Records of one id are written in their order.
func (r *Repository[T, K]) many(ctx context.Context, op operation, n int, o writeOptions, prepare func(int) (*prepared[T], error)) error {
	errs := make([]error, n)
	workers := make(chan struct{}, max(1, o.parallel))
	var running sync.WaitGroup
	ids := make(map[string]bool, n) // under way
	for from := 0; from < n; {
		var chunk []*prepared[T]
		var at []int
		for ; from < n && len(chunk) < writeStep; from++ {
			p, err := prepare(from)
			if err != nil {
				errs[from] = err
				continue
			}
			if ids[p.id] {
				break // it waits until the one before is written
			}
			ids[p.id] = true
			chunk, at = append(chunk, p), append(at, from)
		}
		again := from < n && len(chunk) < writeStep
		if len(chunk) > 0 {
			workers <- struct{}{}
			running.Go(func() {
				defer func() { <-workers }()
				for i, err := range r.sendMany(ctx, op, chunk) {
					errs[at[i]] = err
				}
			})
		}
		if again {
			running.Wait()
			clear(ids)
		}
	}
	running.Wait()
	return manyError(errs)
}

// sendMany sends the writes of records with different ids in one call.
func (r *Repository[T, K]) sendMany(ctx context.Context, op operation, list []*prepared[T]) []error {
	rows := make([]*rowWrite, len(list))
	for i, p := range list {
		rows[i] = &p.rowWrite
	}
	reply, err := r.client.do(ctx, r.client.writeCall(r.info, op, rows))
	if err == nil {
		return r.finish(reply, list)
	}
	errs := make([]error, len(list))
	for i, p := range list {
		errs[i] = r.info.recordError(p.name, p.id, err)
	}
	return errs
}
