// Package composite has index directives that are wrong.
package composite

import "time"

// User has them all.
//
//redisgen:entity users
//redisgen:index
//redisgen:index Status Role
//redisgen:index Status,
//redisgen:index , Status
//redisgen:index Status,, Role
//redisgen:index status
//redisgen:index Stats order CreatedAt
//redisgen:index Ignored
//redisgen:index Status order
//redisgen:index order CreatedAt
//redisgen:index Status, order CreatedAt
//redisgen:index Status order CreatedAt desc
//redisgen:index Status order CreatedAt Age
//redisgen:index Status, Role, Status
//redisgen:index Age order Age
//redisgen:index Status order Role
//redisgen:index Status order Secret
//redisgen:index Secret, Age
//redisgen:index Tags, Status
//redisgen:index Metadata order Age
//redisgen:index Status; Role
//redisgen:index "Status"
type User struct {
	ID        string         `redis:"id,key"`
	Status    string         `redis:"status"`
	Role      string         `redis:"role"`
	Age       int            `redis:"age"`
	Secret    int            `redis:"secret,secret"`
	Tags      []string       `redis:"tags"`
	Metadata  map[string]any `redis:"metadata"`
	CreatedAt time.Time      `redis:"created_at,created"`
	Ignored   string
}
