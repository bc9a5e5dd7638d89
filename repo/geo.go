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

// Nearest orders records by the distance of their point from center, the nearest
// first, and records at the same distance by id. Records without a point are left
// out.
//
// It searches from center outwards: a page is one round trip if conditions leave
// many of the records nearby. Pages far behind the first cost more, by the square
// root of how many records are nearer. If there is a condition Within the same
// center, nothing beyond is looked at.
func (f *Geo[T]) Nearest(center Point) Order[T] {
	return Order[T]{order{given: true, field: f.field, near: &center, err: center.check()}}
}

// areaSources returns the parts of a geo index that a condition's area touches.
func areaSources(key string, c condition) []source {
	if c.op != near {
		return nil
	}
	return c.area.sources(key)
}

// sources returns the parts of a geo index that an area touches.
func (a *area) sources(key string) []source {
	var sources []source
	for _, r := range a.ranges() {
		sources = append(sources, source{key, "score", strconv.FormatUint(r.low, 10), strconv.FormatUint(r.high, 10)})
	}
	return sources
}

// arguments returns the area as repo/lua/filter.lua takes it.
func (a *area) arguments(seen, plain string) []string {
	if a.isCircle() {
		return []string{"circle", seen, plain, decimal(a.center.Lat), decimal(a.center.Lon), decimal(a.radius)}
	}
	return []string{"box", seen, plain, decimal(a.south), decimal(a.west), decimal(a.north), decimal(a.east)}
}

// decimal returns a number without an exponent, which the Lua of the embedded
// store does not always know.
func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
