// Package entityline has entity directives that do not follow the grammar.
package entityline

// A has no name.
//
//redisgen:entity
type A struct {
	ID string `redis:"id,key"`
}

// B has a name that is not allowed.
//
//redisgen:entity Bees
type B struct {
	ID string `redis:"id,key"`
}

// C has durations that are not.
//
//redisgen:entity c ttl=30d
type C struct {
	ID string `redis:"id,key"`
}

// D has too fine a duration.
//
//redisgen:entity d ttl=10us
type D struct {
	ID string `redis:"id,key"`
}

// E has a wrong value everywhere.
//
//redisgen:entity e shards=0 in= events=kafka sliding=true
type E struct {
	ID string `redis:"id,key"`
}

// F slides without a TTL.
//
//redisgen:entity f ttl sliding
type F struct {
	ID string `redis:"id,key"`
}

// G repeats itself.
//
//redisgen:entity g ttl=1h ttl=2h
type G struct {
	ID string `redis:"id,key"`
}

// H has an option that is none.
//
//redisgen:entity h tll=1h expire
type H struct {
	ID string `redis:"id,key"`
}

// I cannot have both.
//
//redisgen:entity i in=H shards=4
type I struct {
	ID string `redis:"id,key"`
}
