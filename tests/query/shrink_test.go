package query

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// shrink looks for a smaller question, and fewer records, that fail too, and returns what is wrong then.
func (w *world) shrink(q *question, failure error) error {
	deadline := time.Now().Add(15 * time.Second)
	for smaller := true; smaller; {
		smaller = false
		for _, s := range q.smaller() {
			if err := w.ask(s); err != nil && time.Now().Before(deadline) {
				q, failure, smaller = s, err, true
				break
			}
		}
	}
	if w.store.advance == nil {
		failure = w.fewer(q, failure, deadline)
	}
	return fmt.Errorf("%v\n%w\n%v\n%s", q, failure, w.entity, w.dump())
}

// smaller returns questions with less in them.
func (q *question) smaller() []*question {
	var list []*question
	with := func(change func(q *question)) {
		s := *q
		s.where = slices.Clone(q.where)
		change(&s)
		list = append(list, &s)
	}
	for i, c := range q.where {
		with(func(q *question) { q.where = slices.Delete(q.where, i, i+1) })
		for _, s := range c.smaller() {
			with(func(q *question) { q.where[i] = s })
		}
	}
	if q.order != nil {
		with(func(q *question) { q.order = nil })
	}
	return list
}

// fewer leaves out records that the question does not need to fail.
func (w *world) fewer(q *question, failure error, deadline time.Time) error {
	for size := len(w.records) / 2; size > 0; size /= 2 {
		for chunk := range slices.Chunk(slices.Sorted(maps.Keys(w.records)), size) {
			if time.Now().After(deadline) {
				return failure
			}
			var out []*record
			for _, id := range chunk {
				out = append(out, w.records[id])
				delete(w.records, id)
			}
			if err := w.repo.DeleteMany(w.ctx, chunk); err != nil {
				return fmt.Errorf("%w (and when leaving out records: %v)", failure, err)
			}
			if err := w.ask(q); err != nil {
				failure = err
				continue
			}
			for _, r := range out {
				w.records[r.id] = r
			}
			if err := w.repo.SaveMany(w.ctx, out); err != nil {
				return fmt.Errorf("%w (and when putting records back: %v)", failure, err)
			}
		}
	}
	return failure
}
