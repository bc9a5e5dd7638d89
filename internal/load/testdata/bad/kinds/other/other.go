// Package other has a struct whose types its users cannot name.
package other

import "github.com/redisgen/redisgen/internal/load/testdata/bad/kinds/other/internal/deep"

// Base is embedded elsewhere.
type Base struct {
	Private private           `redis:"private"`
	Hidden  map[string]deep.T `redis:"hidden"`
}

type private struct{ A int }
