package observe

import (
	"context"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/promrepo"
	"github.com/redisgen/redisgen/repo/telemetry"
	"github.com/redisgen/redisgen/tests/app"
)

// A Get and a page of ten, without an observer and with each.
func BenchmarkObserved(b *testing.B) {
	server := redisd.Start(b)
	sampled, metered := trace.NewTracerProvider(), metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))
	for _, with := range []struct {
		name   string
		config func(*repo.Config) error
	}{
		{"none", func(*repo.Config) error { return nil }},
		{"Prometheus", func(c *repo.Config) error { c.Observers = []repo.Observer{promrepo.New()}; return nil }},
		{"OpenTelemetry", func(c *repo.Config) error {
			return telemetry.Instrument(c, telemetry.TracerProvider(sampled), telemetry.MeterProvider(metered))
		}},
	} {
		config := repo.Config{Addrs: []string{server.Addr()}, RoundTrip: time.Hour, SweepInterval: -1}
		must(b, with.config(&config))
		client, err := repo.Open(b.Context(), config)
		must(b, err)
		users := app.NewUsers(client)
		for _, id := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"} {
			must(b, users.Save(b.Context(), &app.User{ID: id, Username: id, Status: app.Active}))
		}
		run := func(name string, f func(context.Context) error) {
			b.Run(name+"/"+with.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					must(b, f(b.Context()))
				}
			})
		}
		run("Get", func(ctx context.Context) error { _, err := users.Get(ctx, "7"); return err })
		page := users.Where(app.UserFields.Status.Eq(app.Active)).Limit(10)
		run("Page", func(ctx context.Context) error { _, err := page.Page(ctx); return err })
		must(b, client.Close())
	}
}
