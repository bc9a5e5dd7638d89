// Package all makes all backends of package storage known, for programs that open whichever
// one a configuration names:
//
//	import _ "github.com/redisgen/redisgen/repo/tframex/storage/all"
package all

import (
	_ "github.com/redisgen/redisgen/repo/tframex/storage/sqlite" // the driver
)
