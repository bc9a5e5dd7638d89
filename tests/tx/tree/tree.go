// Package tree is a consumer of redisgen for tests: entities that refer to each other
// over three levels.
package tree

//go:generate go run github.com/redisgen/redisgen/cmd/redisgen generate

// Shelf holds books.
//
//redisgen:entity shelves
type Shelf struct {
	ID string `redis:"id,key"`
}

// Book goes with its shelf.
//
//redisgen:entity books in=Shelf
type Book struct {
	ID      string `redis:"id,key"`
	ShelfID string `redis:"shelf_id,index,ref=Shelf,ondelete=cascade"`
	Title   string `redis:"title,unique"`
}

// Page goes with its book, and refers to the page before it.
//
//redisgen:entity pages in=Shelf
type Page struct {
	ID     string  `redis:"id,key"`
	BookID string  `redis:"book_id,index,ref=Book,ondelete=cascade"`
	Before *string `redis:"before,index,ref=Page"`
	Text   *string `redis:"text,unique"`
}

// Note keeps its page.
//
//redisgen:entity notes in=Shelf ttl=1h
type Note struct {
	ID     string `redis:"id,key"`
	PageID string `redis:"page_id,index,ref=Page"`
}
