// Package structtag has struct tags that Go cannot read, and so would ignore.
package structtag

// User has them all.
//
//redisgen:entity users
type User struct {
	ID      string `redis:"id,key"`
	Space   string `redis: "space"`
	Quotes  string `redis:quotes`
	Open    string `json:"open" redis:"open`
	Comma   string `json:"comma", redis:"comma"`
	Twice   string `redis:"twice" json:"twice" redis:"again"`
	private string `redis:"private"`
}
