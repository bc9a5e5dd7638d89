package tframex

import (
	"context"
	"math"
	"time"

	"github.com/redisgen/redisgen/repo"
)

// Record stores measured values, and sets their ID and Timestamp, now, where they are
// empty. If some fail, the error is a [*repo.ManyError] that says which; the others are
// stored. One round trip for a hundred values.
func (s *Store) Record(ctx context.Context, metrics ...*Metric) error {
	for _, m := range metrics {
		if m == nil {
			continue // which CreateMany reports
		}
		if err := s.orNow(ctx, &m.Timestamp); err != nil {
			return err
		}
	}
	return s.Metrics.CreateMany(ctx, metrics)
}

// MetricRange returns the query for the values of a metric from a time on until before
// another, in order. A zero time is no bound.
func (s *Store) MetricRange(name string, from, to time.Time) *repo.Query[*Metric, string] {
	where := []repo.Predicate[*Metric]{MetricFields.MetricName.Eq(name)}
	if !from.IsZero() {
		where = append(where, MetricFields.Timestamp.Gte(from))
	}
	if !to.IsZero() {
		where = append(where, MetricFields.Timestamp.Lt(to))
	}
	return s.Metrics.Where(where...).OrderBy(MetricFields.Timestamp.Asc())
}

// Summary is what values of a metric come to. Without values all is 0.
type Summary struct {
	Count    int64
	Min, Max float64
	Sum      float64 // compensated for rounding
}

// Avg returns the mean of the values, 0 without any.
func (s Summary) Avg() float64 {
	if s.Count == 0 {
		return 0
	}
	return s.Sum / float64(s.Count)
}

// Summarize returns what the values of [Store.MetricRange] come to. It reads all of them,
// in pages, in constant memory: only the values, and a round trip for each hundred.
func (s *Store) Summarize(ctx context.Context, name string, from, to time.Time) (Summary, error) {
	var sum Summary
	var lost float64 // by rounding: Kahan and Babuška, https://doi.org/10.1002/zamm.19740540106
	for m, err := range s.MetricRange(name, from, to).Select(MetricFields.Value).All(ctx) {
		if err != nil {
			return Summary{}, err
		}
		if sum.Count++; sum.Count == 1 {
			sum.Min, sum.Max = m.Value, m.Value
		}
		sum.Min, sum.Max = min(sum.Min, m.Value), max(sum.Max, m.Value)
		total := sum.Sum + m.Value
		if math.Abs(sum.Sum) >= math.Abs(m.Value) {
			lost += (sum.Sum - total) + m.Value
		} else {
			lost += (m.Value - total) + sum.Sum
		}
		sum.Sum = total
	}
	if total := sum.Sum + lost; !math.IsNaN(total) { // else there are infinities
		sum.Sum = total
	}
	return sum, nil
}
