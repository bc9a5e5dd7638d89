package duplicates

// Person is stored under the same name.
//
//redisgen:entity users
type Person struct {
	ID string `redis:"id,key"`
}
