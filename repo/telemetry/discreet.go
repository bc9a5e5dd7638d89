package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// discreet makes the spans of go-redis. They have no text of errors, which may quote a
// command, and none is the root of a trace: what belongs to no operation is of the
// background, such as the question which nodes a cluster has.
type discreet struct{ trace.TracerProvider }

func (p discreet) Tracer(name string, opts ...trace.TracerOption) trace.Tracer {
	return discreetTracer{p.TracerProvider.Tracer(name, opts...)}
}

type discreetTracer struct{ trace.Tracer }

func (t discreetTracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, trace.SpanFromContext(ctx) // which does nothing
	}
	ctx, span := t.Tracer.Start(ctx, name, opts...)
	return ctx, discreetSpan{span}
}

type discreetSpan struct{ trace.Span }

func (discreetSpan) RecordError(error, ...trace.EventOption) {}

func (s discreetSpan) SetStatus(code codes.Code, _ string) { s.Span.SetStatus(code, "") }
