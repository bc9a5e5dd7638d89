// Package duplicates has names that are given twice.
package duplicates

// User has two fields of one name, and two indexes.
//
//redisgen:entity users
//redisgen:index Name, Age
//redisgen:index Name, Age
//redisgen:index Name
type User struct {
	ID    string `redis:"id,key"`
	Name  string `redis:"name,index"`
	Label string `redis:"name"`
	Age   int    `redis:"age,unique=email"`
	Size  int    `redis:"size,unique=email"`
	Email string `redis:"email,unique"`
}
