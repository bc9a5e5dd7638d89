// Package promrepo has metrics of clients for Prometheus: of the operations of their
// repositories, and of their connections.
//
//	metrics := promrepo.New()
//	client, err := repo.Open(ctx, repo.Config{Observers: []repo.Observer{metrics}})
//	if err != nil {
//		return err
//	}
//	prometheus.MustRegister(metrics, promrepo.NewPoolCollector(client))
//
// No label has ids, keys or values of records: there are as many series as there are
// entities, methods, indexes and outcomes. docs/observability.md lists the metrics.
//
// Register metrics of several clients by prometheus.WrapRegistererWith, with a label that
// tells them apart.
package promrepo

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redisgen/redisgen/repo"
)

// namespace begins the names of all metrics.
const namespace = "redisgen"

// Metrics counts and measures the operations of the clients whose [repo.Config.Observers]
// have it. It is safe for concurrent use.
type Metrics struct {
	duration *prometheus.HistogramVec
	counters []counter
}

// counter counts something of operations, by the values of its labels.
type counter struct {
	*prometheus.CounterVec
	of     func(repo.Operation) int64
	labels func(repo.Operation) []string
}

// Option changes how operations are measured.
type Option func(*options)

type options struct{ buckets []float64 }

// Buckets are the upper bounds of redisgen_operation_duration_seconds, in seconds.
// Default: from 0.1 ms to 10 s, three for each power of ten.
func Buckets(bounds ...float64) Option { return func(o *options) { o.buckets = bounds } }

// New returns metrics of operations, which are registered once and can be those of several
// clients together.
func New(opts ...Option) *Metrics {
	o := options{buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}
	for _, opt := range opts {
		opt(&o)
	}
	m := &Metrics{duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: "operation_duration_seconds", Buckets: o.buckets,
		Help: "Duration of operations, by their outcome.",
	}, []string{"entity", "operation", "outcome"})}
	m.count(byOperation, "round_trips_total", "How often operations waited for a server.", func(op repo.Operation) int64 { return op.RoundTrips })
	m.count(byOperation, "retries_total", "How often operations sent something again.", func(op repo.Operation) int64 { return op.Retries })
	m.count(byOperation, "conflicts_total", "How often a record had changed since it was read.", func(op repo.Operation) int64 { return op.Conflicts })
	m.count(byIndex, "query_examined_entries_total", "Index entries that queries looked at.", func(op repo.Operation) int64 { return op.Examined })
	m.count(byIndex, "query_returned_records_total", "Records and ids that queries found.", returned)
	m.count(byIndex, "query_walks_total", "Queries that no index narrowed down.", walks)
	m.count(byEntity, "repaired_entries_total", "Index entries removed because their record was gone.", func(op repo.Operation) int64 { return op.Repaired })
	m.count(byEntity, "released_records_total", "Expired records and claims that sweeps released.", func(op repo.Operation) int64 { return op.Released })
	return m
}

// labelling says which labels a counter has.
type labelling struct {
	names  []string
	values func(repo.Operation) []string
}

var (
	byOperation = labelling{[]string{"entity", "operation"}, func(op repo.Operation) []string { return []string{op.Entity, op.Name} }}
	byIndex     = labelling{[]string{"entity", "operation", "index"}, func(op repo.Operation) []string { return []string{op.Entity, op.Name, op.Index} }}
	byEntity    = labelling{[]string{"entity"}, func(op repo.Operation) []string { return []string{op.Entity} }}
)

func (m *Metrics) count(by labelling, name, help string, of func(repo.Operation) int64) {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, by.names)
	m.counters = append(m.counters, counter{vec, of, by.values})
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

// Start makes Metrics a [repo.Observer].
func (m *Metrics) Start(ctx context.Context, _ repo.Operation) context.Context { return ctx }

// End makes Metrics a [repo.Observer].
func (m *Metrics) End(_ context.Context, op repo.Operation) {
	m.duration.WithLabelValues(op.Entity, op.Name, string(op.Outcome)).Observe(op.Took.Seconds())
	for _, c := range m.counters {
		if n := c.of(op); n > 0 {
			c.WithLabelValues(c.labels(op)...).Add(float64(n))
		}
	}
}

// Describe makes Metrics a [prometheus.Collector].
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	m.duration.Describe(to)
	for _, c := range m.counters {
		c.Describe(to)
	}
}

// Collect makes Metrics a [prometheus.Collector].
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	m.duration.Collect(to)
	for _, c := range m.counters {
		c.Collect(to)
	}
}
