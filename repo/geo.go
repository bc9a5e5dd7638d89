package repo

import "strconv"

// inCircle returns the condition that a field is a point in a circle.
func inCircle(field int, center Point, meters float64) *predicate {
	a, err := circle(center, meters)
	return &predicate{op: near, field: field, area: &a, err: err}
}

// inBox returns the condition that a field is a point in a box.
func inBox(field int, southWest, northEast Point) *predicate {
	a, err := box(southWest, northEast)
	return &predicate{op: near, field: field, area: &a, err: err}
}

// nearestTo returns the order by the distance of a field from a point.
func nearestTo(field int, center Point) *order {
	return &order{given: true, field: field, near: &center, err: center.check()}
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
