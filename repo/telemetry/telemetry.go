// Package telemetry has a client traced and measured with OpenTelemetry: the operations of
// its repositories, and beneath them the commands of go-redis.
//
//	config := repo.Config{Addrs: []string{"localhost:6379"}}
//	if err := telemetry.Instrument(&config); err != nil {
//		return err
//	}
//	client, err := repo.Open(ctx, config)
//
// Names follow the semantic conventions for databases of OpenTelemetry 1.43.0
// (https://opentelemetry.io/docs/specs/semconv/database/). Spans and metrics have neither
// ids nor keys nor values of records; docs/observability.md lists what they have.
package telemetry

import (
	"errors"

	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/redisgen/redisgen/repo"
)

// Option changes what is traced and measured, and where it goes.
type Option func(*options)

type options struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
}

// TracerProvider takes the spans. Default: the global one when the option is applied.
func TracerProvider(p trace.TracerProvider) Option { return func(o *options) { o.tracers = p } }

// MeterProvider takes the metrics. Default: the global one when the option is applied.
func MeterProvider(p metric.MeterProvider) Option { return func(o *options) { o.meters = p } }

func collect(opts []Option) options {
	o := options{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// Instrument has the client that [repo.Open] makes from config traced and measured, with
// the connection underneath: it adds to Observers and Instrument, and leaves what they
// have.
//
// A span of go-redis is a child of the operation that sends the command. What the client
// does in the background makes no spans.
func Instrument(config *repo.Config, opts ...Option) error {
	o := collect(opts)
	observer, err := newObserver(o)
	if err != nil {
		return err
	}
	config.Observers = append(config.Observers[:len(config.Observers):len(config.Observers)], observer)
	before := config.Instrument
	config.Instrument = func(rdb redis.UniversalClient) (func(), error) {
		stopBefore := func() {}
		if before != nil {
			stop, err := before(rdb)
			if err != nil {
				return nil, err
			}
			if stop != nil {
				stopBefore = stop
			}
		}
		stop, err := o.instrument(rdb)
		if err != nil {
			stopBefore()
			return nil, err
		}
		return func() { stop(); stopBefore() }, nil
	}
	return nil
}

// NewObserver returns what traces and measures the operations of clients, for a client of
// [repo.New]: its connection is instrumented by who made it. Instrument adds one itself.
func NewObserver(opts ...Option) (repo.Observer, error) { return newObserver(collect(opts)) }

// instrument has a connection traced and measured by go-redis's own instrumentation.
func (o options) instrument(rdb redis.UniversalClient) (stop func(), err error) {
	closed := make(chan struct{})
	err = errors.Join(
		redisotel.InstrumentTracing(rdb, redisotel.WithTracerProvider(discreet{o.tracers}),
			redisotel.WithDBStatement(false), redisotel.WithCallerEnabled(false)),
		redisotel.InstrumentMetrics(rdb, redisotel.WithMeterProvider(o.meters),
			redisotel.WithSemConvCompliantMetrics(true), redisotel.WithCloseChan(closed)),
	)
	if err != nil {
		close(closed)
		return nil, err
	}
	return func() { close(closed) }, nil
}
