// Package all makes all backends of package storage known, for programs that open whichever
// one a configuration names:
//
//	import _ "github.com/redisgen/redisgen/repo/tframex/storage/all"
package all

import (
	_ "github.com/redisgen/redisgen/repo/tframex/storage/memory"     // memory
	_ "github.com/redisgen/redisgen/repo/tframex/storage/postgresql" // postgresql, postgres
	_ "github.com/redisgen/redisgen/repo/tframex/storage/redis"      // redis, rediss
	_ "github.com/redisgen/redisgen/repo/tframex/storage/s3"         // s3
	_ "github.com/redisgen/redisgen/repo/tframex/storage/sqlite"     // sqlite
)
