// Package places has points that queries can search areas for.
package places

import "github.com/redisgen/redisgen/repo"

// Shop has a point of every sort.
//
//redisgen:entity shops ttl=1h
type Shop struct {
	ID      string      `redis:"id,key"`
	Name    string      `redis:"name"`
	Door    repo.Point  `redis:"door,geo"`
	Depot   *repo.Point `redis:"depot,geo"`
	Van     repo.Point  `redis:"van,geo,omitempty"`
	Seen    repo.Point  `redis:"seen"`
	Version int64       `redis:"version,version"`
}
