// Package bench measures repositories beside programs written by hand on go-redis that do the same work.
package bench

//go:generate go run github.com/redisgen/redisgen/cmd/redisgen generate

// Account is the record that the benchmarks read and write. Its text has 200
// bytes.
//
//redisgen:entity accounts
type Account struct {
	ID     string `redis:"id,key"`
	Email  string `redis:"email,unique"`
	Status string `redis:"status,index"`
	Score  int64  `redis:"score,sort"`
	Text   string `redis:"text"`
	Visits int64  `redis:"visits"`
	Active bool   `redis:"active"`
}

// Member is an account that an index in the order of its visits finds, for the
// benchmarks of queries.
//
//redisgen:entity members
//redisgen:index Status order Visits
type Member struct {
	Account
}
