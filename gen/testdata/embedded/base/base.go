// Package base has fields to embed.
package base

import "time"

// Base has the fields that every record has.
type Base struct {
	ID string `redis:"id,key"`
	stamps
}

type stamps struct {
	CreatedAt time.Time `redis:"created_at,created,sort"`
	Version   int64     `redis:"version,version"`
}
