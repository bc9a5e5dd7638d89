// Package enums has enums of one and of several entities.
package enums

import (
	"time"

	"github.com/redisgen/redisgen/gen/testdata/enums/color"
)

// Status is used by two entities.
type Status string

// The statuses, one of them under two names.
const (
	StatusOpen    Status = "open"
	StatusClosed  Status = "closed"
	StatusDefault        = StatusOpen
)

// Priority is used by one entity.
type Priority uint8

// The priorities.
const (
	Lowest Priority = iota
	Low
	Normal
	High
	Highest
)

// Order has every use of an enum.
//
//redisgen:entity orders
//redisgen:index Status, Priority order CreatedAt
type Order struct {
	ID        string        `redis:"id,key"`
	Status    Status        `redis:"status,enum,unique"`
	Was       *Status       `redis:"was,enum"`
	Next      Status        `redis:"next,enum,omitempty"`
	Priority  Priority      `redis:"priority,enum"`
	Free      Status        `redis:"free"`
	Color     color.Status  `redis:"color,enum,sort"`
	Backup    *color.Status `redis:"backup,enum,unique=colors"`
	Code      string        `redis:"code,unique=colors"`
	CreatedAt time.Time     `redis:"created_at,created"`
}

// Ticket shares an enum with Order.
//
//redisgen:entity tickets
type Ticket struct {
	ID     string `redis:"id,key"`
	Status Status `redis:"status,enum,index"`
}
