package tframex

import "time"

// FlowExecution is one run of a flow.
//
//redisgen:entity flows
//redisgen:index Status order StartedAt
//redisgen:index FlowName order StartedAt
//redisgen:index UserID order StartedAt
type FlowExecution struct {
	ID           string         `redis:"id,key"`          // ID is a UUID.
	UserID       *string        `redis:"user_id"`         // UserID is the user who started it.
	FlowName     string         `redis:"flow_name"`       // FlowName is the flow that runs.
	Status       FlowStatus     `redis:"status,enum"`     // Status says how far it is.
	InitialInput *string        `redis:"initial_input"`   // InitialInput is what it started with.
	FinalOutput  *string        `redis:"final_output"`    // FinalOutput is what it ended with.
	StartedAt    time.Time      `redis:"started_at,sort"` // StartedAt is when it started.
	CompletedAt  *time.Time     `redis:"completed_at"`    // CompletedAt is when it ended.
	ErrorMessage *string        `redis:"error_message"`   // ErrorMessage says why it failed.
	Metadata     map[string]any `redis:"metadata"`        // Metadata is what the application adds.
	Extra        *Extra         `redis:"extra"`           // Extra is what a document has beyond these fields.
}

// FlowStatus says how far a run is.
type FlowStatus string

// The statuses of runs.
const (
	FlowPending   FlowStatus = "pending"   // FlowPending has not started.
	FlowRunning   FlowStatus = "running"   // FlowRunning has started and not ended.
	FlowSuccess   FlowStatus = "success"   // FlowSuccess has ended well.
	FlowFailed    FlowStatus = "failed"    // FlowFailed has ended with an error.
	FlowCancelled FlowStatus = "cancelled" // FlowCancelled was stopped.
)

// FlowStep is one step of the run of a flow.
//
//redisgen:entity flow_steps
//redisgen:index ExecutionID order StepOrder
type FlowStep struct {
	ID           string     `redis:"id,key"`        // ID is a UUID.
	ExecutionID  string     `redis:"execution_id"`  // ExecutionID is the run it belongs to.
	StepName     string     `redis:"step_name"`     // StepName is the name of the step in the flow.
	StepType     string     `redis:"step_type"`     // StepType says what kind of step it is.
	StepOrder    int        `redis:"step_order"`    // StepOrder is its place in the run, from 0.
	InputData    any        `redis:"input_data"`    // InputData is what it started with.
	OutputData   any        `redis:"output_data"`   // OutputData is what it ended with.
	Status       string     `redis:"status"`        // Status says how far it is.
	StartedAt    *time.Time `redis:"started_at"`    // StartedAt is when it started.
	CompletedAt  *time.Time `redis:"completed_at"`  // CompletedAt is when it ended.
	ErrorMessage *string    `redis:"error_message"` // ErrorMessage says why it failed.
	Extra        *Extra     `redis:"extra"`         // Extra is what a document has beyond these fields.
}
