package tframex

import "time"

// AgentExecution is one call of an agent.
//
//redisgen:entity agent_executions
//redisgen:index AgentName order StartedAt
//redisgen:index UserID order StartedAt
//redisgen:index ConversationID order StartedAt
//redisgen:index FlowExecutionID order StartedAt
//redisgen:index Status order StartedAt
type AgentExecution struct {
	ID              string         `redis:"id,key"`            // ID is a UUID.
	UserID          *string        `redis:"user_id"`           // UserID is the user who asked.
	ConversationID  *string        `redis:"conversation_id"`   // ConversationID is the conversation it is part of.
	FlowExecutionID *string        `redis:"flow_execution_id"` // FlowExecutionID is the run of a flow it is part of.
	AgentName       string         `redis:"agent_name"`        // AgentName is the agent called.
	InputMessage    *string        `redis:"input_message"`     // InputMessage is what it was asked.
	OutputMessage   *string        `redis:"output_message"`    // OutputMessage is what it answered.
	ExecutionTimeMS *int64         `redis:"execution_time_ms"` // ExecutionTimeMS is how long it took, in milliseconds.
	ToolCallsCount  int            `redis:"tool_calls_count"`  // ToolCallsCount is how many tools it called.
	Status          string         `redis:"status"`            // Status says how far it is.
	ErrorMessage    *string        `redis:"error_message"`     // ErrorMessage says why it failed.
	StartedAt       time.Time      `redis:"started_at,sort"`   // StartedAt is when it started.
	CompletedAt     *time.Time     `redis:"completed_at"`      // CompletedAt is when it ended.
	Metadata        map[string]any `redis:"metadata"`          // Metadata is what the application adds.
	Extra           *Extra         `redis:"extra"`             // Extra is what a document has beyond these fields.
}

// ToolCall is one call of a tool by an agent.
//
//redisgen:entity tool_calls
//redisgen:index AgentExecutionID order CalledAt
//redisgen:index ToolName order CalledAt
type ToolCall struct {
	ID               string         `redis:"id,key"`             // ID is a UUID.
	AgentExecutionID string         `redis:"agent_execution_id"` // AgentExecutionID is the call of the agent that called the tool.
	ToolName         string         `redis:"tool_name"`          // ToolName is the tool called.
	ToolType         ToolType       `redis:"tool_type,enum"`     // ToolType says what kind of tool it is.
	Arguments        map[string]any `redis:"arguments"`          // Arguments are what it was called with.
	Result           any            `redis:"result"`             // Result is what it returned.
	ExecutionTimeMS  *int64         `redis:"execution_time_ms"`  // ExecutionTimeMS is how long it took, in milliseconds.
	Status           string         `redis:"status"`             // Status says how far it is.
	ErrorMessage     *string        `redis:"error_message"`      // ErrorMessage says why it failed.
	CalledAt         time.Time      `redis:"called_at,sort"`     // CalledAt is when it was called.
	CompletedAt      *time.Time     `redis:"completed_at"`       // CompletedAt is when it returned.
	Extra            *Extra         `redis:"extra"`              // Extra is what a document has beyond these fields.
}

// ToolType says what kind of tool it is.
type ToolType string

// The types of tools.
const (
	ToolNative ToolType = "native" // ToolNative is a function of the application.
	ToolMCP    ToolType = "mcp"    // ToolMCP belongs to a server of the Model Context Protocol.
	ToolAgent  ToolType = "agent"  // ToolAgent is another agent.
)
