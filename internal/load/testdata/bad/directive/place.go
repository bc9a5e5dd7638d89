//redisgen:entity file

// Package directive has directives in wrong places.
package directive

// User has an index, but is no entity.
//
//redisgen:index ID
type User struct {
	ID string `redis:"id,key"`
}

// Spaced has directives that are comments.
//
// redisgen:entity spaced
type Spaced struct {
	ID string `redis:"id,key"`
}

// Twice is declared twice.
//
//redisgen:entity twice
//redisgen:entity thrice
type Twice struct {
	ID string `redis:"id,key"`
}

// Unknown has a directive that nobody knows.
//
//redisgen:entity unknown
//redisgen:indx ID
type Unknown struct {
	ID string `redis:"id,key"`
}

//redisgen:entity detached

// Detached is separated from its directive.
type Detached struct {
	ID string `redis:"id,key"`
}

//redisgen:entity grouped
type (
	// Grouped is in a group of types.
	Grouped struct {
		ID string `redis:"id,key"`
	}
)

//redisgen:entity function
func function() {
	//redisgen:entity local
	type local struct {
		ID string `redis:"id,key"`
	}
}
