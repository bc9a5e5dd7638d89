// Package indexes has indexes that do not fit the types of their fields.
package indexes

import (
	"net/url"
	"time"
)

// User has them all.
//
//redisgen:entity users
type User struct {
	ID       string            `redis:"id,key"`
	Tags     []string          `redis:"tags,unique"`
	Labels   []string          `redis:"labels,sort"`
	Words    []string          `redis:"words,sort=lex"`
	Floats   []float64         `redis:"floats,index"`
	Pointers []*string         `redis:"pointers,index"`
	Metadata map[string]string `redis:"metadata,index"`
	Address  Address           `redis:"address,unique"`
	Page     url.URL           `redis:"page,index"`
	Name     string            `redis:"name,sort"`
	Data     []byte            `redis:"data,sort"`
	Active   bool              `redis:"active,sort"`
	Score    float64           `redis:"score,sort=lex"`
	Wait     *time.Duration    `redis:"wait,sort=lex"`
	Grouped  []string          `redis:"grouped,index=group"`
	Other    string            `redis:"other,index=group"`
	Alone    string            `redis:"alone,unique=lonely"`
	Token    string            `redis:"token,secret,unique"`
	Pin      string            `redis:"pin,index,secret"`
	Salary   int               `redis:"salary,sort,secret"`
}

// Address is stored as JSON.
type Address struct{ Street string }
