package repo

import "strconv"

// Geo is a field that is a point on the globe, with an index that finds records
// by where it is.
type Geo[T any] struct{ field int }

// NewGeo returns the field at a position of [Entity.Fields].
//
//go:noinline
func NewGeo[T any](field int) Geo[T] { return Geo[T]{field} }

// Within holds for records whose point is so many meters away from center at
// most, as [Point.Distance] measures.
func (f *Geo[T]) Within(center Point, meters float64) Predicate[T] {
	a, err := circle(center, meters)
	return Predicate[T]{predicate{op: near, field: f.field, area: &a, err: err}}
}

// InBox holds for records whose point lies between two corners, borders
// included. A box whose west is east of its east crosses the 180th meridian.
func (f *Geo[T]) InBox(southWest, northEast Point) Predicate[T] {
	a, err := box(southWest, northEast)
	return Predicate[T]{predicate{op: near, field: f.field, area: &a, err: err}}
}

// areaSources returns the parts of a geo index that a condition's area touches.
func areaSources(key string, c condition) []source {
	if c.op != near {
		return nil
	}
	var sources []source
	for _, r := range c.area.ranges() {
		sources = append(sources, source{key, "score", strconv.FormatUint(r.low, 10), strconv.FormatUint(r.high, 10)})
	}
	return sources
}

// arguments returns the area as repo/lua/filter.lua takes it.
func (a *area) arguments(seen, plain string) []string {
	text := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	if a.isCircle() {
		return []string{"circle", seen, plain, text(a.center.Lat), text(a.center.Lon), text(a.radius)}
	}
	return []string{"box", seen, plain, text(a.south), text(a.west), text(a.north), text(a.east)}
}
