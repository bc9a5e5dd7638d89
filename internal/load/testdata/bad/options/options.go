// Package options has options that do not go with the type or each other.
package options

import (
	"log/slog"
	"time"
)

// User has them all.
//
//redisgen:entity users
type User struct {
	ID     string         `redis:"id,key"`
	Fold   int            `redis:"fold,index,fold"`
	Lower  string         `redis:"lower,fold"`
	Delete string         `redis:"delete,ondelete=cascade"`
	Plain  string         `redis:"plain,enum"`
	Empty  Nothing        `redis:"empty,enum"`
	Float  Ratio          `redis:"float,enum"`
	Level  slog.Level     `redis:"level,enum"`
	Day    *time.Time     `redis:"day,enum"`
	Map    map[string]any `redis:"map,omitempty"`
	Parts  Parts          `redis:"parts,omitempty"`
}

// Nothing has no constants.
type Nothing string

// Ratio is no integer.
type Ratio float64

// Half is a Ratio.
const Half Ratio = 0.5

// Parts cannot be compared.
type Parts struct{ List []string }
