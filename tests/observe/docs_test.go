package observe

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/repo"
)

// table returns the first cells of the table below a heading of docs/observability.md, and
// the rest of each row.
func table(t *testing.T, heading string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/observability.md")
	must(t, err)
	_, section, ok := strings.Cut(string(text), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("no heading %s", heading)
	}
	rows := map[string]string{}
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "#") {
			break
		}
		if name, rest, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "`"); ok && strings.HasPrefix(line, "| `") {
			rows[name] = rest
		}
	}
	return rows
}

// same fails the test unless the names in the code are those in the documentation.
func same(t *testing.T, what string, code []string, docs map[string]string) {
	t.Helper()
	for _, name := range code {
		if _, ok := docs[name]; !ok {
			t.Errorf("%s %s is not documented", what, name)
		}
	}
	for name := range docs {
		if !slices.Contains(code, name) {
			t.Errorf("%s %s is documented and not there", what, name)
		}
	}
}

// filled returns a world that was told of an operation with everything.
func filled(t *testing.T) *world {
	t.Helper()
	var observers []repo.Observer
	w := watchAlso(t, repo.Config{Addrs: []string{miniredis.RunT(t).Addr()}}, &observers)
	ctx, span := w.tracers.Tracer("test").Start(context.Background(), "parent")
	defer span.End()
	_ = w.Redis().Ping(ctx).Err()
	for _, outcome := range []repo.Outcome{repo.OutcomeOK, repo.OutcomeError} {
		op := repo.Operation{Entity: "users", Name: "Page", Size: 2, At: time.Now()}
		for _, one := range observers {
			done := op
			done.Outcome, done.Index, done.Walks, done.Took = outcome, "i:status", true, time.Millisecond
			done.Examined, done.Returned, done.Repaired, done.Released = 1, 1, 1, 1
			done.RoundTrips, done.Retries, done.Conflicts = 1, 1, 1
			one.End(one.Start(ctx, op), done)
		}
	}
	return w
}

func TestPrometheusIsDocumented(t *testing.T) {
	families, err := filled(t).registry.Gather()
	must(t, err)
	docs := table(t, "## Prometheus")
	var names []string
	for _, family := range families {
		names = append(names, family.GetName())
		for _, label := range family.GetMetric()[0].GetLabel() {
			if !strings.Contains(docs[family.GetName()], label.GetName()) {
				t.Errorf("label %s of %s is not documented", label.GetName(), family.GetName())
			}
		}
	}
	same(t, "metric", names, docs)
}

func TestOpenTelemetryIsDocumented(t *testing.T) {
	w := filled(t)
	var names []string
	for _, scope := range w.measured(t).ScopeMetrics {
		for _, metric := range scope.Metrics {
			names = append(names, metric.Name)
		}
	}
	same(t, "instrument", names, table(t, "### Metrics"))

	keys := map[string]bool{}
	for _, span := range w.spans.GetSpans() {
		if strings.HasSuffix(span.InstrumentationScope.Name, "/telemetry") {
			for _, attribute := range span.Attributes {
				keys[string(attribute.Key)] = true
			}
		}
	}
	var list []string
	for key := range keys {
		list = append(list, key)
	}
	same(t, "attribute", list, table(t, "### Spans"))
}

func TestOutcomesAreDocumented(t *testing.T) {
	source, err := os.ReadFile("../../repo/observe_outcome.go")
	must(t, err)
	docs := table(t, "## Outcomes")
	var names []string
	for _, found := range regexp.MustCompile(`Outcome = "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		names = append(names, found[1])
		if failed := strings.Contains(docs[found[1]], "| yes |"); failed != repo.Outcome(found[1]).Failed() {
			t.Errorf("%s is a failure: documented %v", found[1], failed)
		}
	}
	same(t, "outcome", names, docs)
}
