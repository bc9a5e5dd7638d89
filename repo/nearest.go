package repo

import "math"

// nearest is an order by the distance from a point.
type nearest struct {
	center Point
	most   float64 // meters beyond which nothing meets the conditions
}

// halfway is no less than the distance of any two points.
const halfway = math.Pi*earthRadius + 1

// nearest returns the order by distance under some conditions: one on a circle
// around the same point bounds it.
func (pl *planner) nearest(conjuncts []condition) *nearest {
	n := &nearest{center: *pl.order.near, most: halfway}
	for _, c := range conjuncts {
		if c.op == near && c.field == pl.order.field && c.area.isCircle() && c.area.center == n.center {
			n.most = min(n.most, c.area.radius)
		}
	}
	return n
}

// arguments returns the order as the script takes it.
func (n *nearest) arguments() []string {
	return []string{decimal(n.center.Lat), decimal(n.center.Lon), decimal(n.most)}
}

// around returns the way to records that searches from the point outwards.
func (pl *planner) around(conjuncts []condition) alternative {
	n := pl.nearest(conjuncts)
	ix, _ := pl.info.indexOf(pl.order.field, func(ix Index) bool { return ix.Kind == IndexGeo })
	key := space("").index(ix, nil)
	p := path{index: []string{key}, order: ordering{"distance", pl.order.field}, rest: conjuncts, sources: []source{everything(key, "score")}}
	if n.most < halfway {
		circle, _ := circle(n.center, n.most) // of a point that was checked
		p.sources = circle.sources(key)
	}
	return alternative{path: p, whole: n.most == halfway}
}
