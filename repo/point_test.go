package repo

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
)

// randomDegrees returns degrees within the limit, often one where rounding
// matters: an end, zero, where a tile of scores begins.
func randomDegrees(r *rand.Rand, limit float64) float64 {
	switch r.IntN(8) {
	case 0:
		special := []float64{limit, -limit, 0, 1e-9, -1e-9, 5e-324, -1e-16, math.Nextafter(limit, 0), -math.Nextafter(limit, 0)}
		return special[r.IntN(len(special))]
	case 1:
		begin := degrees(r.Uint32N(grid)>>r.IntN(26), limit)
		return max(-limit, math.Nextafter(begin, float64(r.IntN(3)-1)*limit))
	}
	return (2*r.Float64() - 1) * limit
}

func randomPoint(r *rand.Rand) Point {
	return Point{randomDegrees(r, maxLat), randomDegrees(r, maxLon)}
}

// destination returns where somebody is who goes meters from p on a great circle that
// begins at that angle to the north; the nearest latitude that a point can have.
func destination(p Point, meters, angle float64) Point {
	sin, cos := math.Sincos(p.Lat / radian)
	sinWay, cosWay := math.Sincos(meters / earthRadius)
	sinLat := sin*cosWay + cos*sinWay*math.Cos(angle)
	turn := math.Atan2(math.Sin(angle)*sinWay*cos, cosWay-sin*sinLat)
	lat := radian * math.Asin(max(-1, min(sinLat, 1)))
	return Point{max(-maxLat, min(lat, maxLat)), math.Remainder(p.Lon+radian*turn, 360)}
}

func TestPointText(t *testing.T) {
	for text, want := range map[string]Point{
		"0,0":                     {},
		"52.520008,13.404954":     {52.520008, 13.404954},
		"-85.05112878,-180":       {-maxLat, -maxLon},
		"85.05112878,180":         {maxLat, maxLon},
		"0.000000001,-0.00000015": {1e-9, -1.5e-7},
		"0.1,0.30000000000000004": {0.1, 0.30000000000000004},
		"-33.856784,151.215297":   {-33.856784, 151.215297},
		"12.345678901234567,-.5":  {12.345678901234567, -0.5},
		"007.50,-0":               {7.5, 0},
	} {
		var p Point
		if err := p.UnmarshalText([]byte(text)); err != nil || p != want {
			t.Errorf("%q is %v, %v", text, p, err)
		}
		back, err := want.MarshalText()
		var again Point
		if err != nil || again.UnmarshalText(back) != nil || again != want || string(back) != want.String() {
			t.Errorf("%#v has the text %q, %v", want, back, err)
		}
	}
}

func TestPointTextRefused(t *testing.T) {
	for _, text := range []string{
		"", ",", "1", "1,", ",1", "1,2,3", "1;2", "1 2", " 1,2", "1, 2", "1,2 ", "1,2\n", "1,2\x00", "+1,2", "--1,0", "1-,0", "1..5,0", "-,0", ".,0", "1,٣",
		"1e1,0", "0,-1e-9", "1E1,0", "1e,0", "1e400,0", "0x1,2", "0x1p-2,2", "1_0,2", "NaN,0", "0,nan", "Inf,0", "0,-Inf", "infinity,0",
		"85.05112879,0", "-85.0511287800001,0", "0,180.00001", "0,-181",
	} {
		p := Point{1, 2}
		if err := p.UnmarshalText([]byte(text)); !errors.Is(err, ErrPoint) || p != (Point{1, 2}) {
			t.Errorf("%q is %v, %v", text, p, err)
		}
	}
}

func TestPointRefused(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, p := range []Point{
		{nan, 0}, {0, nan}, {inf, 0}, {-inf, 0}, {0, inf}, {0, -inf}, {90, 0}, {-85.06, 0}, {0, 180.5}, {0, -200},
		{math.Nextafter(maxLat, 90), 0}, {0, math.Nextafter(-maxLon, -200)},
	} {
		if text, err := p.MarshalText(); !errors.Is(err, ErrPoint) || text != nil {
			t.Errorf("%v has the text %q, %v", p, text, err)
		}
	}
	_, err := Point{91, 0}.MarshalText()
	want := `91,0: not a point: a latitude within ±85.05112878 and a longitude within ±180 degrees, as text "lat,lon"`
	if err.Error() != want {
		t.Errorf("error %s\n want %s", err, want)
	}
}

func TestPointJSON(t *testing.T) {
	places := map[string]*Point{"Berlin": {52.520008, 13.404954}, "nowhere": nil}
	text, err := json.Marshal(places)
	if want := `{"Berlin":"52.520008,13.404954","nowhere":null}`; err != nil || string(text) != want {
		t.Fatalf("%s, %v, want %s", text, err, want)
	}
	var back map[string]*Point
	if err := json.Unmarshal(text, &back); err != nil || *back["Berlin"] != *places["Berlin"] || back["nowhere"] != nil {
		t.Errorf("%s reads as %v, %v", text, back, err)
	}
}

func FuzzPoint(f *testing.F) {
	f.Add("52.520008,13.404954", 0.1, -0.2)
	f.Add("-0,.5", maxLat, -180.0)
	f.Add("1,2,3", math.NaN(), math.Inf(1))
	f.Fuzz(func(t *testing.T, text string, lat, lon float64) {
		points := []Point{{lat, lon}}
		var p Point
		if err := p.UnmarshalText([]byte(text)); err == nil {
			points = append(points, p)
		} else if !errors.Is(err, ErrPoint) || p != (Point{}) {
			t.Fatalf("%q is %v, %v", text, p, err)
		}
		for _, p := range points {
			text, err := p.MarshalText()
			if err != nil {
				if !errors.Is(err, ErrPoint) || p.check() == nil {
					t.Fatalf("%v: %v", p, err)
				}
				continue
			}
			var back Point
			if err := back.UnmarshalText(text); err != nil || bitsOf(back) != bitsOf(p) {
				t.Fatalf("%v has the text %q, which reads as %v, %v", p, text, back, err)
			}
		}
	})
}

// bitsOf tells -0 from 0.
func bitsOf(p Point) [2]uint64 {
	return [2]uint64{math.Float64bits(p.Lat), math.Float64bits(p.Lon)}
}

func TestDistance(t *testing.T) {
	const half = math.Pi * earthRadius
	for _, test := range []struct {
		from, to Point
		meters   float64
	}{
		{Point{}, Point{}, 0},
		{Point{}, Point{0, 90}, half / 2},
		{Point{}, Point{45, 0}, half / 4},
		{Point{}, Point{0, 180}, half},
		{Point{40, 10}, Point{-40, -170}, half},
		{Point{maxLat, 0}, Point{maxLat, 180}, (180 - 2*maxLat) / 180 * half},
		{Point{60, 30}, Point{60, 30.000001}, half / 180 / 2 * 1e-6},
		{Point{10, -180}, Point{10, 180}, 0},
		{Point{10, -179.5}, Point{10.5, 179.5}, 122769.28},
		{Point{38.115556, 13.361389}, Point{37.502669, 15.087269}, 166274.26},
	} {
		got, back := test.from.Distance(test.to), test.to.Distance(test.from)
		if !(math.Abs(got-test.meters) <= 1e-2) || back != got {
			t.Errorf("from %v to %v: %v m, back %v m, want %v", test.from, test.to, got, back, test.meters)
		}
	}
	r := random(t)
	for range 10_000 {
		p, way := randomPoint(r), r.Float64()*half
		if d := p.Distance(p); d != 0 {
			t.Fatalf("from %v to itself: %v m", p, d)
		}
		antipode := Point{-p.Lat, p.Lon - math.Copysign(180, p.Lon)}
		if d := p.Distance(antipode); !(math.Abs(d-half) <= 1) {
			t.Fatalf("from %v to the antipode: %v m", p, d)
		}
		to := destination(p, way, 2*math.Pi*r.Float64())
		if d := p.Distance(to); !(math.Abs(d-way) <= 1e-6*way) && math.Abs(to.Lat) < maxLat {
			t.Fatalf("from %v to %v: %v m, want %v", p, to, d, way)
		}
	}
}

// TestScore has the scores that GEOADD of Redis 7.0.15 gave these points, as
// ZSCORE told them.
func TestScore(t *testing.T) {
	for _, test := range []struct {
		point Point
		score uint64
	}{
		{Point{0, 0}, 3377699720527872},
		{Point{maxLat, 180}, 13510798882111488},
		{Point{maxLat, -180}, 4503599627370496},
		{Point{-maxLat, 180}, 9007199254740992},
		{Point{-maxLat, -180}, 0},
		{Point{0, 180}, 10133099161583616},
		{Point{0, -180}, 1125899906842624},
		{Point{maxLat, 0}, 6755399441055744},
		{Point{-maxLat, 0}, 2251799813685248},
		{Point{-1e-9, -1e-9}, 1125899906842623},
		{Point{1e-9, 1e-9}, 3377699720527872},
		{Point{-5e-324, 5e-324}, 3377699720527872},
		{Point{-1e-16, 0}, 3377699720527872},
		{Point{0, -1e-16}, 3377699720527872},
		{Point{3.7e-6, 180}, 10133099161583616},
		{Point{-1e-5, 180}, 9382499223688528},
		{Point{85.0511287799999, 179.999999999999}, 4503599627370495},
		{Point{-85.0511287799999, -179.999999999999}, 0},
		{Point{maxLat, 0.1}, 6755399986356738},
		{Point{maxLat, -179.99}, 4503599630131328},
		{Point{12.5, 180}, 10150987789845776},
		{Point{1.267360580924e-6, 2.682209014893e-6}, 3377699720527872},
		{Point{38.115556, 13.361389}, 3479099956230698},
		{Point{37.502669, 15.087269}, 3479447370796909},
		{Point{52.520008, 13.404954}, 3673983950396949},
		{Point{-33.856784, 151.215297}, 3252046274729721},
		{Point{40.689247, -74.044502}, 1791871043775060},
		{Point{-54.801912, -68.302951}, 650595395073470},
		{Point{64.146582, -21.942635}, 2216643466011557},
		{Point{-16.5, -180}, 353287975294016},
		{Point{35.6586, 139.7454}, 4171231149112296},
		{Point{1.352083, 103.819836}, 3949901648979360},
	} {
		if got := test.point.score(); got != test.score {
			t.Errorf("score of %v is %d, want %d", test.point, got, test.score)
		}
	}
}

// TestScoreServer compares with a server: the scores of random points, and the
// distances of the points that it makes of the scores.
func TestScoreServer(t *testing.T) {
	r := random(t)
	rdb := redisd.Shared(t).Client()
	points := make([]Point, 10_000)
	for i := range points {
		points[i] = randomPoint(r)
	}
	const key = "places"
	_, err := rdb.Pipelined(t.Context(), func(pipe redis.Pipeliner) error {
		for i, p := range points {
			pipe.GeoAdd(t.Context(), key, &redis.GeoLocation{Name: strconv.Itoa(i), Latitude: p.Lat, Longitude: p.Lon})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	members, err := rdb.ZRangeWithScores(t.Context(), key, 0, -1).Result()
	if err != nil || len(members) != len(points) {
		t.Fatalf("%d of %d members, %v", len(members), len(points), err)
	}
	for _, m := range members {
		i, _ := strconv.Atoi(m.Member.(string))
		if got := points[i].score(); float64(got) != m.Score {
			t.Fatalf("score of %v is %d, the server's %.0f", points[i], got, m.Score)
		}
	}
	t.Run("distance", func(t *testing.T) { sameDistances(t, rdb, key, len(points)) })
}

// sameDistances compares the distance of each of the first points with the next.
func sameDistances(t *testing.T, rdb *redis.Client, key string, n int) {
	var names []string
	for i := range min(n, 500) {
		names = append(names, strconv.Itoa(i))
	}
	places, err := rdb.GeoPos(t.Context(), key, names...).Result()
	if err != nil {
		t.Fatal(err)
	}
	for pair := range slices.Chunk(names, 2) {
		i, _ := strconv.Atoi(pair[0])
		from := Point{places[i].Latitude, places[i].Longitude}
		to := Point{places[i+1].Latitude, places[i+1].Longitude}
		want, err := rdb.GeoDist(t.Context(), key, pair[0], pair[1], "m").Result()
		if err != nil {
			t.Fatal(err)
		}
		if got := from.Distance(to); !(math.Abs(got-want) <= 1e-3) {
			t.Fatalf("from %v to %v: %v m, the server's %v m", from, to, got, want)
		}
	}
}
