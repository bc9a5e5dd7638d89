package repo

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"
)

func FuzzSum(f *testing.F) {
	sum := newLuaFunction(f, "number", "sum", 5)
	for _, pair := range [][2]int64{
		{0, 0}, {math.MaxInt64, 1}, {math.MinInt64, -1}, {math.MaxInt64, math.MinInt64}, {999_999_999, 1}, {-999_999_999, -1},
		{1_000_000_000, -1}, {-1_000_000_000, 1}, {-1_000_000_000, 1_000_000_000}, {1e18, -1e18 + 1}, {exactScore, 1}, {127, 1}, {255, -256},
	} {
		for kind := range 9 {
			f.Add(pair[0], pair[1], byte(kind), "12x", 1.5, -0.25)
		}
	}
	f.Add(int64(0), int64(0), byte(3), "1.2.3", math.MaxFloat64, math.MaxFloat64)
	f.Add(int64(0), int64(0), byte(3), "1-2", math.Inf(1), math.SmallestNonzeroFloat64)
	f.Add(int64(0), int64(0), byte(3), "99999999999999999999999999999999999999", math.NaN(), math.Copysign(0, -1))
	f.Fuzz(func(t *testing.T, stored, amount int64, kind byte, text string, x, y float64) {
		input, want := intSum(kind, stored, amount)
		if got := sumOf(t, sum, input); got != want {
			t.Errorf("sum(%q) is %s, want %s", input, got, want)
		}

		input = floatSum(x, y)
		if got := sumOf(t, sum, input); !sameSum(got, goSum(x, y)) {
			t.Errorf("sum(%q) is %s, want %v", input, got, goSum(x, y))
		}

		// What another hand has stored may be anything.
		want = "nil"
		if sum, ok := new(big.Int).SetString(text, 10); ok && text[0] != '+' {
			if sum.Add(sum, big.NewInt(1)); sum.IsInt64() {
				want = sum.String()
			}
		}
		if got := sumOf(t, sum, []string{"int", text, "1", strconv.Itoa(math.MinInt64), strconv.Itoa(math.MaxInt64)}); got != want {
			t.Errorf("%q and 1 are %s, want %s", text, got, want)
		}
		x, err := strconv.ParseFloat(text, 64)
		if errors.Is(err, strconv.ErrRange) {
			return // an infinity on a server, an error in the embedded one
		}
		if got := sumOf(t, sum, []string{"float", text, "1", "-1e+300", "1e+300"}); got != "nil" && (err != nil || !sameSum(got, x+1)) {
			t.Errorf("%q and 1 are %s, want %v, %v", text, got, x+1, err)
		}
	})
}

func sumOf(t *testing.T, sum *luaFunction, input []string) string {
	t.Helper()
	if got, ok := sum.call(t, input...); ok {
		return got
	}
	return "nil"
}

// intSum returns arguments of sum for a kind of integer field, and its result.
// Amounts of unsigned fields are not negative.
func intSum(kind byte, stored, amount int64) (input []string, want string) {
	field := []FieldInfo{
		{Kind: KindInt}, {Kind: KindInt, Bits: 64}, {Kind: KindInt, Bits: 32}, {Kind: KindInt, Bits: 8}, {Kind: KindUint},
		{Kind: KindUint, Bits: 64}, {Kind: KindUint, Bits: 16}, {Kind: KindInt, Scored: true, Bits: 64}, {Kind: KindUint, Scored: true, Bits: 64},
	}[kind%9]
	x, y := big.NewInt(stored), big.NewInt(amount)
	if field.Kind == KindUint {
		x, y = new(big.Int).SetUint64(uint64(stored)), new(big.Int).SetUint64(uint64(amount))
	}
	a := field.addition(y.String())
	low, _ := new(big.Int).SetString(a.low, 10)
	high, _ := new(big.Int).SetString(a.high, 10)
	input = []string{a.kind, x.String(), a.amount, a.low, a.high}
	if x.Add(x, y); x.Cmp(low) < 0 || x.Cmp(high) > 0 {
		return input, "nil"
	}
	return input, x.String()
}

// floatSum returns arguments of sum for a float field. Amounts are finite: 0
// stands for one that is not.
func floatSum(x, y float64) []string {
	a := FieldInfo{Kind: KindFloat, Bits: 64}.addition(storedFloat(y))
	if !finite(a.amount) {
		a.amount = "0"
	}
	return []string{a.kind, storedFloat(x), a.amount, a.low, a.high}
}

func storedFloat(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// goSum returns the sum that floatSum asks for; NaN if there is none.
func goSum(x, y float64) float64 {
	if math.IsNaN(y) || math.IsInf(y, 0) {
		y = 0
	}
	if sum := x + y; !math.IsInf(sum, 0) && !math.IsInf(x, 0) {
		return sum
	}
	return math.NaN()
}

func sameSum(got string, want float64) bool {
	if math.IsNaN(want) {
		return got == "nil"
	}
	f, err := strconv.ParseFloat(got, 64)
	return err == nil && f == want
}

func TestSumOnServers(t *testing.T) {
	r := random(t)
	var inputs [][]string
	var want []string
	for i := range 6000 {
		input, sum := intSum(byte(i), randomInt(r), randomInt(r))
		inputs, want = append(inputs, input), append(want, sum)
	}
	// Sums at the very edge of what a field can hold.
	for kind := range byte(9) {
		for _, pair := range [][2]int64{{math.MaxInt64, 0}, {math.MaxInt64 - 1, 1}, {math.MaxInt64, 1}, {math.MinInt64, 0}, {math.MinInt64, -1}, {-1, 0}, {-1, 1}, {-2, 1}} {
			input, sum := intSum(kind, pair[0], pair[1])
			inputs, want = append(inputs, input), append(want, sum)
		}
	}
	newLuaFunction(t, "number", "sum", 5).agree(t, inputs, want)
}

// randomInt returns an integer of any magnitude, often near a power of ten.
func randomInt(r *rand.Rand) int64 {
	n := int64(r.Uint64()) >> r.IntN(64)
	if r.IntN(3) == 0 {
		n = int64(math.Pow10(r.IntN(19))) + r.Int64N(5) - 2
	}
	if r.IntN(2) == 0 {
		n = -n
	}
	return n
}

func TestFloatSumOnServers(t *testing.T) {
	r := random(t)
	pick := func() float64 {
		switch r.IntN(4) {
		case 0:
			return math.Float64frombits(r.Uint64())
		case 1:
			return []float64{0, math.Copysign(0, -1), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 0.1, 1e6, 1e21, math.Inf(1), math.NaN()}[r.IntN(10)]
		}
		return r.NormFloat64() * math.Pow10(r.IntN(20)-10)
	}
	var inputs [][]string
	var want []float64
	for range 4000 {
		x, y := pick(), pick()
		inputs, want = append(inputs, floatSum(x, y)), append(want, goSum(x, y))
	}
	// The server's 17 digits are not always the shortest: what counts is how they read.
	sum := newLuaFunction(t, "number", "sum", 5)
	eachServer(t, func(t *testing.T, rdb *redis.Client) {
		for i, got := range sum.eval(t, rdb, inputs) {
			if !sameSum(got, want[i]) {
				t.Errorf("%q: %s, want %v", inputs[i], got, want[i])
			}
		}
	})
}

// What another hand has stored where a number should be is refused.
func TestSumOfOtherText(t *testing.T) {
	bounds := []string{"1", "-9223372036854775808", "9223372036854775807"}
	var inputs [][]string
	var want []string
	for text, sum := range map[string]string{
		"": "nil", "x": "nil", "1.5": "nil", "1e3": "nil", "--1": "nil", "+1": "nil", " 1": "nil", "1\n": "nil", "0x10": "nil",
		"007": "8", "-0": "1", "99999999999999999999999999999": "nil", "-99999999999999999999999999999": "nil",
	} {
		inputs, want = append(inputs, append([]string{"int", text}, bounds...)), append(want, sum)
	}
	for text, sum := range map[string]string{
		"": "nil", "x": "nil", "inf": "nil", "nan": "nil", "NaN": "nil", "0x10": "nil", "1.2.3": "nil", "1-2": "nil", "1e": "nil", "1e5e": "nil", "..1": "nil",
		"1.": "2", "001000": "1001", "-007.5": "-6.5", "00": "1", ".5": "1.5", "+2": "3", "1e+02": "101", "1E2": "101", "-0": "1",
	} {
		inputs, want = append(inputs, append([]string{"float", text}, "1", "-1e+300", "1e+300")), append(want, sum)
	}
	newLuaFunction(t, "number", "sum", 5).agree(t, inputs, want)
}
