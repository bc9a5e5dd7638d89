package behaviour

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/behaviour/numbers"
)

// Counters are exact up to the limits of their types, and refuse to go beyond.
func TestCountersAtTheirLimits(t *testing.T) {
	f := numbers.CounterFields
	type change = repo.Change[*numbers.Counter]
	low := numbers.Counter{
		ID: "7", Int8: math.MinInt8, Int16: math.MinInt16, Int32: math.MinInt32, Int64: math.MinInt64, Int: math.MinInt,
		Float32: -math.MaxFloat32, Float64: -math.MaxFloat64, Scored: -1 << 53,
	}
	high := numbers.Counter{
		ID: "7", Int8: math.MaxInt8, Int16: math.MaxInt16, Int32: math.MaxInt32, Int64: math.MaxInt64, Int: math.MaxInt,
		Uint8: math.MaxUint8, Uint16: math.MaxUint16, Uint32: math.MaxUint32, Uint64: math.MaxUint64, Uint: math.MaxUint,
		Float32: math.MaxFloat32, Float64: math.MaxFloat64, Scored: 1 << 53, Serial: math.MaxUint64,
	}
	up := map[string]change{
		"int8": f.Int8.Add(1), "int16": f.Int16.Add(1), "int32": f.Int32.Add(1), "int64": f.Int64.Add(1), "int": f.Int.Add(1),
		"uint8": f.Uint8.Add(1), "uint16": f.Uint16.Add(1), "uint32": f.Uint32.Add(1), "uint64": f.Uint64.Add(1), "uint": f.Uint.Add(1),
		"float32": f.Float32.Add(1e38), "float64": f.Float64.Add(1e308), "scored": f.Scored.Add(1), "serial": f.Serial.Add(1),
		"all at once": f.Int64.Add(math.MaxInt64), "uint64 at once": f.Uint64.Add(math.MaxUint64),
	}
	down := map[string]change{
		"int8": f.Int8.Add(-1), "int16": f.Int16.Add(-1), "int32": f.Int32.Add(-1), "int64": f.Int64.Add(-1), "int": f.Int.Add(-1),
		"float32": f.Float32.Add(-1e38), "float64": f.Float64.Add(-1e308), "scored": f.Scored.Add(-1), "all at once": f.Int64.Add(math.MinInt64),
	}
	each(t, func(t *testing.T, client *repo.Client) {
		counters := numbers.NewCounters(client)
		for _, side := range []struct {
			at     numbers.Counter
			beyond map[string]change
		}{{low, down}, {high, up}} {
			must(t, counters.Save(t.Context(), &side.at))
			before := snapshot(t, client)
			for name, c := range side.beyond {
				wantErr(t, name, counters.Patch(t.Context(), "7", c), repo.ErrRange)
			}
			wantSame(t, "after refused patches", snapshot(t, client), before)
			got, err := counters.Get(t.Context(), "7")
			if err != nil || !reflect.DeepEqual(*got, side.at) {
				t.Errorf("Get = %+v, %v", got, err)
			}
		}
	})
}

func TestCountersAcrossTheirRange(t *testing.T) {
	f := numbers.CounterFields
	each(t, func(t *testing.T, client *repo.Client) {
		counters := numbers.NewCounters(client)
		must(t, counters.Create(t.Context(), &numbers.Counter{ID: "7", Int64: math.MinInt64}))
		total := int64(math.MinInt64)
		for _, amount := range []int64{
			math.MaxInt64, 1, math.MaxInt64, math.MinInt64, 1e18, -1, 999_999_999, 1, -1_000_000_000, 1e9 + 1, -2e9, 1 << 53, 1, 1,
			-(1 << 60), 123456789012345678, 0, -123456789,
		} {
			total += amount
			must(t, counters.Patch(t.Context(), "7", f.Int64.Add(amount)))
			got, err := counters.Get(t.Context(), "7")
			if err != nil || got.Int64 != total {
				t.Fatalf("after adding %d the counter is %d, %v, want %d", amount, got.Int64, err, total)
			}
		}
		must(t, counters.Patch(t.Context(), "7", f.Uint64.Add(1<<63), f.Serial.Add(1<<53+1), f.Scored.Add(1<<53), f.Int8.Add(-128), f.Float64.Add(0.1)))
		must(t, counters.Patch(t.Context(), "7", f.Uint64.Add(1<<63-1), f.Serial.Add(1<<62), f.Scored.Add(-1), f.Int8.Add(127), f.Float64.Add(0.2)))
		got, err := counters.Get(t.Context(), "7")
		tenth := 0.1
		if err != nil || got.Uint64 != math.MaxUint64 || got.Serial != 1<<62+1<<53+1 || got.Scored != 1<<53-1 || got.Int8 != -1 || got.Float64 != tenth+0.2 {
			t.Errorf("Get = %+v, %v", got, err)
		}
		wantCount(t, "by the score", counters.Where(f.Scored.Eq(1<<53-1)), 1)
		wantCount(t, "by the score before", counters.Where(f.Scored.Gt(1<<53-1)), 0)
		wantCount(t, "by the serial", counters.Where(f.Serial.Eq(1<<62+1<<53+1)), 1)
		wantErr(t, "Add of NaN", counters.Patch(t.Context(), "7", f.Float64.Add(math.NaN())), repo.ErrNaN)
		wantErr(t, "Add of infinity", counters.Patch(t.Context(), "7", f.Float64.Add(math.Inf(1))), repo.ErrNaN)
	})
}

// An absent number counts as zero; one that is none refuses.
func TestAddToWhatIsNoNumber(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		memberships, f := app.NewMemberships(client), app.MembershipFields
		key := app.MembershipKey{Group: "g", User: "u"}
		must(t, memberships.Create(t.Context(), &app.Membership{Group: "g", User: "u"}))
		must(t, memberships.Patch(t.Context(), key, f.Rank.Add(-5)))
		got, err := memberships.Get(t.Context(), key)
		if err != nil || got.Rank == nil || *got.Rank != -5 {
			t.Errorf("Get = %+v, %v", got, err)
		}
		wantCount(t, "by the rank", memberships.Where(f.Rank.Eq(-5)), 1)

		record := recordKey(client, "memberships", "1:gu")
		must(t, raw(client).HSet(t.Context(), record, "rank", "five").Err())
		before := snapshot(t, client)
		wantErr(t, "Add to a word", memberships.Patch(t.Context(), key, f.Rank.Add(1)), repo.ErrRange)
		wantSame(t, "after a refused patch", snapshot(t, client), before)
		_, err = memberships.Get(t.Context(), key)
		if err == nil {
			t.Error("Get of a rank that is a word succeeded")
		}
	})
}

// Integers beyond 2^53 keep their order in a lex index.
func TestLexIntegers(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		tokens, f := app.NewTokens(client), app.TokenFields
		order := []int64{
			math.MinInt64, math.MinInt64 + 1, -1 << 53, -1_000_000_000, -100, -99, -10, -9, -1, 0, 1, 9, 10, 99, 1 << 53, 1<<53 + 1,
			math.MaxInt64 - 1, math.MaxInt64,
		}
		for i, serial := range order {
			must(t, tokens.Create(t.Context(), &app.Token{Number: int64(i * 7 % len(order)), Serial: serial}))
		}
		serials := func(q *repo.Query[*app.Token, int64]) (all []int64) {
			for _, token := range list(t, q) {
				all = append(all, token.Serial)
			}
			return all
		}
		if got := serials(tokens.Where().OrderBy(f.Serial.Asc())); !reflect.DeepEqual(got, order) {
			t.Errorf("in order: %d", got)
		}
		for i, low := range order {
			if got := serials(tokens.Where(f.Serial.Eq(low))); !reflect.DeepEqual(got, []int64{low}) {
				t.Errorf("Eq(%d) = %d", low, got)
			}
			got := serials(tokens.Where(f.Serial.Gte(low)))
			if layout.Sharded("tokens") {
				slices.Sort(got)
			}
			if !reflect.DeepEqual(got, order[i:]) {
				t.Errorf("Gte(%d) = %d", low, got)
			}
			if got := serials(tokens.Where(f.Serial.Gt(low))); len(got) != len(order)-i-1 {
				t.Errorf("Gt(%d) = %d", low, got)
			}
			if got := serials(tokens.Where(f.Serial.Lt(low))); len(got) != i {
				t.Errorf("Lt(%d) = %d", low, got)
			}
			high := order[min(i+3, len(order)-1)]
			wantCount(t, "Between", tokens.Where(f.Serial.Between(low, high)), int64(min(4, len(order)-i)))
		}
	})
}
