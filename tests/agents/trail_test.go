package agents

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
)

// logged is an entry of the audit trail.
type logged struct {
	call
	id       string
	resource string
}

// trail is what a worker has logged, in order.
type trail []logged

// entry is one as it was read.
type entry struct {
	id string
	at time.Time
}

// checkTrail compares entries, newest first, of which the reading began at a time, with
// what one worker has logged.
func checkTrail(calls trail, got []entry, began time.Time) (problems []string) {
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	at := map[string]time.Time{}
	for i, e := range got {
		if _, twice := at[e.id]; twice {
			add("entry %s is there twice", e.id)
		}
		at[e.id] = e.at
		if i > 0 && e.at.After(got[i-1].at) {
			add("entry %s comes behind an older one", e.id)
		}
	}
	var last logged
	for _, l := range calls {
		t, there := at[l.id]
		delete(at, l.id)
		switch {
		case there && l.what == refused:
			add("entry %s was refused and is there", l.id)
		case !there && l.before(began):
			add("entry %s is lost", l.id)
		case !there || l.what != good:
			continue
		}
		if last.id != "" && t.Before(last.began) {
			add("entry %s is of %v, and %s, which was logged before, of %v", l.id, t, last.id, last.began)
		}
		last.id, last.began = l.id, t
	}
	for id := range at {
		add("nobody has logged entry %s", id)
	}
	return problems
}

// log logs one entry or some.
func (w *worker) log() {
	var entries []*tframex.AuditLog
	resource := fmt.Sprint("tool", w.random.IntN(3))
	for range 1 + max(0, w.random.IntN(8)-4) {
		entries = append(entries, &tframex.AuditLog{
			ID: w.next(), UserID: &w.user, Action: "call", EventType: new("agent"), Resource: &resource, Outcome: new("done"), Details: map[string]any{"by": w.name},
		})
	}
	var each []error
	c, _ := w.call("log", func(ctx context.Context) error {
		err := w.store.Log(ctx, entries...)
		each = eachError(len(entries), err)
		return err
	})
	for i, e := range entries {
		one := c
		one.what, _ = outcomeOf(each[i])
		w.trail = append(w.trail, logged{one, e.ID, resource})
	}
}

// audit reads what the worker has logged of one resource.
func (w *worker) audit() {
	resource := fmt.Sprint("tool", w.random.IntN(3))
	var got []entry
	c, err := w.call("audit", func(ctx context.Context) error {
		page, err := w.store.AuditTrail(tframex.AuditFilter{UserID: w.user, Resource: resource}).Limit(250).Page(ctx)
		got = entries(page.Items)
		return err
	})
	if err == nil && len(got) < 250 {
		own := slices.DeleteFunc(slices.Clone(w.trail), func(l logged) bool { return l.resource != resource })
		w.problems("the audit trail of "+w.name, checkTrail(own, got, c.began))
	}
}

func entries(list []*tframex.AuditLog) (all []entry) {
	for _, e := range list {
		all = append(all, entry{e.ID, e.CreatedAt})
	}
	return all
}

// checkTrails compares the audit trail with what was logged, and deletes it.
func (w *world) checkTrails() {
	w.t.Helper()
	sum := 0
	for _, one := range w.workers {
		got := entries(list(w, "audit trail", func() *repo.Query[*tframex.AuditLog, string] {
			return w.store.AuditTrail(tframex.AuditFilter{UserID: one.user})
		}))
		w.problems("the audit trail of "+one.name, checkTrail(one.trail, got, time.Now()))
		sum += len(got)
		one.trail = nil
	}
	w.counts("entries", sum, w.store.AuditLogs.Where().Count)
	w.calm("delete entries", func(ctx context.Context) error {
		_, err := w.store.DeleteAuditBefore(ctx, time.Now().Add(time.Hour))
		return err
	})
	w.counts("entries", 0, w.store.AuditLogs.Where().Count)
}
