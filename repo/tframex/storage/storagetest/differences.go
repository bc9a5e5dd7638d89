package storagetest

import (
	"errors"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

func uniqueValues(r *run) {
	r.insert("users", doc{"id": id(1), "username": "Ada", "email": "ada@example.com"})
	r.insert("users", doc{"id": id(2), "username": "bob", "email": nil})
	r.insert("users", doc{"id": id(3), "username": "cid", "email": nil})
	r.insert("roles", doc{"id": id(1), "name": "admin"})
	taken := func(err error) {
		r.Helper()
		if r.d.UniqueValues {
			r.is(err, storage.ErrDuplicate)
		} else {
			r.must(err)
		}
	}
	_, err := r.s.Insert(r.Context(), "users", doc{"id": id(4), "username": "ADA"})
	taken(err)
	_, err = r.s.Insert(r.Context(), "users", doc{"id": id(5), "username": "eve", "email": "Ada@Example.com"})
	taken(err)
	_, err = r.s.Update(r.Context(), "users", id(2), doc{"username": "ada"})
	taken(err)
	_, err = r.s.Insert(r.Context(), "roles", doc{"id": id(2), "name": "Admin"})
	taken(err)
	if ok, err := r.s.Delete(r.Context(), "users", id(1)); !ok || err != nil {
		r.Errorf("Delete: %v, %v", ok, err)
	}
	r.insert("users", doc{"id": id(6), "username": "ada", "email": "ada@example.com"})
}

func naturalKeys(r *run) {
	refused := func(target, err error) {
		r.Helper()
		if r.d.NaturalKeys {
			r.is(err, target)
		} else {
			r.must(err)
		}
	}
	changed := func(table, id string, changes doc) {
		r.Helper()
		ok, err := r.s.Update(r.Context(), table, id, changes)
		refused(storage.ErrValidation, err)
		if err == nil && !ok {
			r.Errorf("Update of %s has found nothing", table)
		}
	}
	ends := "2999-01-01T00:00:00"
	r.insert("sessions", doc{"id": id(1), "session_id": "s", "user_id": id(70), "expires_at": ends})
	_, err := r.s.Insert(r.Context(), "sessions", doc{"id": id(2), "session_id": "s", "user_id": id(70), "expires_at": ends})
	refused(storage.ErrDuplicate, err)
	changed("sessions", id(1), doc{"session_id": "t"})
	r.insert("user_roles", doc{"id": id(1), "user_id": id(70), "role_id": id(71), "assigned_at": at})
	_, err = r.s.Insert(r.Context(), "user_roles", doc{"id": id(2), "user_id": id(70), "role_id": id(71), "assigned_at": at})
	refused(storage.ErrDuplicate, err)
	_, err = r.s.Insert(r.Context(), "user_roles", doc{"id": id(3), "user_id": id(70), "assigned_at": at})
	refused(storage.ErrValidation, err)
	changed("user_roles", id(1), doc{"role_id": id(72)})
}

func enumsAndTypes(r *run) {
	refused := func(refuse bool, table, field string, d doc) {
		r.Helper()
		d["id"] = id(1)
		_, err := r.s.Insert(r.Context(), table, d)
		if !refuse {
			r.must(err)
			r.inserted(r.get(table, id(1)), d)
			return
		}
		r.is(err, storage.ErrValidation)
		if err != nil && !strings.Contains(err.Error(), field) {
			r.Errorf("%v: does not name %s", err, field)
		}
		r.none(table, id(1))
	}
	refused(r.d.Enums, "messages", "role", doc{"conversation_id": id(1), "role": "robot", "content": "x"})
	refused(r.d.Enums, "flow_executions", "status", doc{"flow_name": "f", "status": "odd", "started_at": at})
	refused(r.d.Enums, "tool_calls", "tool_type", doc{"tool_name": "t", "tool_type": "odd", "called_at": at})
	refused(r.d.Enums, "metrics", "metric_type", doc{"metric_name": "m", "metric_type": "odd", "value": 1, "timestamp": at})
	refused(r.d.Types, "agent_executions", "started_at", doc{"agent_name": "a", "status": "s", "started_at": "yesterday"})
	refused(r.d.Types, "conversations", "created_at", doc{"agent_name": "a", "created_at": "soon"})
	refused(false, things, "", doc{"created_at": "soon", "role": "robot"})
}

func instants(r *run) {
	r.insert("conversations", doc{"id": id(1), "agent_name": "a", "created_at": "2025-07-05 10:00:00"})
	r.insert("conversations", doc{"id": id(2), "agent_name": "a", "created_at": "2025-07-05T12:00:00+02:00"})
	r.insert("conversations", doc{"id": id(3), "agent_name": "a", "created_at": "2025-07-05T11:00:00"})
	r.matches("conversations", storage.Filter{"created_at": "2025-07-05T11:00:00"}, 3)
	same := storage.Filter{"created_at": "2025-07-05T10:00:00"}
	before := storage.Filter{"created_at": map[string]any{"$lt": "2025-07-05T11:00:00"}}
	if r.d.Instants {
		r.matches("conversations", same, 1, 2)
		r.matches("conversations", before, 1, 2)
	} else {
		r.matches("conversations", same)
		r.matches("conversations", before, 1)
	}
}

func expiry(r *run) {
	ended := storage.FormatTime(time.Now().Add(-time.Hour))
	if !r.d.Expiry {
		r.insert("sessions", doc{"session_id": "s", "user_id": id(1), "expires_at": ended})
		r.get("sessions", "s")
		return
	}
	_, err := r.s.Insert(r.Context(), "sessions", doc{"session_id": "s", "user_id": id(1), "expires_at": ended})
	r.is(err, storage.ErrValidation)
	r.insert("sessions", doc{"session_id": "kept", "user_id": id(1), "expires_at": storage.FormatTime(time.Now().Add(time.Hour))})
	r.insert("sessions", doc{"session_id": "s", "user_id": id(1), "expires_at": storage.FormatTime(time.Now().Add(400 * time.Millisecond))})
	r.eventually("the session ends", func() bool {
		_, err := r.s.Get(r.Context(), "sessions", "s")
		return errors.Is(err, storage.ErrNotFound)
	})
	if got := idsOf(r.query("sessions", storage.Query{Filter: storage.Filter{"user_id": id(1)}})); len(got) != 1 || got[0] != "kept" {
		r.Errorf("the user's sessions are %q", got)
	}
	r.eventually("Count leaves it out", func() bool { return r.count("sessions", nil) == 1 })
	records, err := collect(r.s.Export(r.Context(), "sessions", ""))
	if err != nil || len(records) != 1 || records[0].ExpiresAt.Before(time.Now().Add(50*time.Minute)) {
		r.Errorf("Export: %+v, %v", records, err)
	}
}

func raw(r *run) {
	if r.d.Raw == "" {
		_, err := r.s.ExecuteRaw(r.Context(), "PING")
		r.is(err, errors.ErrUnsupported)
		return
	}
	answer, err := r.s.ExecuteRaw(r.Context(), r.d.Raw)
	if err != nil || answer == nil {
		r.Errorf("ExecuteRaw %q: %v, %v", r.d.Raw, answer, err)
	}
	_, err = r.s.ExecuteRaw(r.Context(), "NO SUCH QUERY")
	if !errors.Is(err, storage.ErrQuery) && !errors.Is(err, storage.ErrValidation) {
		r.Errorf("ExecuteRaw of nonsense: %v", err)
	}
}

func transactions(r *run) {
	if !r.d.Transactions {
		err := r.s.Transaction(r.Context(), func(storage.Storage) error { r.Error("f was called"); return nil })
		r.is(err, errors.ErrUnsupported)
		return
	}
	r.fill(1, 2)
	changes := func(tx storage.Storage) {
		r.Helper()
		_, err := tx.Insert(r.Context(), things, doc{"id": id(3), "v": 3})
		r.must(err)
		_, err = tx.Insert(r.Context(), "users", doc{"id": id(3), "username": "ada"})
		r.must(err)
		ok, err := tx.Update(r.Context(), things, id(1), doc{"v": 7})
		if !ok || err != nil {
			r.Errorf("Update in a transaction: %v, %v", ok, err)
		}
		if ok, err := tx.Delete(r.Context(), things, id(2)); !ok || err != nil {
			r.Errorf("Delete in a transaction: %v, %v", ok, err)
		}
		d, err := tx.Get(r.Context(), things, id(1))
		r.must(err)
		if sees := d["v"] == int64(7); sees != r.d.ReadsOwnWrites {
			r.Errorf("a read in a transaction sees its writes: %v, want %v", sees, r.d.ReadsOwnWrites)
		}
	}
	untouched := func() {
		r.Helper()
		r.matches(things, nil, 1, 2)
		r.inserted(r.get(things, id(1)), doc{"id": id(1), "v": 1})
		r.none("users", id(3))
	}

	mine := errors.New("changed my mind")
	if err := r.s.Transaction(r.Context(), func(tx storage.Storage) error { changes(tx); return mine }); !errors.Is(err, mine) {
		r.Errorf("Transaction returned %v, want %v", err, mine)
	}
	untouched()
	func() {
		defer func() {
			if recover() != "oops" {
				r.Error("the panic was lost")
			}
		}()
		_ = r.s.Transaction(r.Context(), func(tx storage.Storage) error { changes(tx); panic("oops") })
	}()
	untouched()
	r.must(r.s.Transaction(r.Context(), func(tx storage.Storage) error { changes(tx); return nil }))
	r.matches(things, nil, 1, 3)
	r.inserted(r.get(things, id(1)), doc{"id": id(1), "v": 7})
	r.matches("users", storage.Filter{"username": "ada"}, 3)
}
