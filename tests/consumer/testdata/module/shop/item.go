// Package shop has an entity and its repository side by side.
package shop

import "time"

//go:generate go tool redisgen generate

// Item is something to buy.
//
//redisgen:entity items ttl=1h
//redisgen:index  Shelf order Price
type Item struct {
	ID      string    `redis:"id,key"`
	Code    string    `redis:"code,unique,fold"`
	Shelf   string    `redis:"shelf"`
	Price   int64     `redis:"price,sort"`
	Made    time.Time `redis:"made,created,sort"`
	Version int64     `redis:"version,version"`
}

// cheapest is handwritten code that calls generated code, which is not there
// when the generator reads it.
var cheapest = ItemFields.Price.Asc()
