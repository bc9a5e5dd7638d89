package tframex_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redisgen/redisgen/repo/tframex"
)

func TestAuditTrailFilters(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(hour int) time.Time { return start.Add(time.Duration(hour) * time.Hour) }
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		must(t, s.Log(t.Context(),
			&tframex.AuditLog{ID: "0", CreatedAt: at(0), Action: "create", UserID: new("ann"), ResourceType: new("role"), ResourceID: new("7")},
			&tframex.AuditLog{ID: "1", CreatedAt: at(1), Action: "update", UserID: new("bob"), ResourceType: new("role"), ResourceID: new("8")},
			&tframex.AuditLog{ID: "2", CreatedAt: at(2), Action: "update", UserID: new("ann"), Resource: new("role"), EventType: new("access")},
			&tframex.AuditLog{ID: "3", CreatedAt: at(3), Action: "delete", UserID: new("ann"), Resource: new("role:7"), EventType: new("access")},
			&tframex.AuditLog{ID: "4", CreatedAt: at(4), Action: "login", UserID: new("bob"), Resource: new("session"), EventType: new("auth")},
			&tframex.AuditLog{ID: "5", CreatedAt: at(5), Action: "update", Resource: new("role/8")},
		))
		for _, test := range []struct {
			filter tframex.AuditFilter
			want   string
		}{
			{tframex.AuditFilter{}, "543210"},
			{tframex.AuditFilter{From: at(1), To: at(4)}, "321"},
			{tframex.AuditFilter{UserID: "ann"}, "320"},
			{tframex.AuditFilter{UserID: "ann", From: at(1)}, "32"},
			{tframex.AuditFilter{EventType: "access"}, "32"},
			{tframex.AuditFilter{Action: "update", To: at(5)}, "21"},
			{tframex.AuditFilter{Resource: "role"}, "210"},
			{tframex.AuditFilter{Resource: "role", ResourceID: "7"}, "30"},
			{tframex.AuditFilter{Resource: "role", ResourceID: "8", UserID: "bob"}, "1"},
			{tframex.AuditFilter{Resource: "role", ResourceID: "8"}, "51"},
			{tframex.AuditFilter{UserID: "nobody"}, ""},
		} {
			var got strings.Builder
			for entry, err := range s.AuditTrail(test.filter).All(t.Context()) {
				must(t, err)
				got.WriteString(entry.ID)
			}
			if got.String() != test.want {
				t.Errorf("%+v: %s, want %s", test.filter, got.String(), test.want)
			}
			if test.filter == (tframex.AuditFilter{}) || !test.filter.From.IsZero() {
				continue
			}
			if _, err := s.AuditTrail(test.filter).RequireIndex().Page(t.Context()); err != nil {
				t.Errorf("%+v: %v", test.filter, err)
			}
		}
	})
}

func TestDeleteAuditBefore(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var list []*tframex.AuditLog
		for i := range 250 {
			list = append(list, &tframex.AuditLog{Action: "a", CreatedAt: start.Add(time.Duration(i) * time.Second)})
		}
		must(t, s.Log(t.Context(), list...))
		if n, err := s.DeleteAuditBefore(t.Context(), start.Add(240*time.Second)); n != 240 || err != nil {
			t.Errorf("DeleteAuditBefore = %d, %v", n, err)
		}
		if n, err := s.AuditTrail(tframex.AuditFilter{}).Count(t.Context()); n != 10 || err != nil {
			t.Errorf("%d entries are left, %v", n, err)
		}
	})
}

// Old entries go in the background, and not before their time.
func TestRetention(t *testing.T) {
	bubble(t, tframex.StoreOptions{AuditRetention: 24 * time.Hour, AuditInterval: time.Hour}, func(t *testing.T, s *tframex.Store) {
		for i := range 3 {
			must(t, s.Log(t.Context(), &tframex.AuditLog{Action: fmt.Sprint(i)}))
			time.Sleep(10 * time.Hour)
		}
		for _, want := range []int64{2, 2, 1, 1} { // after 30, 34, 45 and 46 hours
			synctest.Wait()
			if n, err := s.AuditLogs.Where().Count(t.Context()); n != want || err != nil {
				t.Errorf("%d entries, %v; want %d", n, err, want)
			}
			if want == 2 {
				time.Sleep(4 * time.Hour)
			} else {
				time.Sleep(time.Hour)
			}
		}
	})
}

// What fails in the background is logged once.
func TestRetentionFails(t *testing.T) {
	var log bytes.Buffer
	bubble(t, tframex.StoreOptions{AuditRetention: time.Hour, AuditInterval: time.Minute, Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(t *testing.T, s *tframex.Store) {
		ctx := t.Context()
		must(t, s.Log(ctx, &tframex.AuditLog{Action: "a"}))
		must(t, s.Client().Redis().Rename(ctx, "{audit_logs}:s:created_at", "{audit_logs}:kept").Err())
		must(t, s.Client().Redis().Set(ctx, "{audit_logs}:s:created_at", "of another type", 0).Err())
		time.Sleep(10 * time.Minute)
		must(t, s.Client().Redis().Rename(ctx, "{audit_logs}:kept", "{audit_logs}:s:created_at").Err())
		time.Sleep(2 * time.Minute)
		must(t, s.Close())
		if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "level=WARN") || !strings.Contains(text, "succeeds again") {
			t.Errorf("log:\n%s", text)
		}
	})
}

func TestMetrics(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		ctx, start := t.Context(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		at := func(i int) time.Time { return start.Add(time.Duration(i) * time.Second) }
		var list []*tframex.Metric
		for i := range 130 {
			list = append(list, &tframex.Metric{MetricName: "tokens", MetricType: tframex.MetricCounter, Value: float64(i), Timestamp: at(i)})
		}
		must(t, s.Record(ctx, list...))
		sum, err := s.Summarize(ctx, "tokens", at(10), at(120))
		must(t, err)
		if want := (tframex.Summary{Count: 110, Min: 10, Max: 119, Sum: 110 * 64.5}); sum != want || sum.Avg() != 64.5 {
			t.Errorf("%+v, want %+v", sum, want)
		}
		if n, err := s.MetricRange("tokens", time.Time{}, at(5)).Count(ctx); n != 5 || err != nil {
			t.Errorf("%d values before, %v", n, err)
		}
		if sum, err := s.Summarize(ctx, "none", time.Time{}, time.Time{}); sum != (tframex.Summary{}) || sum.Avg() != 0 || err != nil {
			t.Errorf("of no values: %+v, %v", sum, err)
		}

		for _, v := range []float64{1, 1e100, 1, -1e100} { // 2, of which a plain sum would leave 0
			must(t, s.Record(ctx, &tframex.Metric{MetricName: "wide", MetricType: tframex.MetricGauge, Value: v}))
		}
		sum, err = s.Summarize(ctx, "wide", time.Time{}, time.Time{})
		must(t, err)
		if sum.Sum != 2 || sum.Min != -1e100 || sum.Max != 1e100 {
			t.Errorf("%+v", sum)
		}
		must(t, s.Record(ctx, &tframex.Metric{MetricName: "wide", MetricType: tframex.MetricGauge, Value: math.Inf(1)}))
		if sum, err := s.Summarize(ctx, "wide", time.Time{}, time.Time{}); err != nil || !math.IsInf(sum.Sum, 1) {
			t.Errorf("with an infinity: %+v, %v", sum, err)
		}
	})
}

// Entries that were imported without a time are not old.
func TestUndatedEntriesStay(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		must(t, s.Log(t.Context(), &tframex.AuditLog{Action: "read", CreatedAt: tframex.Undated}, &tframex.AuditLog{Action: "read", CreatedAt: time.Unix(0, 0)}))
		if n, err := s.DeleteAuditBefore(t.Context(), time.Now()); n != 1 || err != nil {
			t.Errorf("DeleteAuditBefore = %d, %v", n, err)
		}
		if left, err := s.AuditLogs.Where().One(t.Context()); err != nil || !left.CreatedAt.Equal(tframex.Undated) {
			t.Errorf("left is %+v, %v", left, err)
		}
	})
}
