// Package peers has entities for the queries that the documentation of other
// mappers shows.
package peers

import "time"

//go:generate go run github.com/redisgen/redisgen/cmd/redisgen generate

// Person is the model of zoom's queries: a field of each kind that can be
// indexed, and some that are not.
//
//redisgen:entity people
type Person struct {
	ID      string  `redis:"id,key"`
	Name    string  `redis:"name,sort=lex"`
	Age     int     `redis:"age,sort"`
	Height  float64 `redis:"height,sort"`
	Member  bool    `redis:"member,index"`
	Account int64   `redis:"account,sort=lex"`
	Points  int64   `redis:"points,sort"`
	Partner *string `redis:"partner,sort=lex"`
	Note    string  `redis:"note"`
	Photo   []byte  `redis:"photo"`
}

// User is the model of ohm's queries.
//
//redisgen:entity users
type User struct {
	ID        string    `redis:"id,key"`
	FirstName string    `redis:"fname,sort=lex"`
	LastName  string    `redis:"lname,index"`
	Status    *string   `redis:"status,index"`
	Country   string    `redis:"country,index"`
	Email     string    `redis:"email,unique,omitempty"`
	Provider  string    `redis:"provider,index"`
	Tags      []string  `redis:"tags,index"`
	Votes     int       `redis:"votes,sort"`
	CreatedAt time.Time `redis:"created_at,created,sort"`
}

// Author is the model of ohm's tests of sets that are joined and taken away.
//
//redisgen:entity authors
//redisgen:index Book, Mood
type Author struct {
	ID   string `redis:"id,key"`
	Book string `redis:"book_id,index"`
	Mood string `redis:"mood,index"`
}

// Order is the model of ohm's example of chained conditions.
//
//redisgen:entity orders
type Order struct {
	ID      string `redis:"id,key"`
	User    string `redis:"user_id,index"`
	Product string `redis:"product_id,index"`
	State   string `redis:"state,index"`
}
