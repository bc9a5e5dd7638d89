package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/redisgen/redisgen/repo"
)

// scope is the name of what makes the spans and metrics.
const scope = "github.com/redisgen/redisgen/repo/telemetry"

// Attributes that the conventions do not have.
const (
	outcomeKey    = attribute.Key("redisgen.outcome")
	indexKey      = attribute.Key("redisgen.index")
	walksKey      = attribute.Key("redisgen.walks")
	examinedKey   = attribute.Key("redisgen.examined")
	repairedKey   = attribute.Key("redisgen.repaired")
	releasedKey   = attribute.Key("redisgen.released")
	roundTripsKey = attribute.Key("redisgen.round_trips")
	retriesKey    = attribute.Key("redisgen.retries")
	conflictsKey  = attribute.Key("redisgen.conflicts")
)

// observer makes a span of each operation, and metrics.
type observer struct {
	tracer trace.Tracer
	*instruments
}

func newObserver(o options) (*observer, error) {
	meters, err := newInstruments(o.meters.Meter(scope))
	if err != nil {
		return nil, err
	}
	return &observer{o.tracers.Tracer(scope), meters}, nil
}

// spanKey is the key of the observer's span in a context: the current span may be that of
// another observer.
type spanKey struct{ of *observer }

// Start begins a span. What nobody waits for has none.
func (o *observer) Start(ctx context.Context, op repo.Operation) context.Context {
	if op.Background {
		return ctx
	}
	name := op.Name
	if op.Entity != "" {
		name += " " + op.Entity
	}
	ctx, span := o.tracer.Start(ctx, name, trace.WithTimestamp(op.At),
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(identify(op)...))
	return context.WithValue(ctx, spanKey{o}, span)
}

// End ends the span and measures the operation.
func (o *observer) End(ctx context.Context, op repo.Operation) {
	if span, ok := ctx.Value(spanKey{o}).(trace.Span); ok {
		if span.IsRecording() {
			span.SetAttributes(describe(op)...)
			if op.Outcome.Failed() {
				span.SetStatus(codes.Error, string(op.Outcome))
			}
		}
		span.End(trace.WithTimestamp(op.At.Add(op.Took)))
	}
	o.record(ctx, op)
}

// identify returns which operation it is.
func identify(op repo.Operation) []attribute.KeyValue {
	list := make([]attribute.KeyValue, 2, 6)
	list[0], list[1] = semconv.DBSystemNameRedis, semconv.DBOperationName(op.Name)
	if op.Entity != "" {
		list = append(list, semconv.DBCollectionName(op.Entity))
	}
	if op.Size > 1 {
		list = append(list, semconv.DBOperationBatchSize(op.Size))
	}
	return list
}

// describe returns what has become of an operation.
func describe(op repo.Operation) []attribute.KeyValue {
	list := make([]attribute.KeyValue, 0, 11)
	list = append(list, outcomeKey.String(string(op.Outcome)), roundTripsKey.Int64(op.RoundTrips))
	if op.Outcome.Failed() {
		list = append(list, semconv.ErrorTypeKey.String(string(op.Outcome)))
	}
	if op.Index != "" {
		list = append(list, indexKey.String(op.Index), examinedKey.Int64(op.Examined), semconv.DBResponseReturnedRows(int(op.Returned)))
	}
	if op.Walks {
		list = append(list, walksKey.Bool(true))
	}
	for _, count := range []struct {
		key attribute.Key
		n   int64
	}{{retriesKey, op.Retries}, {conflictsKey, op.Conflicts}, {repairedKey, op.Repaired}, {releasedKey, op.Released}} {
		if count.n > 0 {
			list = append(list, count.key.Int64(count.n))
		}
	}
	return list
}
