package repo_test

import (
	"errors"
	"fmt"

	"github.com/redisgen/redisgen/repo"
)

func ExamplePoint() {
	berlin := repo.Point{Lat: 52.52, Lon: 13.405}
	text, err := berlin.MarshalText()
	fmt.Printf("%s %v\n", text, err)

	var sydney repo.Point
	fmt.Println(sydney.UnmarshalText([]byte("-33.8568,151.2153")), sydney.Lat, sydney.Lon)

	_, err = repo.Point{Lat: 90}.MarshalText()
	fmt.Println(errors.Is(err, repo.ErrPoint))
	// Output:
	// 52.52,13.405 <nil>
	// <nil> -33.8568 151.2153
	// true
}

func ExamplePoint_Distance() {
	berlin := repo.Point{Lat: 52.52, Lon: 13.405}
	paris := repo.Point{Lat: 48.8566, Lon: 2.3522}
	fmt.Printf("%.0f km\n", berlin.Distance(paris)/1000)
	// Output: 878 km
}
