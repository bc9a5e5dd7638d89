package repo

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrArea: a circle has a radius that is not a number from 0 up, or a box has its
// south to the north of its north.
var ErrArea = errors.New("not an area")

// area is what a query of a geo field searches: a circle or a box.
type area struct {
	bounds         // the box, or the smallest around the circle and a margin
	center Point   // of a circle
	radius float64 // of a circle, in meters; of a box less than 0
}

// circle returns the area of the points that are at most meters from center.
func circle(center Point, meters float64) (area, error) {
	if err := center.check(); err != nil {
		return area{}, err
	}
	if !(meters >= 0 && meters <= math.MaxFloat64) {
		return area{}, fmt.Errorf("a radius of %v m: %w", meters, ErrArea)
	}
	a := area{center: center, radius: meters}
	a.bounds = around(center, a.reach())
	return a, nil
}

// box returns the area between the meridians and the parallels of two corners,
// which belong to it. It goes east from southWest: across the antimeridian if
// that is the corner with the greater longitude. Else it is on one side of it, and
// of the longitudes 180 and -180 holds only the one that it begins or ends with.
func box(southWest, northEast Point) (area, error) {
	if err := errors.Join(southWest.check(), northEast.check()); err != nil {
		return area{}, err
	}
	if southWest.Lat > northEast.Lat {
		return area{}, fmt.Errorf("south %v, north %v: %w", southWest.Lat, northEast.Lat, ErrArea)
	}
	return area{bounds: bounds{southWest.Lat, southWest.Lon, northEast.Lat, northEast.Lon}, radius: -1}, nil
}

// isCircle tells a circle from a box.
func (a area) isCircle() bool { return a.radius >= 0 }

// reach returns the radius of a circle and a margin of more than distances are ever
// wrong by, here or in a script: 1 mm nearby and 2 m at the antipode, where rounding
// is worst.
func (a area) reach() float64 { return a.radius*(1+1e-7) + 1e-3 }

// meets tells whether a part of b, which does not cross the antimeridian, is in
// the area or within its margin.
func (a area) meets(b bounds) bool {
	return a.overlaps(b) && (!a.isCircle() || b.distance(a.center) <= a.reach())
}

// contains tells whether all of b, which does not cross the antimeridian, is in
// the area: for a circle, whether b is out of the circle around the antipode that
// is the rest of the globe.
func (a area) contains(b bounds) bool {
	antipode := Point{-a.center.Lat, a.center.Lon - math.Copysign(180, a.center.Lon)}
	return a.bounds.contains(b) && (!a.isCircle() || b.distance(antipode) >= math.Pi*earthRadius-a.radius)
}

// scoreRange is a range of scores, both ends included.
type scoreRange struct{ low, high uint64 }

const (
	// maxRanges is how many ranges an area has at most.
	maxRanges = 32
	// maxTiles is how many tiles an area is cut into before more of them would
	// hardly make the ranges better; less than four times as many come of it.
	maxTiles = 64
)

// ranges returns the ranges of scores that the points of the area have, in order,
// with gaps between them, at most maxRanges, in up to about 0.1 ms.
//
// Every point of the area is in them, and some around it: the surface of the scores
// is about 1.2 times that of a circle or a square and 1.5 times that of a box of
// ten to one, and was never seen to be more than 1.5 times that of a circle and twice
// that of a square. It is 4 to 16 times that of a box of a hundred to one, and more
// than that of areas of a few meters: one score stands for up to 0.6 by 0.3 m.
func (a area) ranges() []scoreRange {
	list := append(a.cover(), a.edges()...)
	slices.SortFunc(list, func(r, s scoreRange) int { return cmp.Compare(r.low, s.low) })
	return closeGaps(list)
}

// cover returns scores of the map that together cover the area. It cuts tiles
// into four, drops those outside and keeps those inside, until there are maxTiles.
func (a area) cover() []scoreRange {
	var inside []scoreRange
	border := []tile{{0, 0, grid}}
	for size := grid; size > 1 && len(border)+len(inside) < maxTiles; size /= 2 {
		var next []tile
		for _, t := range border {
			for _, quarter := range t.quarters() {
				if b := quarter.bounds(); a.contains(b) {
					inside = append(inside, quarter.scores())
				} else if a.meets(b.grown()) {
					next = append(next, quarter)
				}
			}
		}
		border = next
	}
	for _, t := range border {
		inside = append(inside, t.scores())
	}
	return inside
}

// edges returns the scores of the eastern and of the northern edge of the map, if
// the area reaches them.
func (a area) edges() []scoreRange {
	var edges []scoreRange
	if a.meets(bounds{-maxLat, maxLon, maxLat, maxLon}.grown()) {
		edges = append(edges, scoreRange{interleave(grid, 0), interleave(grid, grid)})
	}
	if a.meets(bounds{maxLat, -maxLon, maxLat, maxLon}.grown()) {
		edges = append(edges, scoreRange{interleave(0, grid), interleave(grid-1, grid)})
	}
	return edges
}

// closeGaps returns at most maxRanges ranges that include those of the list, which is
// in order: the smallest gaps close.
func closeGaps(list []scoreRange) []scoreRange {
	gap := func(i int) uint64 { return list[i].low - list[i-1].high - 1 }
	var cuts []int // the ranges with a gap before them that stays
	for i := 1; i < len(list); i++ {
		if gap(i) > 0 {
			cuts = append(cuts, i)
		}
	}
	if len(cuts) >= maxRanges {
		slices.SortFunc(cuts, func(i, j int) int { return cmp.Compare(gap(j), gap(i)) })
		cuts = cuts[:maxRanges-1]
		slices.Sort(cuts)
	}
	joined := make([]scoreRange, 0, maxRanges)
	from := 0
	for _, to := range append(cuts, len(list)) {
		joined = append(joined, scoreRange{list[from].low, list[to-1].high})
		from = to
	}
	return joined
}

// bounds are two parallels and two meridians and what is between them, in degrees.
// They cross the antimeridian if west > east.
type bounds struct{ south, west, north, east float64 }

// around returns bounds that hold all points at most meters from center.
func around(center Point, meters float64) bounds {
	angle := meters / earthRadius * radian
	b := bounds{max(center.Lat-angle, -maxLat), -maxLon, min(center.Lat+angle, maxLat), maxLon}
	if math.Abs(center.Lat)+angle >= 90 {
		return b // around a pole
	}
	half := radian * math.Asin(min(1, math.Sin(angle/radian)/math.Cos(center.Lat/radian)))
	if b.west = center.Lon - half; b.west < -maxLon {
		b.west += 360
	}
	if b.east = center.Lon + half; b.east > maxLon {
		b.east -= 360
	}
	return b
}

// crosses tells whether the antimeridian is inside of b.
func (b bounds) crosses() bool { return b.west > b.east }

// overlaps tells whether b and c, which does not cross the antimeridian, have a
// point in common.
func (b bounds) overlaps(c bounds) bool {
	if c.north < b.south || c.south > b.north {
		return false
	}
	if b.crosses() {
		return c.east >= b.west || c.west <= b.east
	}
	return c.east >= b.west && c.west <= b.east
}

// contains tells whether c, which does not cross the antimeridian, is inside of b.
func (b bounds) contains(c bounds) bool {
	if c.south < b.south || c.north > b.north {
		return false
	}
	if b.crosses() {
		return c.west >= b.west || c.east <= b.east
	}
	return c.west >= b.west && c.east <= b.east
}

// distance returns the meters from p to the nearest point of b, which does not cross
// the antimeridian.
func (b bounds) distance(p Point) float64 {
	if p.Lon >= b.west && p.Lon <= b.east {
		return p.Distance(Point{b.clamp(p.Lat), p.Lon})
	}
	turnWest, turnEast := math.Remainder(b.west-p.Lon, 360), math.Remainder(b.east-p.Lon, 360)
	lon, turn := b.west, turnWest
	if math.Abs(turnEast) < math.Abs(turnWest) {
		lon, turn = b.east, turnEast
	}
	if math.Abs(turn) > 90 {
		return min(p.Distance(Point{b.south, lon}), p.Distance(Point{b.north, lon}))
	}
	foot := radian * math.Atan2(math.Sin(p.Lat/radian), math.Cos(p.Lat/radian)*math.Cos(turn/radian))
	return p.Distance(Point{b.clamp(foot), lon})
}

// clamp returns the latitude of b that is nearest to lat.
func (b bounds) clamp(lat float64) float64 { return max(b.south, min(lat, b.north)) }

// grown returns bounds that are wider by more than degrees are ever rounded, by
// 0.1 mm.
func (b bounds) grown() bounds {
	const more = 1e-9
	return bounds{b.south - more, b.west - more, b.north + more, b.east + more}
}

// tile is a square of the map of scores: of size rows and columns, a power of two,
// beginning at a multiple of it. Its scores are without a gap.
type tile struct{ column, row, size uint32 }

func (t tile) scores() scoreRange {
	low := interleave(t.column, t.row)
	return scoreRange{low, low + uint64(t.size)*uint64(t.size) - 1}
}

// quarters returns the four tiles that t consists of, in the order of their scores.
func (t tile) quarters() [4]tile {
	half := t.size / 2
	east, north := t.column+half, t.row+half
	return [4]tile{{t.column, t.row, half}, {t.column, north, half}, {east, t.row, half}, {east, north, half}}
}

// bounds returns where t is on the map, give or take what rounding moves a point.
func (t tile) bounds() bounds {
	return bounds{
		south: degrees(t.row, maxLat), north: degrees(t.row+t.size, maxLat),
		west: degrees(t.column, maxLon), east: degrees(t.column+t.size, maxLon),
	}
}

// degrees returns where the row or column n begins.
func degrees(n uint32, limit float64) float64 { return float64(n)/grid*(2*limit) - limit }
