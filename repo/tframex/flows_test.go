package tframex_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
)

func TestFlows(t *testing.T) {
	bubble(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		ctx := t.Context()
		f := &tframex.FlowExecution{FlowName: "report", UserID: new("ann"), Status: tframex.FlowPending}
		must(t, s.StartFlow(ctx, f))
		time.Sleep(time.Minute) // it waits for its turn
		change, err := s.SetFlowStatus(ctx, f.ID, tframex.FlowRunning, tframex.FlowOutcome{})
		must(t, err)
		if change.From != tframex.FlowPending || change.Duration != 0 || !change.Flow.StartedAt.Equal(f.StartedAt.Add(time.Minute)) {
			t.Errorf("started: %+v", change)
		}
		time.Sleep(3 * time.Second)
		change, err = s.SetFlowStatus(ctx, f.ID, tframex.FlowFailed, tframex.FlowOutcome{FinalOutput: new("half"), ErrorMessage: new("no paper")})
		must(t, err)
		got, err := s.Flows.Get(ctx, f.ID)
		must(t, err)
		if change.From != tframex.FlowRunning || change.Duration != 3*time.Second || got.CompletedAt.Sub(got.StartedAt) != 3*time.Second {
			t.Errorf("ended: %+v, %+v", change, got)
		}
		if got.Status != tframex.FlowFailed || *got.FinalOutput != "half" || *got.ErrorMessage != "no paper" {
			t.Errorf("stored %+v", got)
		}
		_, err = s.SetFlowStatus(ctx, "nobody", tframex.FlowRunning, tframex.FlowOutcome{})
		wantError(t, err, repo.ErrNotFound)
		wantError(t, s.StartFlow(ctx, &tframex.FlowExecution{FlowName: "x", Status: tframex.FlowSuccess}), tframex.ErrTransition)
	})
}

func TestTransitions(t *testing.T) {
	all := []tframex.FlowStatus{tframex.FlowPending, tframex.FlowRunning, tframex.FlowSuccess, tframex.FlowFailed, tframex.FlowCancelled}
	allowed := map[tframex.FlowStatus]string{tframex.FlowPending: "running failed cancelled", tframex.FlowRunning: "success failed cancelled"}
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		for _, from := range all {
			if ended := allowed[from] == ""; tframex.Ended(from) != ended {
				t.Errorf("Ended(%s) = %v", from, !ended)
			}
			for _, to := range all {
				f := &tframex.FlowExecution{FlowName: "f", Status: from, StartedAt: time.Now()}
				must(t, s.Flows.Create(t.Context(), f))
				_, err := s.SetFlowStatus(t.Context(), f.ID, to, tframex.FlowOutcome{})
				var refused *tframex.TransitionError
				switch may := containsWord(allowed[from], string(to)); {
				case may && err != nil:
					t.Errorf("%s to %s: %v", from, to, err)
				case !may && (!errors.As(err, &refused) || refused.From != from || refused.To != to || !errors.Is(err, tframex.ErrTransition)):
					t.Errorf("%s to %s: %v, want it refused", from, to, err)
				}
			}
		}
	})
}

func containsWord(words, word string) bool {
	var a, b, c string
	_, _ = fmt.Sscan(words, &a, &b, &c)
	return word == a || word == b || word == c
}

// Of many who end a run one succeeds, and what it says is stored.
func TestFlowEndsOnce(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		f := &tframex.FlowExecution{FlowName: "f"}
		must(t, s.StartFlow(t.Context(), f))
		ends := []tframex.FlowStatus{tframex.FlowSuccess, tframex.FlowFailed, tframex.FlowCancelled}
		var mu sync.Mutex
		var won []string
		var all sync.WaitGroup
		for i := range 9 {
			all.Go(func() {
				output := fmt.Sprint(i)
				_, err := s.SetFlowStatus(t.Context(), f.ID, ends[i%3], tframex.FlowOutcome{FinalOutput: &output})
				if err == nil {
					mu.Lock()
					won = append(won, output)
					mu.Unlock()
				} else if !errors.Is(err, tframex.ErrTransition) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got, err := s.Flows.Get(t.Context(), f.ID)
		must(t, err)
		if len(won) != 1 || *got.FinalOutput != won[0] {
			t.Errorf("%v ended it, stored is %s", won, *got.FinalOutput)
		}
	})
}

func TestFlowQueries(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		ctx := t.Context()
		var last string
		for i := range 3 {
			f := &tframex.FlowExecution{FlowName: "report", UserID: new("ann"), StartedAt: time.Now().Add(time.Duration(i) * time.Second)}
			must(t, s.StartFlow(ctx, f))
			last = f.ID
		}
		must(t, s.StartFlow(ctx, &tframex.FlowExecution{FlowName: "other", Status: tframex.FlowPending}))
		for name, q := range map[string]*repo.Query[*tframex.FlowExecution, string]{
			"status": s.FlowsByStatus(tframex.FlowRunning), "name": s.FlowsByName("report"), "user": s.FlowsOfUser("ann"),
		} {
			page, err := q.Page(ctx)
			if err != nil || len(page.Items) != 3 || page.Items[0].ID != last {
				t.Errorf("by %s: %+v, %v", name, page.Items, err)
			}
		}
		for _, order := range []int{2, 0, 1} {
			must(t, s.FlowSteps.Create(ctx, &tframex.FlowStep{ExecutionID: last, StepName: fmt.Sprint(order), StepOrder: order}))
		}
		at := 0
		for step, err := range s.StepsOf(last).All(ctx) {
			if must(t, err); step.StepOrder != at {
				t.Errorf("step %d is %+v", at, step)
			}
			at++
		}
		if at != 3 {
			t.Errorf("%d steps", at)
		}
	})
}

func TestExecutions(t *testing.T) {
	bubble(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		ctx := t.Context()
		e := &tframex.AgentExecution{AgentName: "helper", UserID: new("ann"), ConversationID: new("c"), FlowExecutionID: new("f")}
		must(t, s.BeginExecution(ctx, e))
		for range 2 {
			call := &tframex.ToolCall{AgentExecutionID: e.ID, ToolName: "search", ToolType: tframex.ToolNative}
			must(t, s.BeginToolCall(ctx, call))
			time.Sleep(250 * time.Millisecond)
			done, err := s.FinishToolCall(ctx, call.ID, tframex.Outcome{Result: map[string]any{"hits": 3.0}})
			must(t, err)
			if *done.ExecutionTimeMS != 250 || done.Status != tframex.StatusSuccess || done.Result.(map[string]any)["hits"] != 3.0 {
				t.Errorf("call: %+v", done)
			}
			_, err = s.FinishToolCall(ctx, call.ID, tframex.Outcome{})
			wantError(t, err, tframex.ErrTransition)
		}
		done, err := s.FinishExecution(ctx, e.ID, tframex.Outcome{Error: new("too slow"), Output: new("half")})
		must(t, err)
		if *done.ExecutionTimeMS != 500 || done.ToolCallsCount != 2 || done.Status != tframex.StatusFailed || *done.ErrorMessage != "too slow" || *done.OutputMessage != "half" {
			t.Errorf("execution: %+v", done)
		}
		_, err = s.FinishExecution(ctx, e.ID, tframex.Outcome{Status: "timeout"})
		wantError(t, err, tframex.ErrTransition)
		must(t, s.BeginToolCall(ctx, &tframex.ToolCall{AgentExecutionID: "gone", ToolName: "search", ToolType: tframex.ToolNative}))
		wantError(t, s.BeginToolCall(ctx, &tframex.ToolCall{AgentExecutionID: e.ID, ToolName: "search", ToolType: "none"}), repo.ErrEnum)

		for name, q := range map[string]*repo.Query[*tframex.AgentExecution, string]{
			"agent": s.ExecutionsOfAgent("helper"), "user": s.ExecutionsOfUser("ann"), "conversation": s.ExecutionsOfConversation("c"), "flow": s.ExecutionsOfFlow("f"),
		} {
			if one, err := q.One(ctx); err != nil || one.ID != e.ID {
				t.Errorf("of the %s: %+v, %v", name, one, err)
			}
		}
		if n, err := s.ToolCallsOf(e.ID).Count(ctx); n != 2 || err != nil {
			t.Errorf("%d calls of the execution, %v", n, err)
		}
		if n, err := s.ToolCallsByName("search").Count(ctx); n != 3 || err != nil {
			t.Errorf("%d calls of the tool, %v", n, err)
		}
	})
}
