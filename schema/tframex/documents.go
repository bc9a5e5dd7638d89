package tframex

import (
	"encoding/json"
	"time"
)

// Document is a record of a table that has no entity of its own.
//
//redisgen:entity documents
//redisgen:index Table order CreatedAt
type Document struct {
	Table     string     `redis:"table,key"`               // Table is the name of the table.
	ID        string     `redis:"id,key"`                  // ID is that of the record in its table.
	Data      string     `redis:"data"`                    // Data is the record, a JSON object.
	CreatedAt time.Time  `redis:"created_at,created,sort"` // CreatedAt is when the record was made.
	UpdatedAt *time.Time `redis:"updated_at,updated"`      // UpdatedAt is when the record was last changed.
}

// Table is a table that was created, whether it has records or not.
//
//redisgen:entity tables
type Table struct {
	Name      string    `redis:"name,key"`                // Name is the name of the table.
	Schema    *string   `redis:"schema"`                  // Schema is what it was created with, a JSON object.
	CreatedAt time.Time `redis:"created_at,created,sort"` // CreatedAt is when it was created.
}

// TempData is a value that is kept for a while, five minutes if nothing else is said.
//
//redisgen:entity temp_data ttl=5m
type TempData struct {
	Key       string    `redis:"key,key"`            // Key is what the value is found by.
	Value     string    `redis:"value"`              // Value is JSON.
	ExpiresAt time.Time `redis:"expires_at,expires"` // ExpiresAt is when it is gone.
}

// Extra is what a document has that the fields of its entity do not hold.
type Extra struct {
	// Fields are those that the entity does not have.
	Fields map[string]json.RawMessage `json:"fields,omitempty"`
	// Given are values of the entity's fields that were written in another form, such as
	// a number as text or a time with a zone.
	Given map[string]Given `json:"given,omitempty"`
}

// Given is a value as it was written. It stands for the field's value as long as that is
// As; once the field has changed, it counts no more.
type Given struct {
	Value json.RawMessage `json:"value,omitempty"` // Value is what the document has; left out: it does not have the field.
	As    json.RawMessage `json:"as"`              // As is the value of the field that it was stored as.
}
