// Package uuid has the name of another package.
package uuid

// Mark is a type of another package uuid.
type Mark string
