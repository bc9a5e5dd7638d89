package promrepo_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/promrepo"
	"github.com/redisgen/redisgen/tests/app"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func Example() {
	ctx := context.Background()
	server, err := miniredis.Run() // a server in this process
	check(err)
	defer server.Close()

	metrics := promrepo.New()
	client, err := repo.Open(ctx, repo.Config{Addrs: []string{server.Addr()}, Observers: []repo.Observer{metrics}})
	check(err)
	defer client.Close()
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics, promrepo.NewPoolCollector(client))

	users := app.NewUsers(client)
	_, err = users.Get(ctx, "7")
	fmt.Println(err)
	families, err := registry.Gather()
	check(err)
	for _, family := range families {
		if family.GetName() == "redisgen_operation_duration_seconds" {
			for _, label := range family.GetMetric()[0].GetLabel() {
				fmt.Println(label.GetName(), label.GetValue())
			}
		}
	}
	// Output:
	// redisgen: Get users "7": not found
	// entity users
	// operation Get
	// outcome not_found
}

// Names and labels are as Prometheus wants them.
func TestConventions(t *testing.T) {
	metrics := promrepo.New(promrepo.Buckets(.001, .1))
	server := miniredis.RunT(t)
	client, err := repo.Open(t.Context(), repo.Config{Addrs: []string{server.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	for _, collector := range []prometheus.Collector{fill(metrics), promrepo.NewPoolCollector(client)} {
		problems, err := testutil.CollectAndLint(collector)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Error(p.Metric, p.Text)
		}
	}
	if n := testutil.CollectAndCount(promrepo.NewPoolCollector(client)); n < 9 {
		t.Errorf("%d metrics of pools", n)
	}
}

// fill has every metric counted once.
func fill(m *promrepo.Metrics) *promrepo.Metrics {
	m.End(context.Background(), repo.Operation{
		Entity: "users", Name: "Page", Outcome: repo.OutcomeOK, Index: "i:status", Walks: true, Took: 1e6,
		Examined: 1, Returned: 2, Repaired: 3, Released: 4, RoundTrips: 5, Retries: 6, Conflicts: 7,
	})
	return m
}

func TestCounted(t *testing.T) {
	m := fill(promrepo.New(promrepo.Buckets(.01)))
	m.End(t.Context(), repo.Operation{Name: "Tx", Outcome: repo.OutcomeNoServer, Took: 1e9, Returned: 9})
	want := `
# HELP redisgen_conflicts_total How often a record had changed since it was read.
# TYPE redisgen_conflicts_total counter
redisgen_conflicts_total{entity="users",operation="Page"} 7
# HELP redisgen_operation_duration_seconds Duration of operations, by their outcome.
# TYPE redisgen_operation_duration_seconds histogram
redisgen_operation_duration_seconds_bucket{entity="",operation="Tx",outcome="no_server",le="0.01"} 0
redisgen_operation_duration_seconds_bucket{entity="",operation="Tx",outcome="no_server",le="+Inf"} 1
redisgen_operation_duration_seconds_sum{entity="",operation="Tx",outcome="no_server"} 1
redisgen_operation_duration_seconds_count{entity="",operation="Tx",outcome="no_server"} 1
redisgen_operation_duration_seconds_bucket{entity="users",operation="Page",outcome="ok",le="0.01"} 1
redisgen_operation_duration_seconds_bucket{entity="users",operation="Page",outcome="ok",le="+Inf"} 1
redisgen_operation_duration_seconds_sum{entity="users",operation="Page",outcome="ok"} 0.001
redisgen_operation_duration_seconds_count{entity="users",operation="Page",outcome="ok"} 1
# HELP redisgen_query_examined_entries_total Index entries that queries looked at.
# TYPE redisgen_query_examined_entries_total counter
redisgen_query_examined_entries_total{entity="users",index="i:status",operation="Page"} 1
# HELP redisgen_query_returned_records_total Records and ids that queries found.
# TYPE redisgen_query_returned_records_total counter
redisgen_query_returned_records_total{entity="users",index="i:status",operation="Page"} 2
# HELP redisgen_query_walks_total Queries that no index narrowed down.
# TYPE redisgen_query_walks_total counter
redisgen_query_walks_total{entity="users",index="i:status",operation="Page"} 1
# HELP redisgen_released_records_total Expired records and claims that sweeps released.
# TYPE redisgen_released_records_total counter
redisgen_released_records_total{entity="users"} 4
# HELP redisgen_repaired_entries_total Index entries removed because their record was gone.
# TYPE redisgen_repaired_entries_total counter
redisgen_repaired_entries_total{entity="users"} 3
# HELP redisgen_retries_total How often operations sent something again.
# TYPE redisgen_retries_total counter
redisgen_retries_total{entity="users",operation="Page"} 6
# HELP redisgen_round_trips_total How often operations waited for a server.
# TYPE redisgen_round_trips_total counter
redisgen_round_trips_total{entity="users",operation="Page"} 5
`
	if err := testutil.CollectAndCompare(m, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}
