// Package embedded has fields of embedded structs.
package embedded

import "github.com/redisgen/redisgen/gen/testdata/embedded/base"

// Document embeds structs of this and of another package.
//
//redisgen:entity documents
type Document struct {
	base.Base
	owner
	Title string `redis:"title"`
}

type owner struct {
	OwnerID string `redis:"owner_id,index"`
}
