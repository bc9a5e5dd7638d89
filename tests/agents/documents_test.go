package agents

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// The tables of documents: those of entities, and others.
var (
	known   = []string{"events", "metrics", "agent_executions"}
	unknown = []string{"notes", "plans", "board", "drafts"}
	tables  = slices.Concat(known, unknown)
)

// fewDocs are how many documents of a worker there are at least, and most.
const fewDocs, mostDocs = 6, 24

// doc is a document of a worker, who alone changes it.
type doc struct {
	table, id string
	version   map[int64]bool // that it may have
	there     bool           // it surely is
	limbo     bool           // nobody knows whether it is there
}

// check returns what is wrong with a document as it was read; nil: it is not there.
func (k *doc) check(got storage.Document) string {
	switch {
	case got == nil && k.there:
		return "is lost"
	case got == nil:
		return ""
	case !k.there && !k.limbo:
		return "is gone and is there"
	}
	version, _ := got["version"].(int64)
	if !k.version[version] || got["text"] != fmt.Sprint(textOf(k.id), version) || !storage.Equal(got["more"], map[string]any{"of": k.id}) {
		return fmt.Sprintf("is %v, want a version of %v", got, slices.Sorted(maps.Keys(k.version)))
	}
	return ""
}

// document returns a new document of a table, with fields that no entity has.
func (w *worker) document(table, id string) storage.Document {
	got := storage.Document{"id": id, "user_id": w.user, "version": 0, "text": fmt.Sprint(textOf(id), 0), "more": map[string]any{"of": id}}
	own := map[string]storage.Document{
		"events":           {"event_type": "build", "event_source": w.name, "action": "run", "status": "done"},
		"metrics":          {"metric_name": "tokens", "metric_type": "counter", "value": 2.5, "timestamp": storage.FormatTime(time.Now())},
		"agent_executions": {"agent_name": "helper", "status": "running", "started_at": storage.FormatTime(time.Now())},
	}[table]
	maps.Copy(got, own)
	return got
}

// insert inserts a document, or some at a time.
func (w *worker) insert() {
	if len(w.docs) >= mostDocs {
		return
	}
	table := pick(w, tables)
	if w.random.IntN(4) > 0 {
		id := w.next()
		c, _ := w.call("insert", func(ctx context.Context) error {
			_, err := w.storage.Insert(ctx, table, w.document(table, id))
			return err
		})
		w.inserted(table, id, c.what)
		return
	}
	var list []storage.Document
	var ids []string
	for range 3 {
		ids = append(ids, w.next())
		list = append(list, w.document(table, ids[len(ids)-1]))
	}
	var each []error
	w.call("insert many", func(ctx context.Context) error {
		_, err := w.storage.BulkInsert(ctx, table, list)
		each = eachError(len(list), err)
		return err
	})
	for i, err := range each {
		what, _ := outcomeOf(err)
		w.inserted(table, ids[i], what)
	}
}

func (w *worker) inserted(table, id string, what outcome) {
	w.docs = append(w.docs, &doc{table, id, map[int64]bool{0: true}, what == good, what != good && what != refused})
}

// eachError returns the error of each of n that were written together.
func eachError(n int, err error) []error {
	if many, ok := errors.AsType[*repo.ManyError](err); ok && len(many.Errs) == n {
		return many.Errs
	}
	if bulk, ok := errors.AsType[*storage.BulkError](err); ok {
		return bulk.Errs
	}
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// own returns one of the worker's documents that is there.
func (w *worker) ownDoc() *doc {
	return pick(w, slices.DeleteFunc(slices.Clone(w.docs), func(k *doc) bool { return !k.there }))
}

// update makes the next version of a document.
func (w *worker) update() {
	k := w.ownDoc()
	if k == nil {
		return
	}
	next := 1 + slices.Max(slices.Collect(maps.Keys(k.version)))
	found := false
	c, _ := w.call("update", func(ctx context.Context) (err error) {
		found, err = w.storage.Update(ctx, k.table, k.id, storage.Document{"version": next, "text": fmt.Sprint(textOf(k.id), next)})
		return err
	})
	switch {
	case c.what == good && !found:
		w.t.Errorf("document %s of %s is lost", k.id, k.table)
	case c.what == good:
		k.version = map[int64]bool{next: true}
	case c.maybe():
		k.version[next] = true
	}
}

// get reads a document, also one that is gone.
func (w *worker) get() {
	k := pick(w, w.docs)
	if k == nil {
		return
	}
	var got storage.Document
	_, err := w.call("get", func(ctx context.Context) (err error) { got, err = w.storage.Get(ctx, k.table, k.id); return err }, storage.ErrNotFound)
	if err == nil || errors.Is(err, storage.ErrNotFound) {
		w.checkDoc(k, got)
	}
}

func (w *world) checkDoc(k *doc, got storage.Document) {
	w.t.Helper()
	if problem := k.check(got); problem != "" {
		w.t.Errorf("document %s of %s %s", k.id, k.table, problem)
	}
}

// selectDocuments selects and counts the worker's documents of a table, in order.
func (w *worker) selectDocuments() {
	table, filter := pick(w, tables), storage.Filter{"user_id": w.user}
	if w.random.IntN(2) == 0 { // by what no index has
		filter = storage.Filter{"user_id": w.user, "version": map[string]any{"$gte": 0}}
	}
	var got []storage.Document
	_, err := w.call("select", func(ctx context.Context) (err error) {
		got, err = w.storage.Select(ctx, table, storage.Query{Filter: filter, OrderBy: "id"})
		return err
	})
	if err != nil {
		return
	}
	there := map[string]storage.Document{}
	for i, d := range got {
		there[d["id"].(string)] = d
		if i > 0 && storage.Compare(got[i-1]["id"], d["id"]) >= 0 {
			w.t.Errorf("%s: %v comes behind %v", table, d["id"], got[i-1]["id"])
		}
	}
	low, high := w.checkOwn(table, there)
	var n int64
	_, err = w.call("count", func(ctx context.Context) (err error) { n, err = w.storage.Count(ctx, table, filter); return err })
	if err == nil && (n < low || n > high) {
		w.t.Errorf("%s has %d documents of %s, want %d to %d", table, n, w.name, low, high)
	}
}

// checkOwn compares documents of the worker with what it knows, and returns how many of the
// table there are at least and at most.
func (w *worker) checkOwn(table string, there map[string]storage.Document) (low, high int64) {
	for _, k := range w.docs {
		if k.table != table {
			continue
		}
		w.checkDoc(k, there[k.id])
		delete(there, k.id)
		if k.there {
			low++
		}
		if k.there || k.limbo {
			high++
		}
	}
	for id := range there {
		w.t.Errorf("%s: nobody has inserted %s", table, id)
	}
	return low, high
}

// delete deletes a document.
func (w *worker) delete() {
	k := w.ownDoc()
	if k == nil || len(w.docs) < fewDocs {
		return
	}
	found := false
	c, _ := w.call("delete", func(ctx context.Context) (err error) { found, err = w.storage.Delete(ctx, k.table, k.id); return err })
	if c.what == good && !found {
		w.t.Errorf("document %s of %s is lost", k.id, k.table)
	}
	if c.what != refused {
		k.there, k.limbo = false, c.what != good
	}
}

// checkDocuments compares all documents with what is known of them, and takes them for that
// from then.
func (w *world) checkDocuments() {
	w.t.Helper()
	want := map[string]int{}
	for _, one := range w.workers {
		var left []*doc
		for _, k := range one.docs {
			var got storage.Document
			w.calm("get", func(ctx context.Context) (err error) { got, err = w.storage.Get(ctx, k.table, k.id); return err }, storage.ErrNotFound)
			if w.checkDoc(k, got); got == nil {
				continue
			}
			version, _ := got["version"].(int64)
			k.there, k.limbo, k.version = true, false, map[int64]bool{version: true}
			left = append(left, k)
			want[k.table]++
		}
		one.docs = left
	}
	for _, table := range tables {
		w.counts("documents of "+table, want[table], func(ctx context.Context) (int64, error) { return w.storage.Count(ctx, table, nil) })
	}
}
