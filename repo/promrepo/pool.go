package promrepo

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
)

// NewPoolCollector returns the collector of a client's connections: of a cluster, those to
// all nodes together. Unregister it when the client is closed.
func NewPoolCollector(client *repo.Client) prometheus.Collector {
	return &pools{client.Redis().PoolStats}
}

// pools collects what go-redis says of its pools, when it is asked.
type pools struct{ stats func() *redis.PoolStats }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "pool", name), help, labels, nil)
}

var (
	connections   = describe("connections", "Open connections, by whether they are idle or used.", "pool", "state")
	subscriptions = describe("subscription_connections", "Open connections of subscriptions, which are in no pool.")
	hits          = describe("hits_total", "How often an idle connection was found.", "pool")
	misses        = describe("misses_total", "How often no idle connection was found.", "pool")
	timeouts      = describe("timeouts_total", "How often no connection was free within PoolTimeout.", "pool")
	waits         = describe("waits_total", "How often a connection was waited for.", "pool")
	waited        = describe("wait_seconds_total", "How long connections were waited for.", "pool")
	stale         = describe("stale_connections_total", "Connections closed because they were too old or broken.", "pool")
)

func (p *pools) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{connections, subscriptions, hits, misses, timeouts, waits, waited, stale} {
		to <- desc
	}
}

func (p *pools) Collect(to chan<- prometheus.Metric) {
	stats := p.stats()
	collect(to, "commands", stats)
	if stats.PipelineStats != nil {
		collect(to, "pipelines", (*redis.PoolStats)(stats.PipelineStats))
	}
	to <- prometheus.MustNewConstMetric(subscriptions, prometheus.GaugeValue, float64(stats.PubSubStats.Active))
}

// collect sends the metrics of one pool: go-redis has one for pipelines beside that for
// single commands.
func collect(to chan<- prometheus.Metric, pool string, stats *redis.PoolStats) {
	idle, all := float64(stats.IdleConns), float64(stats.TotalConns)
	to <- prometheus.MustNewConstMetric(connections, prometheus.GaugeValue, idle, pool, "idle")
	to <- prometheus.MustNewConstMetric(connections, prometheus.GaugeValue, max(0, all-idle), pool, "used")
	for desc, n := range map[*prometheus.Desc]float64{
		hits: float64(stats.Hits), misses: float64(stats.Misses), timeouts: float64(stats.Timeouts), waits: float64(stats.WaitCount),
		waited: float64(stats.WaitDurationNs) / 1e9, stale: float64(stats.StaleConns),
	} {
		to <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, n, pool)
	}
}
