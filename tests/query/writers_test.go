package query

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/redisgen/redisgen/repo"
)

// While others write, a record that stays as it is comes once in every walk, where it belongs.
func TestEmbeddedWriters(t *testing.T) {
	t.Parallel()
	amongWriters(t, embedded(t), *queriesFlag/90)
}

func TestRedisWriters(t *testing.T) {
	t.Parallel()
	amongWriters(t, realServer(t), *queriesFlag/20)
}

// amongWriters asks n questions while records come, change and go.
func amongWriters(t *testing.T, s *store, n int) {
	const each = 40
	for seed := firstSeed(t); n > 0; n -= each {
		rng := rand.New(rand.NewPCG(seed, 0))
		w, err := newWorld(t.Context(), s, rng, fmt.Sprintf("%d:", seed))
		if err == nil {
			err = w.walkAmongWriters(min(n, each), w.randomQuestion)
			w.close()
		}
		if err != nil {
			t.Fatalf("repeat with -run '^%s$' -seed %d\n%v", t.Name(), seed, err)
		}
		seed++
	}
}

// Thousands of records have one place in the order.
func TestEmbeddedTies(t *testing.T) {
	t.Parallel()
	amongTies(t, embedded(t), 500)
}

func TestRedisTies(t *testing.T) {
	t.Parallel()
	amongTies(t, realServer(t), 3000)
}

func amongTies(t *testing.T, s *store, n int) {
	e := begin("things")
	flag := shape{typ: boolKind.typ, make: of(boolKind)}
	used := []shape{keyShape, flag, flag, {typ: smallValues.typ, make: of(smallValues)}}
	for i, options := range []string{",key", ",index", "", ",sort"} {
		e.addField(used[i], false, options)
	}
	e.addIndex("F1 order F3")
	seed := firstSeed(t)
	rng := rand.New(rand.NewPCG(seed, 0))
	e.complete(rng, used)
	number := e.columns[2].(*scalar[int8])
	number.pool, number.kind.values = []int8{7}, []int8{7, 7, 7, 7, 7, 7, 7, 7, 6, 8}
	w, err := populate(t.Context(), s, rng, "ties:", e, n)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	err = w.walkAmongWriters(12, func(rng *rand.Rand) *question {
		q := &question{order: number, desc: chance(rng, 2), limit: pick(rng, 50, 97, 300)}
		if chance(rng, 2) {
			q.where = []*condition{e.columns[0].condition(rng)}
		}
		return q
	})
	if err != nil {
		t.Fatalf("repeat with -run '^%s$' -seed %d\n%v", t.Name(), seed, err)
	}
}

// walkAmongWriters has two readers ask n questions, as two writers write records that are not in the map.
func (w *world) walkAmongWriters(n int, question func(*rand.Rand) *question) error {
	ctx, stop := context.WithCancel(w.ctx)
	defer stop()
	var writers, readers sync.WaitGroup
	errs := make(chan error, 4)
	for i := range 2 {
		writer, reader := *w, *w
		writer.rng = rand.New(rand.NewPCG(w.rng.Uint64(), 1))
		reader.rng = rand.New(rand.NewPCG(w.rng.Uint64(), 2))
		writers.Go(func() { errs <- writer.write(ctx, i) })
		readers.Go(func() {
			for range n / 2 {
				q := question(reader.rng)
				if err := reader.walk(q); err != nil && !unanswerable(q, err) {
					errs <- fmt.Errorf("%v: %w\n%v", q, err, w.entity)
					return
				}
			}
		})
	}
	readers.Wait()
	stop()
	writers.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// write creates, changes and deletes records of its own, and changes what no index has of the others, until the end.
func (w *world) write(ctx context.Context, number int) error {
	for ctx.Err() == nil {
		r := w.someRecord(fmt.Sprintf("%s|%d|%d", pick(w.rng, words[:20]...), number, w.rng.IntN(40)))
		c := pick(w.rng, w.entity.columns...)
		_, change := c.change(w.rng)
		var err error
		switch w.rng.IntN(6) {
		case 0:
			err = w.repo.Delete(ctx, r.id)
		case 1, 2:
			err = w.repo.Patch(ctx, r.id, change)
		case 3:
			if id := w.someID(); id != "" && !c.self().indexed() {
				err = w.repo.Patch(ctx, id, change)
			}
		default:
			err = w.repo.Save(ctx, r)
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, repo.ErrNotFound) && !errors.Is(err, repo.ErrUnique) {
			return err
		}
	}
	return nil
}

// walk goes through what a query finds: forward and back by pages, or all at once.
func (w *world) walk(q *question) error {
	query, want := w.query(q).Limit(q.limit), w.answer(q)
	switch w.rng.IntN(4) {
	case 0:
		list, err := collect(w.query(q).All(w.ctx))
		return w.stayed(q, "All", ids(list), want, err)
	case 1:
		list, err := collect(w.query(q).IDs(w.ctx))
		return w.stayed(q, "IDs", list, want, err)
	}
	var seen []string
	var page repo.Page[*record]
	for cursor, n := "", 0; n == 0 || cursor != ""; n++ {
		var err error
		if page, err = query.After(cursor).Page(w.ctx); err != nil {
			return err
		}
		seen = append(seen, ids(page.Items)...)
		cursor = page.Next
	}
	if err := w.stayed(q, "forward", seen, want, nil); err != nil {
		return err
	}
	seen = ids(page.Items)
	for page.Prev != "" {
		var err error
		if page, err = query.Before(page.Prev).Page(w.ctx); err != nil {
			return err
		}
		seen = append(ids(page.Items), seen...)
	}
	return w.stayed(q, "back", seen, want, nil)
}

// stayed compares what was seen of the records in the map with what there is.
func (w *world) stayed(q *question, how string, seen []string, want []*record, err error) error {
	if err != nil {
		return err
	}
	seen = slices.DeleteFunc(seen, func(id string) bool { return w.records[id] == nil })
	if err := sameIDs(q, seen, ids(want), len(want)); err != nil {
		return fmt.Errorf("%s: %w", how, err)
	}
	return nil
}
