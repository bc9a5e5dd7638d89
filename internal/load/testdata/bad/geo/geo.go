// Package geo has places that cannot be searched.
package geo

import "github.com/redisgen/redisgen/repo"

// Shop has them all.
//
//redisgen:entity shops
//redisgen:index Name, City
//redisgen:index Name order Street
type Shop struct {
	Door    repo.Point   `redis:"door,key,geo"`
	Name    string       `redis:"name,geo"`
	Lat     float64      `redis:"lat,geo"`
	Pair    [2]float64   `redis:"pair,geo"`
	Spot    *Spot        `redis:"spot,geo"`
	Named   Place        `redis:"named,geo"`
	Stops   []repo.Point `redis:"stops,geo"`
	Lexical repo.Point   `redis:"lexical,geo,sort=lex"`
	Once    *repo.Point  `redis:"once,unique,geo"`
	Found   repo.Point   `redis:"found,geo,index"`
	Left    repo.Point   `redis:"left,geo,index=sides"`
	Right   repo.Point   `redis:"right,index=sides"`
	City    repo.Point   `redis:"city,geo"`
	Street  repo.Point   `redis:"street,geo"`
	Lower   repo.Point   `redis:"lower,geo,fold"`
	Hidden  repo.Point   `redis:"hidden,geo,secret"`
	Valued  repo.Point   `redis:"valued,geo=km"`
	Double  repo.Point   `redis:"double,geo,geo"`
}

// Spot is a point of another kind.
type Spot struct{ Lat, Lon float64 }

// Place has a point's methods.
type Place struct{ repo.Point }
