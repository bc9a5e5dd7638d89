package agents

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
)

// change is a change of a status, or an attempt at one.
type change struct {
	call
	to tframex.FlowStatus
}

// flow is a run of a flow, and what was done with it.
type flow struct {
	id, user string

	mu      sync.Mutex
	made    change
	changes []change
}

// flows are all of them.
type flows struct {
	mu  sync.Mutex
	all []*flow
}

// checkFlow returns what is wrong with the status that a run has in the end; "" if it is not
// there.
func checkFlow(from change, changes []change, got tframex.FlowStatus) (problems []string) {
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if got == "" {
		if from.what == good {
			add("it is lost")
		}
		return problems
	}
	if from.what == refused {
		add("it was refused and is there")
	}
	var sure []tframex.FlowStatus
	may := []tframex.FlowStatus{from.to}
	running := 0
	for _, c := range changes {
		switch {
		case c.what == good && tframex.Ended(c.to):
			sure = append(sure, c.to)
		case c.what == good:
			running++
			may = []tframex.FlowStatus{c.to}
		}
	}
	for _, c := range changes {
		if c.maybe() {
			may = append(may, c.to)
		}
	}
	if len(sure) > 1 || running > 1 {
		add("it has ended %d times, %v, and begun to run %d times", len(sure), sure, running)
	}
	if len(sure) > 0 {
		may = sure[:1]
	}
	if !slices.Contains(may, got) {
		add("it is %s, want %v", got, may)
	}
	return problems
}

// startFlow starts a run, or has it wait.
func (w *worker) startFlow() {
	f := &flow{id: w.next(), user: w.user}
	status := []tframex.FlowStatus{tframex.FlowPending, tframex.FlowRunning}[w.random.IntN(2)]
	c, _ := w.call("start flow", func(ctx context.Context) error {
		return w.store.StartFlow(ctx, &tframex.FlowExecution{ID: f.id, UserID: &w.user, FlowName: "report", Status: status})
	})
	f.made = change{c, status}
	if c.what != refused {
		w.flows.mu.Lock()
		defer w.flows.mu.Unlock()
		w.flows.all = append(w.flows.all, f)
	}
}

// changeFlow changes the status of a run of anybody: of those that were started last, so
// that several do it at the same time.
func (w *worker) changeFlow() {
	w.flows.mu.Lock()
	f := pick(w, w.flows.all[max(0, len(w.flows.all)-20):])
	w.flows.mu.Unlock()
	if f == nil {
		return
	}
	to := pick(w, []tframex.FlowStatus{tframex.FlowRunning, tframex.FlowRunning, tframex.FlowSuccess, tframex.FlowFailed, tframex.FlowCancelled})
	var got tframex.FlowChange
	c, err := w.call("change flow", func(ctx context.Context) (err error) {
		got, err = w.store.SetFlowStatus(ctx, f.id, to, tframex.FlowOutcome{FinalOutput: new(textOf(f.id))})
		return err
	}, repo.ErrNotFound, tframex.ErrTransition)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case errors.Is(err, repo.ErrNotFound):
		if f.made.what == good {
			w.t.Errorf("flow %s is lost", f.id)
		}
		return
	case errors.Is(err, tframex.ErrTransition):
		return
	case err == nil && (got.Flow.ID != f.id || got.Flow.Status != to || got.Duration < 0 || tframex.Ended(to) != (got.Flow.CompletedAt != nil)):
		w.t.Errorf("flow %s has become %s: %v", f.id, to, got)
	}
	f.changes = append(f.changes, change{c, to})
}

// listFlows lists the runs with a status. One that changes while they are read may be listed
// with the next one, see [repo.Config.RoundTrip].
func (w *worker) listFlows() {
	status := pick(w, []tframex.FlowStatus{tframex.FlowRunning, tframex.FlowSuccess})
	var got []*tframex.FlowExecution
	_, err := w.call("list flows", func(ctx context.Context) error {
		page, err := w.store.FlowsByStatus(status).Limit(20).Page(ctx)
		got = page.Items
		return err
	})
	for i, f := range got {
		is := f.Status == status || status == tframex.FlowRunning && tframex.Ended(f.Status)
		if err == nil && (!is || i > 0 && f.StartedAt.After(got[i-1].StartedAt)) {
			w.t.Errorf("flow %s is %s, started %v; asked for %s", f.ID, f.Status, f.StartedAt, status)
		}
	}
}

// checkFlows compares all runs with what was done with them, and deletes them.
func (w *world) checkFlows() {
	w.t.Helper()
	there := map[string]*tframex.FlowExecution{}
	for _, f := range list(w, "flows", func() *repo.Query[*tframex.FlowExecution, string] { return w.store.FlowsByName("report") }) {
		there[f.ID] = f
	}
	w.counts("flows", len(there), w.store.Flows.Where().Count)
	for _, f := range w.flows.all {
		var status tframex.FlowStatus
		if got := there[f.id]; got != nil {
			status = got.Status
			if ended := got.CompletedAt; tframex.Ended(status) != (ended != nil) || ended != nil && ended.Sub(got.StartedAt) > time.Hour {
				w.t.Errorf("flow %s is %s, started %v, completed %v", f.id, status, got.StartedAt, ended)
			}
		}
		w.problems("flow "+f.id, checkFlow(f.made, f.changes, status))
		delete(there, f.id)
	}
	for id := range there {
		w.t.Errorf("flow %s was refused and is there", id)
	}
	w.flows.all = nil
	w.calm("delete flows", func(ctx context.Context) error {
		_, err := w.store.FlowsByName("report").Delete(ctx)
		return err
	})
	w.counts("flows", 0, w.store.Flows.Where().Count)
}
