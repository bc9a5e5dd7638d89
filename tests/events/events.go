// Package events has entities whose changes are told.
package events

import "time"

//go:generate go run github.com/redisgen/redisgen/cmd/redisgen generate

// Job is told by a stream.
//
//redisgen:entity jobs ttl events=stream
type Job struct {
	ID      string    `redis:"id,key"`
	Queue   string    `redis:"queue,index,event"`
	Name    *string   `redis:"name,unique"`
	Cost    int64     `redis:"cost,sort"`
	Tried   int       `redis:"tried,omitempty"`
	Labels  []string  `redis:"labels,index"`
	Token   string    `redis:"token,secret"`
	Until   time.Time `redis:"until,expires"`
	Version int64     `redis:"version,version"`
	Updated time.Time `redis:"updated,updated"`
}

// Note is told by messages.
//
//redisgen:entity notes events=pubsub
type Note struct {
	ID   string `redis:"id,key"`
	Text string `redis:"text,event"`
}

// Task is told by streams of several shards.
//
//redisgen:entity tasks shards=8 retry events=stream,maxlen=100000
type Task struct {
	Owner   string    `redis:"owner,key,shard"`
	ID      int64     `redis:"id,key"`
	Title   string    `redis:"title,index,event"`
	Code    *string   `redis:"code,unique"`
	Version int64     `redis:"version,version"`
	Created time.Time `redis:"created,created"`
}

// Step goes with its task; it expires and is told by streams in the shards of tasks.
//
//redisgen:entity steps in=Task ttl=1h events=stream
type Step struct {
	Owner  string `redis:"owner,key,shard"`
	TaskID int64  `redis:"task_id,key"`
	ID     string `redis:"id,key"`
	State  string `redis:"state,index,event"`
}

// Tree has records that go with others of it.
//
//redisgen:entity trees events=stream
type Tree struct {
	ID     string  `redis:"id,key"`
	Parent *string `redis:"parent,index,ref=Tree,event"`
}

// Leaf goes with its tree.
//
//redisgen:entity leaves in=Tree events=stream
type Leaf struct {
	ID     string `redis:"id,key"`
	TreeID string `redis:"tree_id,index,ref=Tree,ondelete=cascade,event"`
	Color  string `redis:"color,event"`
}

// Alert is told by messages of several shards.
//
//redisgen:entity alerts shards=4 events=pubsub
type Alert struct {
	ID      string    `redis:"id,key"`
	Level   int       `redis:"level,index,event"`
	Text    string    `redis:"text"`
	Version int64     `redis:"version,version"`
	Updated time.Time `redis:"updated,updated"`
}
