package repo

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAreaRefused(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, meters := range []float64{-1, -1e-300, nan, inf, -inf} {
		if _, err := circle(Point{}, meters); !errors.Is(err, ErrArea) {
			t.Errorf("circle of %v m: %v", meters, err)
		}
	}
	for _, p := range []Point{{86, 0}, {0, 181}, {nan, 0}, {0, -inf}} {
		if _, err := circle(p, 1); !errors.Is(err, ErrPoint) {
			t.Errorf("circle around %v: %v", p, err)
		}
		if _, err := box(p, Point{}); !errors.Is(err, ErrPoint) {
			t.Errorf("box from %v: %v", p, err)
		}
		if _, err := box(Point{}, p); !errors.Is(err, ErrPoint) {
			t.Errorf("box to %v: %v", p, err)
		}
	}
	if _, err := box(Point{1, 0}, Point{0.999, 1}); !errors.Is(err, ErrArea) {
		t.Errorf("box with its south to the north: %v", err)
	}
}

func TestBoxHolds(t *testing.T) {
	for _, test := range []struct {
		southWest, northEast Point
		in, out              []Point
	}{
		{Point{1, 2}, Point{3, 4}, []Point{{1, 2}, {3, 4}, {1, 4}, {2, 3}}, []Point{{0.9, 3}, {3.1, 3}, {2, 1.9}, {2, 4.1}, {2, -3}, {-2, 3}}},
		{Point{1, 2}, Point{1, 2}, []Point{{1, 2}}, []Point{{1, math.Nextafter(2, 3)}, {math.Nextafter(1, 0), 2}}},
		{Point{-1, 170}, Point{1, -170}, []Point{{0, 170}, {0, 180}, {0, -180}, {0, -170}}, []Point{{0, 169}, {0, -169}, {0, 0}, {2, 180}}},
		{Point{-1, 180}, Point{1, -180}, []Point{{0, 180}, {0, -180}}, []Point{{0, 179.9}, {0, -179.9}, {0, 0}}},
		{Point{-1, 170}, Point{1, 180}, []Point{{0, 170}, {0, 180}}, []Point{{0, -180}, {0, 169}}},
		{Point{-maxLat, -180}, Point{maxLat, 180}, []Point{{maxLat, 180}, {-maxLat, -180}, {0, 0}}, nil},
	} {
		a, err := box(test.southWest, test.northEast)
		if err != nil {
			t.Fatal(err)
		}
		expectHolds(t, a, test.in, test.out)
	}
}

func TestCircleHolds(t *testing.T) {
	const half = math.Pi * earthRadius
	center := Point{52.5, 13.4}
	near := Point{52.5, 13.5}
	for _, test := range []struct {
		center  Point
		meters  float64
		in, out []Point
	}{
		{center, 0, []Point{center}, []Point{near, {math.Nextafter(52.5, 53), 13.4001}}},
		{center, center.Distance(near), []Point{center, near}, []Point{{52.5, 13.50001}}},
		{center, math.Nextafter(center.Distance(near), 0), []Point{center}, []Point{near}},
		{Point{80, 0}, 16 * half / 180, []Point{{85, 90}, {65, 0}}, []Point{{80, 180}, {60, 0}}},
		{Point{0, 180}, 1000, []Point{{0, -180}, {0, 179.995}, {0, -179.995}}, []Point{{0, 0}, {0, 179.98}}},
		{Point{10, 20}, half / 2, []Point{{10, 109}, {-70, 20}}, []Point{{-10, -160}, {10, -160}}},
		{Point{10, 20}, half, []Point{{-10, -160}, {maxLat, 0}}, nil},
		{Point{10, 20}, math.MaxFloat64, []Point{{-10, -160}, {-maxLat, 180}}, nil},
	} {
		a, err := circle(test.center, test.meters)
		if err != nil {
			t.Fatal(err)
		}
		expectHolds(t, a, test.in, test.out)
	}
}

func expectHolds(t *testing.T, a area, in, out []Point) {
	t.Helper()
	ranges := a.ranges()
	for _, p := range in {
		if !a.holds(p) || !covers(ranges, p) {
			t.Errorf("%+v does not hold %v, or does not cover it", a, p)
		}
	}
	for _, p := range out {
		if a.holds(p) {
			t.Errorf("%+v holds %v", a, p)
		}
	}
}

// covers tells whether p has its score in one of the ranges.
func covers(ranges []scoreRange, p Point) bool {
	score := p.score()
	return slices.ContainsFunc(ranges, func(r scoreRange) bool { return r.low <= score && score <= r.high })
}

// randomArea returns an area of any size, and points of which many are at its
// border.
func randomArea(t *testing.T, r *rand.Rand) (area, []Point) {
	t.Helper()
	points := make([]Point, 50)
	for i := range points {
		points[i] = randomPoint(r)
	}
	if r.IntN(2) == 0 {
		return randomCircle(t, r, points)
	}
	return randomBox(t, r, points)
}

func randomCircle(t *testing.T, r *rand.Rand, points []Point) (area, []Point) {
	t.Helper()
	const half = math.Pi * earthRadius
	radii := []float64{0, 0.01, 1, half / 2, half - 1, half, half + 1, 1e9, math.Exp(r.Float64()*22 - 5), math.Exp(r.Float64()*22 - 5), half * r.Float64()}
	a, err := circle(points[0], radii[r.IntN(len(radii))])
	if err != nil {
		t.Fatal(err)
	}
	for i := range points[1:40] {
		way := []float64{a.radius, a.radius * (1 - 1e-12), a.radius * (1 + 1e-12), a.radius * r.Float64()}
		points[i+1] = destination(a.center, min(way[r.IntN(len(way))], half), math.Pi/4*float64(r.IntN(8))+r.Float64()*float64(r.IntN(2)))
	}
	return a, points
}

func randomBox(t *testing.T, r *rand.Rand, points []Point) (area, []Point) {
	t.Helper()
	southWest, northEast := points[0], points[1]
	if r.IntN(2) == 0 {
		northEast = destination(southWest, math.Exp(r.Float64()*22-5), math.Pi/2*r.Float64())
	}
	southWest.Lat, northEast.Lat = min(southWest.Lat, northEast.Lat), max(southWest.Lat, northEast.Lat)
	a, err := box(southWest, northEast)
	if err != nil {
		t.Fatal(err)
	}
	for i := range points[2:40] {
		width := a.east - a.west
		if a.crosses() {
			width += 360
		}
		p := Point{a.south + (a.north-a.south)*share(r), math.Remainder(a.west+width*share(r), 360)}
		p = Point{math.Nextafter(p.Lat, float64(r.IntN(3)-1)*maxLat), math.Nextafter(p.Lon, float64(r.IntN(3)-1)*maxLon)}
		points[i+2] = Point{max(-maxLat, min(p.Lat, maxLat)), max(-maxLon, min(p.Lon, maxLon))}
	}
	return a, points
}

// share returns 0, 1, or something between.
func share(r *rand.Rand) float64 {
	return []float64{0, 1, r.Float64()}[r.IntN(3)]
}

// TestRanges shows that every point of an area is in its ranges.
func TestRanges(t *testing.T) {
	r := random(t)
	held, covered, pairs := 0, 0, 0
	for range 4000 {
		a, points := randomArea(t, r)
		ranges := a.ranges()
		checkRanges(t, a, ranges)
		for _, p := range points {
			in, cover := a.holds(p), covers(ranges, p)
			if in && !cover {
				t.Fatalf("%+v holds %v with score %d, which is not in %v", a, p, p.score(), ranges)
			}
			pairs++
			if in {
				held++
			}
			if cover {
				covered++
			}
		}
	}
	t.Logf("%d pairs, %d held, %d covered", pairs, held, covered)
	if held < pairs/4 || pairs-covered < pairs/10 {
		t.Errorf("of %d pairs %d are held and %d covered: these areas show little", pairs, held, covered)
	}
}

// checkRanges expects few ranges, in order and apart.
func checkRanges(t *testing.T, a area, ranges []scoreRange) {
	t.Helper()
	ok := len(ranges) > 0 && len(ranges) <= maxRanges
	for i, r := range ranges {
		ok = ok && r.low <= r.high && (i == 0 || r.low > ranges[i-1].high+1)
	}
	if !ok {
		t.Fatalf("%d ranges of %+v: %v", len(ranges), a, ranges)
	}
}

func TestRangesWhole(t *testing.T) {
	everything := []scoreRange{{0, interleave(grid-1, grid)}, {interleave(grid, 0), interleave(grid, grid)}}
	world, err := box(Point{-maxLat, -180}, Point{maxLat, 180})
	if err != nil {
		t.Fatal(err)
	}
	globe, err := circle(Point{12, 34}, 21e6)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []area{world, globe} {
		if ranges := a.ranges(); !slices.Equal(ranges, everything) {
			t.Errorf("%+v has the ranges %v", a, ranges)
		}
	}
}

// surface returns the part of the sphere, of radius 1, whose points have the scores;
// the edges of the map have none.
func surface(ranges []scoreRange) float64 {
	sum := 0.0
	for _, r := range ranges {
		for low := r.low; low <= r.high && low < grid*grid; {
			size := uint32(1)
			for n := 4 * uint64(size) * uint64(size); low%n == 0 && low+n-1 <= r.high && size < grid; n *= 4 {
				size *= 2
			}
			b := tile{row: gather(low), size: size}.bounds()
			sum += (math.Sin(b.north/radian) - math.Sin(b.south/radian)) * (b.east - b.west) / radian
			low += uint64(size) * uint64(size)
		}
	}
	return sum
}

// gather returns the even bits of a score.
func gather(score uint64) uint32 {
	row := uint32(0)
	for i := range 26 {
		row |= uint32(score>>(2*i)&1) << i
	}
	return row
}

// TestRangesSurface measures how much of the sphere the ranges of an area cover, as
// a multiple of its own surface.
func TestRangesSurface(t *testing.T) {
	r := random(t)
	var ratios []float64
	for range 400 {
		p := Point{80 * (2*r.Float64() - 1), randomDegrees(r, maxLon)}
		angle := (maxLat - math.Abs(p.Lat)) / radian * math.Pow(1e-5, r.Float64())
		a, err := circle(p, angle*earthRadius)
		if err != nil {
			t.Fatal(err)
		}
		ratios = append(ratios, surface(a.ranges())/(4*math.Pi*math.Pow(math.Sin(angle/2), 2)))
	}
	expectRatios(t, "circles", ratios, 1.25, 1.6)

	for _, shape := range []struct {
		name           string
		aspect         float64
		average, worst float64
	}{{"squares", 1, 1.25, 2}, {"boxes of 3 to 1", 3, 1.35, 2.5}, {"boxes of 10 to 1", 10, 1.8, 4}, {"boxes of 100 to 1", 100, 5, 20}} {
		ratios = ratios[:0]
		for range 400 {
			a := shapedBox(t, r, shape.aspect)
			width := math.Remainder(a.east-a.west, 360) / radian
			ratios = append(ratios, surface(a.ranges())/(width*(math.Sin(a.north/radian)-math.Sin(a.south/radian))))
		}
		expectRatios(t, shape.name, ratios, shape.average, shape.worst)
	}
}

// TestRangesPole measures by counting how much of the map the ranges of circles around
// a pole cover, as a multiple of what is in them.
func TestRangesPole(t *testing.T) {
	r := random(t)
	held, covered := 0, 0
	for range 200 {
		p := Point{randomDegrees(r, maxLat), randomDegrees(r, maxLon)}
		toPole := (90 - math.Abs(p.Lat)) / 180
		a, err := circle(p, (toPole+r.Float64()*(1-2*toPole))*math.Pi*earthRadius)
		if err != nil {
			t.Fatal(err)
		}
		ranges := a.ranges()
		for range 200 {
			q := Point{radian * math.Asin((2*r.Float64()-1)*math.Sin(maxLat/radian)), maxLon * (2*r.Float64() - 1)}
			if a.holds(q) {
				held++
			}
			if covers(ranges, q) {
				covered++
			}
		}
	}
	ratio := float64(covered) / float64(held)
	t.Logf("%.2f times the surface", ratio)
	if ratio > 1.2 {
		t.Errorf("circles around a pole: %.2f times the surface, want at most 1.2", ratio)
	}
}

// shapedBox returns a box whose sides, of which one is up to 10 degrees, have that
// ratio.
func shapedBox(t *testing.T, r *rand.Rand, aspect float64) area {
	t.Helper()
	height := math.Pow(10, 1-4*r.Float64())
	width := height / aspect
	if r.IntN(2) == 0 {
		height, width = width, height
	}
	p := Point{60 * (2*r.Float64() - 1), randomDegrees(r, maxLon)}
	width /= math.Cos(p.Lat / radian)
	a, err := box(p, Point{p.Lat + height, math.Remainder(p.Lon+width, 360)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func expectRatios(t *testing.T, name string, ratios []float64, average, worst float64) {
	t.Helper()
	sum := 0.0
	for _, ratio := range ratios {
		sum += ratio
	}
	mean, least, most := sum/float64(len(ratios)), slices.Min(ratios), slices.Max(ratios)
	t.Logf("%s: %.2f times the surface, at most %.2f", name, mean, most)
	if mean > average || most > worst || least < 0.999 {
		t.Errorf("%s: from %.3f to %.2f times the surface, on average %.2f; want at most %v, on average %v", name, least, most, mean, worst, average)
	}
}

func BenchmarkRanges(b *testing.B) {
	for name, meters := range map[string]float64{"1m": 1, "1km": 1e3, "1000km": 1e6} {
		b.Run(name, func(b *testing.B) {
			a, err := circle(Point{52.5, 13.4}, meters)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				a.ranges()
			}
		})
	}
}

// holds tells whether p is in the area.
func (a area) holds(p Point) bool {
	if a.isCircle() {
		return a.center.Distance(p) <= a.radius
	}
	return a.overlaps(bounds{p.Lat, p.Lon, p.Lat, p.Lon})
}
