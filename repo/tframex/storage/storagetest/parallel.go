package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// together calls f n times at once.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

func parallel(r *run) {
	const workers, each = 8, 5
	for _, table := range []string{things, "conversations"} {
		r.insert(table, doc{"id": id(1), "agent_name": "a"})
		together(workers, func(i int) {
			for n := range each {
				if ok, err := r.s.Update(r.Context(), table, id(1), doc{fmt.Sprint("field", i): n, fmt.Sprint("only", i, n): true}); !ok || err != nil {
					r.Errorf("Update: %v, %v", ok, err)
				}
			}
		})
		want := doc{"id": id(1), "agent_name": "a"}
		for i := range workers {
			want[fmt.Sprint("field", i)] = each - 1
			for n := range each {
				want[fmt.Sprint("only", i, n)] = true
			}
		}
		r.inserted(r.get(table, id(1)), want)

		var deleted atomic.Int64
		together(workers, func(int) {
			ok, err := r.s.Delete(r.Context(), table, id(1))
			if err != nil {
				r.Error(err)
			}
			if ok {
				deleted.Add(1)
			}
		})
		if deleted.Load() != 1 {
			r.Errorf("%d of %d parallel calls of Delete have deleted the document, want 1", deleted.Load(), workers)
		}
	}
}

func parallelInserts(r *run) {
	const workers = 8
	for n, table := range []string{things, things, "permissions"} {
		var stored, winner atomic.Int64
		together(workers, func(i int) {
			switch _, err := r.s.Insert(r.Context(), table, doc{"id": id(n), "by": i}); {
			case err == nil:
				stored.Add(1)
				winner.Store(int64(i))
			case !errors.Is(err, storage.ErrDuplicate):
				r.Error(err)
			}
		})
		if stored.Load() != 1 {
			r.Errorf("%d of %d parallel inserts of one id were stored, want 1", stored.Load(), workers)
		}
		r.inserted(r.get(table, id(n)), doc{"id": id(n), "by": winner.Load()})
	}
	together(workers, func(i int) {
		for n := range 5 {
			if _, err := r.s.Insert(r.Context(), fmt.Sprint("new", n), doc{"by": i}); err != nil {
				r.Error(err)
			}
		}
	})
	for n := range 5 {
		if got := r.count(fmt.Sprint("new", n), nil); got != workers {
			r.Errorf("a table of parallel inserts has %d documents, want %d", got, workers)
		}
	}
}
