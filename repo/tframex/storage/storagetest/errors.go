package storagetest

import (
	"context"
	"errors"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// calls are all operations on a table, by name.
func (r *run) calls(table string) map[string]func() error {
	return r.callsOf(r.Context(), table, id(1))
}

func (r *run) callsOf(ctx context.Context, table, id string) map[string]func() error {
	s := r.s
	return map[string]func() error{
		"CreateTable": func() error { return s.CreateTable(ctx, table, nil) },
		"DropTable":   func() error { _, err := s.DropTable(ctx, table); return err },
		"TableInfo":   func() error { _, err := s.TableInfo(ctx, table); return err },
		"Insert":      func() error { _, err := s.Insert(ctx, table, doc{"id": id}); return err },
		"BulkInsert":  func() error { _, err := s.BulkInsert(ctx, table, []doc{{"id": id}}); return err },
		"Get":         func() error { _, err := s.Get(ctx, table, id); return err },
		"Select":      func() error { _, err := s.Select(ctx, table, storage.Query{}); return err },
		"Update":      func() error { _, err := s.Update(ctx, table, id, doc{"a": 1}); return err },
		"Delete":      func() error { _, err := s.Delete(ctx, table, id); return err },
		"Count":       func() error { _, err := s.Count(ctx, table, nil); return err },
		"Export":      func() error { _, err := collect(s.Export(ctx, table, "")); return err },
		"Import": func() error {
			_, err := s.Import(ctx, table, []storage.Record{{ID: id, Document: doc{"id": id}}}, storage.Refuse)
			return err
		},
	}
}

// named fails the test unless the error names the operation and what it was on.
func (r *run) named(err error, op, table, id string) {
	r.Helper()
	e, ok := errors.AsType[*storage.Error](err)
	if !ok {
		r.Errorf("%s: %v (%T) is no *storage.Error", op, err, err)
		return
	}
	if e.Backend != r.s.Backend() || e.Op != op || e.Table != table || e.ID != id {
		r.Errorf("the error names backend %q, op %q, table %q, id %q; want %q, %q, %q, %q", e.Backend, e.Op, e.Table, e.ID, r.s.Backend(), op, table, id)
	}
}

func errorsNameAll(r *run) {
	ctx := r.Context()
	_, err := r.s.Get(ctx, things, id(1))
	r.named(err, "Get", things, id(1))
	_, err = r.s.TableInfo(ctx, things)
	r.named(err, "TableInfo", things, "")
	r.insert(things, doc{"id": id(1)})
	_, err = r.s.Insert(ctx, things, doc{"id": id(1)})
	r.named(err, "Insert", things, id(1))
	_, err = r.s.BulkInsert(ctx, things, []doc{{"id": id(1)}})
	r.named(err, "BulkInsert", things, "")
	_, err = r.s.Update(ctx, things, id(1), doc{"f": func() {}})
	r.named(err, "Update", things, id(1))
	_, err = r.s.Select(ctx, things, storage.Query{Filter: storage.Filter{"a": map[string]any{"$x": 1}}})
	r.named(err, "Select", things, "")
	_, err = r.s.Count(ctx, things, storage.Filter{"a": map[string]any{"$x": 1}})
	r.named(err, "Count", things, "")
	_, err = r.s.Delete(ctx, "no table", id(1))
	r.named(err, "Delete", "no table", id(1))
}

func canceled(r *run) {
	r.fill(1)
	ctx, cancel := context.WithCancel(r.Context())
	cancel()
	calls := r.callsOf(ctx, things, id(2))
	calls["Ping"] = func() error { return r.s.Ping(ctx) }
	calls["ListTables"] = func() error { _, err := r.s.ListTables(ctx); return err }
	if r.d.Raw != "" {
		calls["ExecuteRaw"] = func() error { _, err := r.s.ExecuteRaw(ctx, r.d.Raw); return err }
	}
	for op, call := range calls {
		err := call()
		if !errors.Is(err, context.Canceled) {
			r.Errorf("%s: %v, want context.Canceled", op, err)
		}
		if e, ok := errors.AsType[*storage.Error](err); !ok || e.Op != op {
			r.Errorf("%s: %v (%T) is no *storage.Error that names it", op, err, err)
		}
	}
	if h := r.s.HealthCheck(ctx); h.Ping || h.Error == "" {
		r.Errorf("HealthCheck with a context that is canceled: %+v", h)
	}
	r.matches(things, nil, 1)
	r.tablesAre(things)
}

func closed(r *run) {
	r.insert(things, doc{"id": id(1), "a": 1})
	r.must(r.s.Connect(r.Context()))
	r.must(r.s.Initialize(r.Context()))
	r.inserted(r.get(things, id(1)), doc{"id": id(1), "a": 1})
	r.must(r.s.Close())
	r.must(r.s.Close())
	calls := r.calls(things)
	calls["Ping"] = func() error { return r.s.Ping(r.Context()) }
	calls["ListTables"] = func() error { _, err := r.s.ListTables(r.Context()); return err }
	for op, call := range calls {
		err := call()
		r.is(err, storage.ErrClosed)
		r.is(err, storage.ErrConnection)
		if e, ok := errors.AsType[*storage.Error](err); !ok || e.Op != op {
			r.Errorf("%s: %v does not name it", op, err)
		}
	}
	if h := r.s.HealthCheck(r.Context()); h.Connected || h.Ping || h.Error == "" {
		r.Errorf("HealthCheck of a closed storage: %+v", h)
	}
	r.must(r.s.Initialize(r.Context()))
	defer func() { r.must(r.s.Close()) }()
	if r.d.Volatile {
		r.none(things, id(1))
		r.tablesAre()
		r.insert(things, doc{"id": id(1), "a": 1})
	}
	r.inserted(r.get(things, id(1)), doc{"id": id(1), "a": 1})
}

func health(r *run) {
	before := time.Now().Add(-slack)
	r.must(r.s.Ping(r.Context()))
	if r.s.Backend() == "" {
		r.Error("the backend has no name")
	}
	h := r.s.HealthCheck(r.Context())
	if !h.Connected || !h.Ping || h.Error != "" || h.Backend != r.s.Backend() || h.Timestamp.Before(before) || h.Timestamp.After(time.Now().Add(slack)) {
		r.Errorf("HealthCheck: %+v", h)
	}
}
