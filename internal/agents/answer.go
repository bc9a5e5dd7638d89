package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo/tframex"
)

// agent answers a question, of which history are the last messages. This is where a model
// is called.
type agent func(ctx context.Context, question string, history []*tframex.Message) (string, error)

// countWords is an agent that needs no model.
func countWords(_ context.Context, question string, _ []*tframex.Message) (string, error) {
	n := len(strings.Fields(question))
	if n == 1 {
		return "You wrote 1 word.", nil
	}
	return fmt.Sprintf("You wrote %d words.", n), nil
}

// flowName is the flow of which each answer is a run.
const flowName = "answer"

// prepare stores a run that answers a question, pending.
func (s *service) prepare(ctx context.Context, c *caller, conversation, question string) (*tframex.FlowExecution, error) {
	run := &tframex.FlowExecution{
		FlowName: flowName, Status: tframex.FlowPending, UserID: &c.User.ID, InitialInput: &question,
		Metadata: map[string]any{"conversation": conversation},
	}
	return run, s.store.StartFlow(ctx, run)
}

// answer has the agent answer, step by step, and appends what it says.
func (s *service) answer(run *tframex.FlowExecution, conversation string) {
	ctx, cancel := context.WithTimeout(s.working, s.answerTimeout)
	defer cancel()
	if _, err := s.store.SetFlowStatus(ctx, run.ID, tframex.FlowRunning, tframex.FlowOutcome{}); err != nil {
		s.finish(run, "", err)
		return
	}
	var history []*tframex.Message
	var said string
	steps := []struct {
		name string
		do   func() (any, error)
	}{
		{"recall", func() (_ any, err error) {
			history, err = s.store.LastMessages(ctx, conversation, 20)
			return nil, err
		}},
		{"think", func() (_ any, err error) {
			said, err = s.think(ctx, run, conversation, history)
			return said, err
		}},
		{"say", func() (any, error) {
			return nil, s.store.Append(ctx, conversation, newMessage(tframex.RoleAssistant, said, run))
		}},
	}
	for i, step := range steps {
		if err := s.step(ctx, run, i, step.name, step.do); err != nil {
			s.finish(run, "", err)
			return
		}
	}
	s.finish(run, said, nil)
}

// step does a step of a run, and stores how it went.
func (s *service) step(ctx context.Context, run *tframex.FlowExecution, i int, name string, do func() (any, error)) error {
	step := &tframex.FlowStep{
		ExecutionID: run.ID, StepOrder: i, StepName: name, StepType: "function",
		Status: tframex.StatusRunning, StartedAt: new(time.Now()),
	}
	if err := s.store.FlowSteps.Create(ctx, step); err != nil {
		return err
	}
	output, err := do()
	step.Status, step.OutputData, step.CompletedAt = tframex.StatusSuccess, output, new(time.Now())
	if err != nil {
		step.Status, step.ErrorMessage = tframex.StatusFailed, new(err.Error())
	}
	ctx, cancel := s.lastWords(ctx)
	defer cancel()
	return errors.Join(err, s.store.FlowSteps.Update(ctx, step))
}

// think calls the agent, and stores that it was.
func (s *service) think(ctx context.Context, run *tframex.FlowExecution, conversation string, history []*tframex.Message) (string, error) {
	call := &tframex.AgentExecution{
		AgentName: agentName, UserID: run.UserID, ConversationID: &conversation, FlowExecutionID: &run.ID, InputMessage: run.InitialInput,
	}
	if err := s.store.BeginExecution(ctx, call); err != nil {
		return "", err
	}
	said, err := s.agent(ctx, *run.InitialInput, history)
	outcome := tframex.Outcome{Output: &said}
	if err != nil {
		outcome = tframex.Outcome{Error: new(err.Error())}
	}
	ctx, cancel := s.lastWords(ctx)
	defer cancel()
	_, stored := s.store.FinishExecution(ctx, call.ID, outcome)
	return said, errors.Join(err, stored)
}

// lastWords returns a context in which to store how something ended, even if it ended
// because its own is over.
func (s *service) lastWords(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
}

// finish ends a run, with what was said or why nothing was.
func (s *service) finish(run *tframex.FlowExecution, said string, err error) {
	status, outcome := tframex.FlowSuccess, tframex.FlowOutcome{FinalOutput: &said}
	if err != nil {
		status, outcome = tframex.FlowFailed, tframex.FlowOutcome{ErrorMessage: new(err.Error())}
	}
	ctx, cancel := s.lastWords(s.working)
	defer cancel()
	if _, err := s.store.SetFlowStatus(ctx, run.ID, status, outcome); err != nil {
		slog.Error("the end of a flow is not stored", "flow", run.ID, "status", status, "error", err)
	}
}
