// Package events has change events that cannot be told.
package events

// Silent tells of nothing.
//
//redisgen:entity silents
type Silent struct {
	ID   string `redis:"id,key"`
	Name string `redis:"name,event"`
}

// Loud would tell a secret.
//
//redisgen:entity louds events=stream,maxlen=100
type Loud struct {
	ID    string `redis:"id,key"`
	Token string `redis:"token,secret,event"`
}

// Long has no such length.
//
//redisgen:entity longs events=stream,maxlen=0
type Long struct {
	ID string `redis:"id,key"`
}

// Short keeps no messages.
//
//redisgen:entity shorts events=pubsub,maxlen=10
type Short struct {
	ID string `redis:"id,key"`
}

// Odd has another option.
//
//redisgen:entity odds events=stream,minlen=10
type Odd struct {
	ID string `redis:"id,key"`
}
