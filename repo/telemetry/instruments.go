package telemetry

import (
	"context"
	"errors"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/redisgen/redisgen/repo"
)

// buckets are the bounds of durations in seconds: those of the conventions, and finer ones
// below, where most operations are.
var buckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// instruments measure operations.
type instruments struct {
	duration metric.Float64Histogram
	counters []counter
	sets     sync.Map // metric.MeasurementOption by series
}

// counter counts something of operations.
type counter struct {
	metric.Int64Counter
	of      func(repo.Operation) int64
	byIndex bool
}

// series is what tells measurements apart.
type series struct {
	entity, name, index string
	outcome             repo.Outcome
}

func newInstruments(meter metric.Meter) (*instruments, error) {
	in := new(instruments)
	var failed, err error
	in.duration, failed = meter.Float64Histogram("db.client.operation.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of operations."), metric.WithExplicitBucketBoundaries(buckets...))
	for _, c := range []struct {
		name, unit, description string
		byIndex                 bool
		of                      func(repo.Operation) int64
	}{
		{"redisgen.round_trips", "{round_trip}", "How often operations waited for a server.", false, func(op repo.Operation) int64 { return op.RoundTrips }},
		{"redisgen.retries", "{retry}", "How often operations sent something again.", false, func(op repo.Operation) int64 { return op.Retries }},
		{"redisgen.conflicts", "{conflict}", "How often a record had changed since it was read.", false, func(op repo.Operation) int64 { return op.Conflicts }},
		{"redisgen.query.examined", "{entry}", "Index entries that queries looked at.", true, func(op repo.Operation) int64 { return op.Examined }},
		{"redisgen.query.returned", "{record}", "Records and ids that queries found.", true, returned},
		{"redisgen.query.walks", "{operation}", "Queries that no index narrowed down.", true, walks},
		{"redisgen.repaired", "{entry}", "Index entries removed because their record was gone.", false, func(op repo.Operation) int64 { return op.Repaired }},
		{"redisgen.released", "{record}", "Expired records and claims that sweeps released.", false, func(op repo.Operation) int64 { return op.Released }},
	} {
		made, err2 := meter.Int64Counter(c.name, metric.WithUnit(c.unit), metric.WithDescription(c.description))
		err = errors.Join(err, err2)
		in.counters = append(in.counters, counter{made, c.of, c.byIndex})
	}
	return in, errors.Join(failed, err)
}

// returned is how many records a query found.
func returned(op repo.Operation) int64 {
	if op.Index == "" {
		return 0
	}
	return op.Returned
}

func walks(op repo.Operation) int64 {
	if op.Walks {
		return 1
	}
	return 0
}

// record measures an operation.
func (in *instruments) record(ctx context.Context, op repo.Operation) {
	in.duration.Record(ctx, op.Took.Seconds(), in.set(series{op.Entity, op.Name, "", op.Outcome}))
	for _, c := range in.counters {
		if n := c.of(op); n > 0 {
			of := series{entity: op.Entity, name: op.Name}
			if c.byIndex {
				of.index = op.Index
			}
			c.Add(ctx, n, in.set(of))
		}
	}
}

// set returns the attributes of a series, which are put together once.
func (in *instruments) set(of series) metric.MeasurementOption {
	if set, ok := in.sets.Load(of); ok {
		return set.(metric.MeasurementOption)
	}
	list := identify(repo.Operation{Entity: of.entity, Name: of.name})
	for key, value := range map[attribute.Key]string{indexKey: of.index, outcomeKey: string(of.outcome)} {
		if value != "" {
			list = append(list, key.String(value))
		}
	}
	if of.outcome.Failed() {
		list = append(list, semconv.ErrorTypeKey.String(string(of.outcome)))
	}
	set, _ := in.sets.LoadOrStore(of, metric.WithAttributeSet(attribute.NewSet(list...)))
	return set.(metric.MeasurementOption)
}
