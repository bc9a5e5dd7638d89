package integrity

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// geoScore returns the score of a stored point, "lat,lon", as GEOADD makes it: 26 bits of each by halving the map, the
// latitude's at the even places.
func geoScore(value string) (float64, error) {
	lat, lon, _ := strings.Cut(value, ",")
	y, err := strconv.ParseFloat(lat, 64)
	if err != nil {
		return 0, err
	}
	x, err := strconv.ParseFloat(lon, 64)
	if err != nil {
		return 0, err
	}
	const maxLat, maxLon = 85.05112878, 180
	if math.Abs(y) > maxLat || math.Abs(x) > maxLon {
		return 0, fmt.Errorf("%q is off the map", value)
	}
	row, column := uint64((y+maxLat)/(2*maxLat)*(1<<26)), uint64((x+maxLon)/(2*maxLon)*(1<<26))
	var score uint64
	for bit := range 27 {
		score |= (row>>bit&1)<<(2*bit) | (column>>bit&1)<<(2*bit+1)
	}
	return float64(score), nil
}
