// Package places has entities that are placed in all the ways there are.
package places

import "time"

// Account is one of many, unique by values that are claimed in other shards.
//
//redisgen:entity accounts shards=16
type Account struct {
	ID        string    `redis:"id,key"`
	Email     *string   `redis:"email,unique"`
	Name      string    `redis:"name,unique,fold,omitempty"`
	TenantID  string    `redis:"tenant_id,unique=slug"`
	Slug      *string   `redis:"slug,unique=slug"`
	Status    string    `redis:"status,index"`
	Age       int       `redis:"age,sort"`
	Tags      []string  `redis:"tags,index"`
	Visits    int64     `redis:"visits"`
	CreatedAt time.Time `redis:"created_at,created,sort"`
	Version   int64     `redis:"version,version"`
}

// Conversation holds messages in its shard.
//
//redisgen:entity conversations shards=16
//redisgen:index UserID order CreatedAt
type Conversation struct {
	ID        string    `redis:"id,key"`
	UserID    string    `redis:"user_id"`
	Title     string    `redis:"title"`
	Slug      *string   `redis:"slug,unique"`
	CreatedAt time.Time `redis:"created_at,created,sort"`
}

// Message goes with its conversation.
//
//redisgen:entity messages in=Conversation
//redisgen:index ConversationID order CreatedAt
type Message struct {
	ConversationID string    `redis:"conversation_id,key,shard,ref=Conversation,ondelete=cascade"`
	ID             string    `redis:"id,key"`
	Role           string    `redis:"role,index"`
	Text           string    `redis:"text"`
	External       *string   `redis:"external,unique"`
	CreatedAt      time.Time `redis:"created_at,created"`
}

// Attachment keeps its conversation from being deleted.
//
//redisgen:entity attachments in=Conversation
//redisgen:index ConversationID
type Attachment struct {
	ConversationID string `redis:"conversation_id,key,shard,ref=Conversation,ondelete=restrict"`
	Name           string `redis:"name,key"`
	Size           int64  `redis:"size,sort"`
}

// Ticket expires, and with it its claim in another shard.
//
//redisgen:entity tickets shards=4 ttl=1h
type Ticket struct {
	ID    string `redis:"id,key"`
	Code  string `redis:"code,unique,omitempty"`
	State string `redis:"state,index"`
	Uses  int64  `redis:"uses"`
}

// Invoice is placed by a part of its key, which makes its reference unique
// within a shard.
//
//redisgen:entity invoices shards=16
type Invoice struct {
	TenantID  string  `redis:"tenant_id,key,shard,unique=reference"`
	Number    int64   `redis:"number,key"`
	Reference *string `redis:"reference,unique=reference"`
	Cents     int64   `redis:"cents,sort"`
	State     string  `redis:"state,index"`
}

// Ledger holds entries in its one shard.
//
//redisgen:entity ledgers
type Ledger struct {
	ID   string `redis:"id,key"`
	Name string `redis:"name,unique"`
}

// Entry goes with its ledger, and can be corrected by others, which keep it.
//
//redisgen:entity entries in=Ledger
type Entry struct {
	ID       string  `redis:"id,key"`
	LedgerID string  `redis:"ledger_id,index,ref=Ledger,ondelete=cascade"`
	Corrects *string `redis:"corrects,index,ref=Entry"`
	Cents    int64   `redis:"cents,sort"`
}
