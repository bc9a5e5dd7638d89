// Package deep is internal to package other.
package deep

// T is a type.
type T struct{ A int }
