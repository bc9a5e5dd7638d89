package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/redisgen/redisgen/repo/tframex"
)

// flowView is what is shown of a run.
type flowView struct {
	ID     string     `json:"id"`
	Status string     `json:"status"`
	Output string     `json:"output,omitempty"`
	Error  string     `json:"error,omitempty"`
	Steps  []stepView `json:"steps"`
}

type stepView struct {
	Name   string `json:"name"`
	Status string `json:"status"`
}

func viewOfStep(step *tframex.FlowStep) stepView { return stepView{step.StepName, step.Status} }

// getFlow answers with a run and its steps.
func (s *service) getFlow(w http.ResponseWriter, r *http.Request, _ *caller) error {
	run, err := s.store.Flows.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	steps, err := s.store.StepsOf(run.ID).Page(r.Context())
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, flowView{
		run.ID, string(run.Status), text(run.FinalOutput), text(run.ErrorMessage), views(steps.Items, viewOfStep),
	})
	return nil
}

// failAbandoned ends the runs of programs that have ended before them: those that began so
// long ago that nobody can be at them.
func (s *service) failAbandoned(ctx context.Context) error {
	fields := tframex.FlowExecutionFields
	abandoned := s.store.Flows.Where(
		fields.FlowName.Eq(flowName),
		fields.Status.In(tframex.FlowPending, tframex.FlowRunning),
		fields.StartedAt.Lt(time.Now().Add(-2*s.answerTimeout)),
	)
	for run, err := range abandoned.All(ctx) {
		if err != nil {
			return err
		}
		outcome := tframex.FlowOutcome{ErrorMessage: new("the program has ended before the answer")}
		_, err = s.store.SetFlowStatus(ctx, run.ID, tframex.FlowFailed, outcome)
		if err != nil && !errors.Is(err, tframex.ErrTransition) { // which somebody else was first with
			return err
		}
	}
	return nil
}
