package tframex

import (
	"context"
	"errors"
	"fmt"

	"github.com/redisgen/redisgen/repo"
)

// The statuses that executions and calls get here. Others can be given; those that have a
// CompletedAt are over.
const (
	StatusRunning = "running"
	StatusSuccess = "success"
	StatusFailed  = "failed"
)

// Outcome is what an execution or a call of a tool ends with.
type Outcome struct {
	// Status is the last one. Default: failed, if there is an Error, else success.
	Status string
	// Output is what an agent has answered.
	Output *string
	// Result is what a tool has returned: whatever encoding/json takes.
	Result any
	// Error says why it failed.
	Error *string
}

func (o Outcome) status() string {
	switch {
	case o.Status != "":
		return o.Status
	case o.Error != nil:
		return StatusFailed
	}
	return StatusSuccess
}

// BeginExecution stores a new call of an agent: running, and started now, unless e says
// otherwise. One round trip.
func (s *Store) BeginExecution(ctx context.Context, e *AgentExecution) error {
	if e.Status == "" {
		e.Status = StatusRunning
	}
	if err := s.orNow(ctx, &e.StartedAt); err != nil {
		return err
	}
	return s.AgentExecutions.Create(ctx, e)
}

// FinishExecution ends a call of an agent, and returns it as stored, with CompletedAt and
// ExecutionTimeMS. [ErrTransition] if it has ended before: of several who end it one
// succeeds. Two round trips.
func (s *Store) FinishExecution(ctx context.Context, id string, o Outcome) (*AgentExecution, error) {
	now, err := s.clock.now(ctx)
	if err != nil {
		return nil, err
	}
	return s.AgentExecutions.Mutate(ctx, id, func(e *AgentExecution) error {
		if e.CompletedAt != nil {
			return fmt.Errorf("tframex: agent execution %q has ended: %w", id, ErrTransition)
		}
		end := latest(now, e.StartedAt)
		e.Status, e.CompletedAt, e.ExecutionTimeMS = o.status(), &end, new(end.Sub(e.StartedAt).Milliseconds())
		if o.Output != nil {
			e.OutputMessage = o.Output
		}
		e.ErrorMessage = o.Error
		return nil
	})
}

// BeginToolCall stores a new call of a tool: running, and called now, unless c says
// otherwise; and counts it in the execution that it belongs to, if that is there. One
// round trip.
func (s *Store) BeginToolCall(ctx context.Context, c *ToolCall) error {
	if c.Status == "" {
		c.Status = StatusRunning
	}
	if err := s.orNow(ctx, &c.CalledAt); err != nil {
		return err
	}
	batch := s.client.Batch()
	created := s.ToolCalls.In(batch).Create(c)
	counted := s.AgentExecutions.In(batch).Patch(c.AgentExecutionID, AgentExecutionFields.ToolCallsCount.Add(1))
	_ = batch.Run(ctx) // what failed is below
	if created.Err != nil || errors.Is(counted.Err, repo.ErrNotFound) {
		return created.Err
	}
	return counted.Err
}

// FinishToolCall ends a call of a tool, and returns it as stored, with CompletedAt and
// ExecutionTimeMS. [ErrTransition] if it has ended before. Two round trips.
func (s *Store) FinishToolCall(ctx context.Context, id string, o Outcome) (*ToolCall, error) {
	now, err := s.clock.now(ctx)
	if err != nil {
		return nil, err
	}
	return s.ToolCalls.Mutate(ctx, id, func(c *ToolCall) error {
		if c.CompletedAt != nil {
			return fmt.Errorf("tframex: tool call %q has ended: %w", id, ErrTransition)
		}
		end := latest(now, c.CalledAt)
		c.Status, c.CompletedAt, c.ExecutionTimeMS = o.status(), &end, new(end.Sub(c.CalledAt).Milliseconds())
		c.Result, c.ErrorMessage = o.Result, o.Error
		return nil
	})
}

// ExecutionsOfAgent returns the query for the calls of an agent, last first.
func (s *Store) ExecutionsOfAgent(agent string) *repo.Query[*AgentExecution, string] {
	return newest(s.AgentExecutions.Where(AgentExecutionFields.AgentName.Eq(agent)), AgentExecutionFields.StartedAt)
}

// ExecutionsOfUser returns the query for the calls of agents by a user, last first.
func (s *Store) ExecutionsOfUser(userID string) *repo.Query[*AgentExecution, string] {
	return newest(s.AgentExecutions.Where(AgentExecutionFields.UserID.Eq(userID)), AgentExecutionFields.StartedAt)
}

// ExecutionsOfConversation returns the query for the calls of agents in a conversation, in
// order.
func (s *Store) ExecutionsOfConversation(conversationID string) *repo.Query[*AgentExecution, string] {
	return s.AgentExecutions.Where(AgentExecutionFields.ConversationID.Eq(conversationID)).OrderBy(AgentExecutionFields.StartedAt.Asc())
}

// ExecutionsOfFlow returns the query for the calls of agents in the run of a flow, in order.
func (s *Store) ExecutionsOfFlow(flowID string) *repo.Query[*AgentExecution, string] {
	return s.AgentExecutions.Where(AgentExecutionFields.FlowExecutionID.Eq(flowID)).OrderBy(AgentExecutionFields.StartedAt.Asc())
}

// ToolCallsOf returns the query for the calls of tools by an execution, in order.
func (s *Store) ToolCallsOf(executionID string) *repo.Query[*ToolCall, string] {
	return s.ToolCalls.Where(ToolCallFields.AgentExecutionID.Eq(executionID)).OrderBy(ToolCallFields.CalledAt.Asc())
}

// ToolCallsByName returns the query for the calls of a tool, last first.
func (s *Store) ToolCallsByName(tool string) *repo.Query[*ToolCall, string] {
	return newest(s.ToolCalls.Where(ToolCallFields.ToolName.Eq(tool)), ToolCallFields.CalledAt)
}
