// Package base has structs to embed.
package base

import "time"

// Times is embedded in another package.
type Times struct {
	CreatedAt time.Time `redis:"created_at,created"`
	UpdatedAt string    `json:"updated" redis:"updated_at,updated"`
	Typo      string    `json:"typo"    redis:"typo,secrt"`
}
