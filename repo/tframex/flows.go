package tframex

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redisgen/redisgen/repo"
)

// ErrTransition: the run of a flow, or an execution, is not in a status from which it can
// go to that one; the error of a flow is a [*TransitionError].
var ErrTransition = errors.New("no such change of status")

// TransitionError tells which change of a flow's status was refused.
type TransitionError struct {
	FlowID   string
	From, To FlowStatus
}

func (e *TransitionError) Error() string {
	return fmt.Sprintf("tframex: flow %q is %s and cannot become %s", e.FlowID, e.From, e.To)
}

// Is reports whether target is [ErrTransition].
func (e *TransitionError) Is(target error) bool { return target == ErrTransition }

// transitions are the statuses that each can become; of those that are not here, none.
var transitions = map[FlowStatus][]FlowStatus{
	FlowPending: {FlowRunning, FlowFailed, FlowCancelled},
	FlowRunning: {FlowSuccess, FlowFailed, FlowCancelled},
}

// Ended tells whether the run of a flow with the status is over.
func Ended(status FlowStatus) bool { return status != "" && len(transitions[status]) == 0 }

// StartFlow stores a new run: running, or pending if f says so, started now unless f says
// when. It sets ID, Status and StartedAt. [ErrTransition] for any other status;
// [repo.ErrExists] if there is a run with its ID. One round trip.
func (s *Store) StartFlow(ctx context.Context, f *FlowExecution) error {
	switch f.Status {
	case "":
		f.Status = FlowRunning
	case FlowPending, FlowRunning:
	default:
		return &TransitionError{FlowID: f.ID, To: f.Status}
	}
	if err := s.orNow(ctx, &f.StartedAt); err != nil {
		return err
	}
	return s.Flows.Create(ctx, f)
}

// FlowOutcome is what a run ends with; nil leaves what is stored.
type FlowOutcome struct {
	FinalOutput  *string
	ErrorMessage *string
}

// FlowChange is a status that was set.
type FlowChange struct {
	Flow *FlowExecution // as stored
	From FlowStatus
	// Duration is how long the run took; 0 unless it has ended.
	Duration time.Duration
}

// SetFlowStatus changes the status of a run, and stores an outcome with it: from pending to
// running, failed or cancelled, from running to success, failed or cancelled. Any other
// change, also to the status that it has, is a [*TransitionError]: of several who end a
// run at the same time one succeeds. [repo.ErrNotFound] if there is no such run.
//
// A run that begins to run gets a new StartedAt; one that ends gets CompletedAt. Two round
// trips if nobody interferes, and one to publish the change, with StoreOptions.Notify.
func (s *Store) SetFlowStatus(ctx context.Context, flowID string, to FlowStatus, outcome FlowOutcome) (FlowChange, error) {
	now, err := s.clock.now(ctx)
	if err != nil {
		return FlowChange{}, err
	}
	var change FlowChange
	change.Flow, err = s.Flows.Mutate(ctx, flowID, func(f *FlowExecution) error {
		change.From = f.Status
		return become(f, to, now, outcome)
	})
	if err != nil {
		return FlowChange{}, err
	}
	if done := change.Flow.CompletedAt; Ended(to) && done != nil {
		change.Duration = done.Sub(change.Flow.StartedAt)
	}
	s.publishStatus(ctx, FlowNotice{FlowID: flowID, From: change.From, To: to, At: now, Duration: change.Duration})
	return change, nil
}

// become changes a run, if it can.
func become(f *FlowExecution, to FlowStatus, now time.Time, outcome FlowOutcome) error {
	if !slices.Contains(transitions[f.Status], to) {
		return &TransitionError{FlowID: f.ID, From: f.Status, To: to}
	}
	if f.Status = to; to == FlowRunning {
		f.StartedAt = now
	} else {
		f.CompletedAt = new(latest(now, f.StartedAt))
	}
	if outcome.FinalOutput != nil {
		f.FinalOutput = outcome.FinalOutput
	}
	if outcome.ErrorMessage != nil {
		f.ErrorMessage = outcome.ErrorMessage
	}
	return nil
}

// latest returns the later of two times: nothing ends before it began.
func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// orNow sets a time that is not set.
func (s *Store) orNow(ctx context.Context, t *time.Time) (err error) {
	if t.IsZero() {
		*t, err = s.clock.now(ctx)
	}
	return err
}

// FlowsByStatus returns the query for the runs with a status, started last first.
func (s *Store) FlowsByStatus(status FlowStatus) *repo.Query[*FlowExecution, string] {
	return newest(s.Flows.Where(FlowExecutionFields.Status.Eq(status)), FlowExecutionFields.StartedAt)
}

// FlowsByName returns the query for the runs of a flow, started last first.
func (s *Store) FlowsByName(name string) *repo.Query[*FlowExecution, string] {
	return newest(s.Flows.Where(FlowExecutionFields.FlowName.Eq(name)), FlowExecutionFields.StartedAt)
}

// FlowsOfUser returns the query for the runs that a user has started, last first.
func (s *Store) FlowsOfUser(userID string) *repo.Query[*FlowExecution, string] {
	return newest(s.Flows.Where(FlowExecutionFields.UserID.Eq(userID)), FlowExecutionFields.StartedAt)
}

// StepsOf returns the query for the steps of a run, in order. FlowSteps stores them.
func (s *Store) StepsOf(flowID string) *repo.Query[*FlowStep, string] {
	return s.FlowSteps.Where(FlowStepFields.ExecutionID.Eq(flowID)).OrderBy(FlowStepFields.StepOrder.Asc())
}
