package kinds_test

import (
	"math"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/gen/testdata/kinds"
	"github.com/redisgen/redisgen/repo"
)

func connect(t *testing.T) *repo.Client {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	client, err := repo.New(rdb, repo.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		if err := rdb.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

var (
	moment  = time.Date(2026, 2, 3, 4, 5, 6, 789000, time.UTC)
	address = netip.MustParseAddr("2001:db8::1")
	link    = url.URL{Scheme: "https", Host: "example.com", Path: "/a b"}
)

func TestValue(t *testing.T) {
	values := kinds.NewValues(connect(t))
	full := kinds.Value{
		ID: 2, String: "a\x00\xffé", Bool: true, Int: -1, Int8: math.MinInt8, Rune: '世', Int64: math.MinInt64,
		Uint: math.MaxUint, Byte: 255, Uint64: math.MaxUint64, Float32: math.SmallestNonzeroFloat32, Float64: math.MaxFloat64,
		Bytes: []byte{0, 255}, Time: moment, Duration: -time.Nanosecond, Text: address, IP: net.IPv4(127, 0, 0, 1), Binary: link,
		Point: kinds.Point{X: 1, Y: 2}, Any: "any", Map: map[kinds.Name][]kinds.Name{"a": {"b"}}, Array: [2]int{3, 4},
		Name: "n", Flag: true, Level: -8, Size: math.MaxUint32, Ratio: 0.1, Blob: kinds.Blob("b"), Labels: kinds.Labels{"l"},
		Attrs: kinds.Attrs{"k": "v"},
	}
	full.Anonymous.A = 5
	for _, want := range []kinds.Value{{ID: 1}, full} {
		if err := values.Create(t.Context(), &want); err != nil {
			t.Fatal(err)
		}
		got, err := values.Get(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("stored\n%+v\nread\n%+v", want, *got)
		}
	}
}

func TestPointer(t *testing.T) {
	pointers := kinds.NewPointers(connect(t))
	zeros := kinds.Pointer{
		ID: 2, String: new(""), Bool: new(false), Int: new(0), Int64: new(int64(0)), Uint8: new(uint8(0)), Float32: new(float32(0)),
		Float64: new(0.0), Duration: new(time.Duration(0)), Text: new(netip.Addr), Number: new(big.Int),
		Binary: new(url.URL), Point: new(kinds.Point), Name: new(kinds.Name("")), Flag: new(kinds.Flag(false)),
		Level: new(kinds.Level(0)), Omitted: new(""),
	}
	full := kinds.Pointer{
		ID: 3, String: new("s"), Bool: new(true), Int: new(-1), Int64: new(int64(math.MaxInt64)), Uint8: new(uint8(255)),
		Float32: new(float32(0.1)), Float64: new(0.1), Time: &moment, Duration: new(time.Hour), Text: &address,
		Number: big.NewInt(-7), Binary: &link, Point: &kinds.Point{X: 1}, Name: new(kinds.Name("n")),
		Flag: new(kinds.Flag(true)), Level: new(kinds.Level(1)), Omitted: new("o"),
	}
	for _, want := range []kinds.Pointer{{ID: 1}, zeros, full} {
		if err := pointers.Create(t.Context(), &want); err != nil {
			t.Fatal(err)
		}
		got, err := pointers.Get(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("stored\n%+v\nread\n%+v", want, *got)
		}
	}
}

// TestOmitted stores no field but the key of a zero value, and every field
// of a full one.
func TestOmitted(t *testing.T) {
	server := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	client, err := repo.New(rdb, repo.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	omitted := kinds.NewOmittedRepository(client)
	full := kinds.Omitted{
		ID: "full", String: "s", Bool: true, Int: 1, Uint64: 1, Float64: 1, Bytes: []byte("b"), Time: moment, Duration: 1, Text: address,
		Point: kinds.Point{X: 1}, Any: true, Slice: []int{1}, Map: map[string]int{"a": 1}, Flag: true, Labels: kinds.Labels{"l"},
		Attrs: kinds.Attrs{"k": "v"},
	}
	empty := kinds.Omitted{ID: "empty", Bytes: []byte{}, Slice: []int{}, Map: map[string]int{}, Labels: kinds.Labels{}}
	for _, test := range []struct {
		value kinds.Omitted
		want  kinds.Omitted
		size  int
	}{
		{kinds.Omitted{ID: "zero"}, kinds.Omitted{ID: "zero"}, 1},
		{empty, kinds.Omitted{ID: "empty"}, 1},
		{full, full, 17},
	} {
		if err := omitted.Create(t.Context(), &test.value); err != nil {
			t.Fatal(err)
		}
		got, err := omitted.Get(t.Context(), test.want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(*got, test.want) {
			t.Errorf("stored\n%+v\nread\n%+v", test.value, *got)
		}
		keys, err := server.HKeys("{omitted}:r:" + string(test.value.ID))
		if err != nil || len(keys) != test.size {
			t.Errorf("record %s has fields %q, %v; want %d", test.value.ID, keys, err, test.size)
		}
	}
}
