// Package tagsyntax has tags that do not follow the grammar.
package tagsyntax

// User has them all.
//
//redisgen:entity users
type User struct {
	ID       string `redis:"id,key"`
	Unknown  string `redis:"unknown,uniqe"`
	Strange  string `redis:"strange,wobble"`
	Empty    string `redis:"empty,,secret"`
	Trailing string `redis:"trailing,"`
	Spaced   string `json:"spaced" redis:"spaced, secret"`
	Nameless string `redis:",secret"`
	Name     string `redis:"first name"`
	Digit    string `redis:"1st"`
	Twice    string `redis:"twice,secret,secret"`
	NoValue  string `redis:"no_value,ref"`
	Value    string `redis:"value,secret=true"`
	Sort     string `redis:"sort,sort=desc"`
	Group    string `redis:"group,unique="`
	Both     int    `redis:"both,sort,sort=lex"`
	Delete   string `redis:"delete,ref=User,ondelete=ignore"`
	Escaped  string "redis:\"esc\x61ped,\u0073ecrets\""
}
