package tframex

import "time"

// Conversation is an exchange of messages with an agent.
//
//redisgen:entity conversations
//redisgen:index UserID order CreatedAt
//redisgen:index AgentName order CreatedAt
type Conversation struct {
	ID        string         `redis:"id,key"`                  // ID is a UUID.
	UserID    *string        `redis:"user_id"`                 // UserID is the user who talks.
	AgentName string         `redis:"agent_name"`              // AgentName is the agent that answers.
	Title     *string        `redis:"title"`                   // Title is for people.
	Metadata  map[string]any `redis:"metadata"`                // Metadata is what the application adds.
	CreatedAt time.Time      `redis:"created_at,created,sort"` // CreatedAt is when the conversation began.
	UpdatedAt *time.Time     `redis:"updated_at,updated"`      // UpdatedAt is when the conversation was last changed.
	Extra     *Extra         `redis:"extra"`                   // Extra is what a document has beyond these fields.
}

// Message is one message of a conversation.
//
//redisgen:entity messages in=Conversation
//redisgen:index ConversationID order CreatedAt
type Message struct {
	ID             string           `redis:"id,key"`                  // ID is a UUID.
	ConversationID string           `redis:"conversation_id"`         // ConversationID is the conversation it belongs to.
	Role           MessageRole      `redis:"role,enum"`               // Role is who wrote it.
	Content        *string          `redis:"content"`                 // Content is the text.
	ToolCalls      []map[string]any `redis:"tool_calls"`              // ToolCalls are the calls that the model asks for.
	ToolCallID     *string          `redis:"tool_call_id"`            // ToolCallID is the call that a message of a tool answers.
	Name           *string          `redis:"name"`                    // Name is the name of the writer.
	Metadata       map[string]any   `redis:"metadata"`                // Metadata is what the application adds.
	CreatedAt      time.Time        `redis:"created_at,created,sort"` // CreatedAt is when it was written.
	Extra          *Extra           `redis:"extra"`                   // Extra is what a document has beyond these fields.
}

// MessageRole says who wrote a message.
type MessageRole string

// The roles of messages.
const (
	RoleSystem    MessageRole = "system"    // RoleSystem is the application.
	RoleUser      MessageRole = "user"      // RoleUser is the user.
	RoleAssistant MessageRole = "assistant" // RoleAssistant is the model.
	RoleTool      MessageRole = "tool"      // RoleTool is a tool that the model called.
)
