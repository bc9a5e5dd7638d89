package main

import "time"

//go:generate go tool redisgen generate

// User is a person who can sign in.
//
//redisgen:entity users
//redisgen:index  Status order CreatedAt
type User struct {
	ID        string    `redis:"id,key"`
	Email     string    `redis:"email,unique,fold"`
	Status    Status    `redis:"status,enum"`
	Logins    int64     `redis:"logins"`
	CreatedAt time.Time `redis:"created_at,created"`
	Version   int64     `redis:"version,version"`
}

// Session is a sign-in that ends by itself.
//
//redisgen:entity sessions ttl=30m
type Session struct {
	ID     string `redis:"id,key"`
	UserID string `redis:"user_id,index"`
}

// Status is what a user may do.
type Status string

// The statuses.
const (
	Active  Status = "active"
	Blocked Status = "blocked"
)
