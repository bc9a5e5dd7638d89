// Package notstruct has entities that are no structs.
package notstruct

// Number is a number.
//
//redisgen:entity numbers
type Number int

// Alias is another name of a struct.
//
//redisgen:entity aliases
type Alias = Plain

// Plain is a struct.
type Plain struct {
	ID string `redis:"id,key"`
}

// Box is generic.
//
//redisgen:entity boxes
type Box[T any] struct {
	ID    string `redis:"id,key"`
	Value T      `redis:"value"`
}

// hidden is not exported.
//
//redisgen:entity hidden
type hidden struct {
	ID string `redis:"id,key"`
}

// Empty stores nothing.
//
//redisgen:entity empty
type Empty struct {
	ID string
}

// Keyless has no key.
//
//redisgen:entity keyless
type Keyless struct {
	Name string `redis:"name"`
}
