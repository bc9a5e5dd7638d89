package repo

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Point is a place on Earth. Its text, in records and in JSON, is the latitude,
// a comma and the longitude.
//
// Latitudes reach from -85.05112878 to 85.05112878 and longitudes from -180 to
// 180, the limits of Redis's geo commands
// (https://redis.io/docs/latest/commands/geoadd/): the poles are out.
type Point struct {
	Lat, Lon float64 // degrees, positive to the north and to the east
}

// The limits of a Point, in degrees.
const (
	maxLat = 85.05112878
	maxLon = 180
)

// earthRadius is that of the sphere on which Redis measures distances, in meters.
const earthRadius = 6372797.560856

// radian in degrees.
const radian = 180 / math.Pi

// ErrPoint: the latitude or longitude is not within its limits, or the text is
// not that of a [Point].
var ErrPoint = fmt.Errorf(`not a point: a latitude within ±%v and a longitude within ±%v degrees, as text "lat,lon"`, maxLat, maxLon)

// check returns an error that wraps ErrPoint if p is not within the limits.
func (p Point) check() error {
	// NaN is not within them.
	if math.Abs(p.Lat) <= maxLat && math.Abs(p.Lon) <= maxLon {
		return nil
	}
	return fmt.Errorf("%v: %w", p, ErrPoint)
}

// String returns the text of p, also if it is not within the limits.
func (p Point) String() string {
	text := strconv.AppendFloat(nil, p.Lat, 'f', -1, 64)
	text = append(text, ',')
	return string(strconv.AppendFloat(text, p.Lon, 'f', -1, 64))
}

// MarshalText returns latitude and longitude as the shortest decimals that read
// back the same, without exponents, or [ErrPoint].
func (p Point) MarshalText() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return []byte(p.String()), nil
}

// UnmarshalText reads two decimals with a comma between them and nothing else.
// What is not a point gives [ErrPoint] and leaves p as it was.
func (p *Point) UnmarshalText(text []byte) error {
	lat, lon, _ := strings.Cut(string(text), ",")
	point := Point{parseDegrees(lat), parseDegrees(lon)}
	if point.check() != nil {
		return fmt.Errorf("%q: %w", shorten(string(text)), ErrPoint)
	}
	*p = point
	return nil
}

// parseDegrees reads a decimal; NaN is anything else, such as numbers with an
// exponent, which strconv takes but not every Lua.
func parseDegrees(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.Trim(text, "-.0123456789") != "" {
		return math.NaN()
	}
	return n
}

// Distance returns the meters from p to other along the great circle, on the
// sphere that Redis uses, of radius 6,372,797.560856 m. It is the haversine
// formula: R. W. Sinnott, Virtues of the Haversine, Sky and Telescope 68, 1984,
// page 159.
func (p Point) Distance(other Point) float64 {
	u := math.Sin((other.Lat - p.Lat) / 2 / radian)
	v := math.Sin((other.Lon - p.Lon) / 2 / radian)
	h := u*u + math.Cos(p.Lat/radian)*math.Cos(other.Lat/radian)*v*v
	return 2 * earthRadius * math.Asin(math.Sqrt(min(h, 1)))
}

// grid is how many rows and columns the map of scores has.
const grid = 1 << 26

// score returns the score that Redis's GEOADD gives p: its row and column on the
// map, from the south-west, with their bits interleaved.
//
// Points on the eastern edge have column 2^26, those on the northern edge row 2^26:
// the first of 27 bits. So scores of the northern edge have more than the 52 bits
// of the others, and those of the eastern edge more than 53, of which a double, the
// score that Redis keeps, loses the last.
func (p Point) score() uint64 {
	column := uint32((p.Lon + maxLon) / (2 * maxLon) * grid)
	row := uint32((p.Lat + maxLat) / (2 * maxLat) * grid)
	return uint64(float64(interleave(column, row)))
}

// interleave returns a number whose even bits are those of row and whose odd bits
// are those of column.
func interleave(column, row uint32) uint64 { return spread(column)<<1 | spread(row) }

// spread puts a zero before each bit of n: both halves apart, then the halves of
// those, down to single bits.
func spread(n uint32) uint64 {
	bits := uint64(n)
	bits = (bits | bits<<16) & 0x0000ffff_0000ffff
	bits = (bits | bits<<8) & 0x00ff00ff_00ff00ff
	bits = (bits | bits<<4) & 0x0f0f0f0f_0f0f0f0f
	bits = (bits | bits<<2) & 0x33333333_33333333
	return (bits | bits<<1) & 0x55555555_55555555
}
