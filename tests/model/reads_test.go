package model

import (
	"fmt"
	"slices"
	"time"

	"github.com/redisgen/redisgen/repo"
)

// renew renews the expiry of a record of a sliding entity that is read.
func (m *model[T, K]) renew(key K) {
	if m.sliding && m.records[key] != nil {
		_ = m.touch(key, expiry{})
	}
}

func missing[T any](r *record[T]) error {
	if r == nil {
		return repo.ErrNotFound
	}
	return nil
}

func (m *model[T, K]) doGet(key K) {
	m.w.note("%s.Get(%q)", m.name, m.id(key))
	m.renew(key)
	v, err := m.repo.Get(m.w.ctx, key)
	m.w.called()
	m.w.agree("Get", err, missing(m.records[key]))
	m.same("Get", v, m.records[key])
}

func (m *model[T, K]) doGetMany() {
	var keys []K
	for range m.w.rng.IntN(7) {
		keys = append(keys, m.someKey(m.w))
	}
	m.w.note("%s.GetMany(%+q)", m.name, fmt.Sprint(keys))
	for _, key := range keys {
		m.renew(key)
	}
	list, err := m.repo.GetMany(m.w.ctx, keys...)
	m.w.called()
	m.w.agree("GetMany", err, nil)
	if len(list) != len(keys) {
		m.w.fail("GetMany: %d records for %d keys", len(list), len(keys))
	}
	for i, key := range keys {
		m.same(fmt.Sprintf("GetMany[%d]", i), list[i], m.records[key])
	}
}

func (m *model[T, K]) doExists(key K) {
	m.w.note("%s.Exists(%q)", m.name, m.id(key))
	ok, err := m.repo.Exists(m.w.ctx, key)
	m.w.agree("Exists", err, nil)
	if ok != (m.records[key] != nil) {
		m.w.fail("Exists: %t", ok)
	}
}

func (m *model[T, K]) doTTL(key K) {
	m.w.note("%s.TTL(%q)", m.name, m.id(key))
	ttl, err := m.repo.TTL(m.w.ctx, key)
	r := m.records[key]
	m.w.agree("TTL", err, missing(r))
	if r == nil {
		return
	}
	if r.due.from.IsZero() {
		if ttl != 0 {
			m.w.fail("TTL: %v for a record that does not expire", ttl)
		}
		return
	}
	least, most := r.due.from.Sub(m.w.store.now())-m.w.store.slack-time.Millisecond, r.due.to.Sub(m.w.now)+time.Millisecond
	if ttl < least || ttl > most {
		m.w.fail("TTL: %v, want %v to %v", ttl, least, most)
	}
}

// finder reads a record by a unique value.
type finder[T any] struct {
	text  string
	claim struct{ index, value string } // no index: nobody can have the value
	find  func() (*T, error)
}

func (m *model[T, K]) doFind() {
	f := pick(m.w, m.finders...)(m.w)
	m.w.note("%s.%s", m.name, f.text)
	v, err := f.find()
	var r *record[T]
	for _, other := range m.records {
		if slices.Contains(m.claims(other), f.claim) {
			r = other
		}
	}
	m.w.agree(f.text, err, missing(r))
	m.same(f.text, v, r)
}

// batch adds one random operation to a batch.
func (m *model[T, K]) batch(b *repo.Batch) func(int, error) {
	in := m.repo.In(b)
	key := m.someKey(m.w)
	var result *repo.Result[*T]
	var want error
	op := pick(m.w, "get", "create", "save", "update", "patch", "touch", "delete")
	switch op {
	case "get":
		m.w.note("  batch %s.Get(%q)", m.name, m.id(key))
		m.renew(key)
		r := m.records[key]
		result = in.Get(key)
		return func(i int, err error) {
			m.w.agree("Batch Get", err, missing(r))
			m.w.agree("Result", result.Err, missing(r))
			m.same("Batch Get", result.Value, r)
		}
	case "create", "save", "update":
		v, o := m.value(op), m.w.someExpiry(m.expires)
		m.w.note("  batch %s.%s(%s, %v)", m.name, op, show(v), o)
		want = m.put(op, m.copy(v), o)
		switch op {
		case "create":
			result = in.Create(v, o.options()...)
		case "save":
			result = in.Save(v, o.options()...)
		case "update":
			result = in.Update(v, o.options()...)
		}
	case "patch":
		changes, given, text := m.changes()
		m.w.note("  batch %s.Patch(%q%s)", m.name, m.id(key), text)
		want = m.patch(key, changes)
		result = in.Patch(key, given...)
	case "touch":
		o := m.w.someExpiry(m.expires)
		m.w.note("  batch %s.Touch(%q, %v)", m.name, m.id(key), o)
		want = m.touch(key, o)
		result = in.Touch(key, o.options()...)
	case "delete":
		m.w.note("  batch %s.Delete(%q)", m.name, m.id(key))
		want = m.remove(key)
		result = in.Delete(key)
	}
	return func(i int, err error) {
		m.w.agree(fmt.Sprintf("Batch[%d] %s", i, op), err, want)
		m.w.agree(fmt.Sprintf("Result[%d]", i), result.Err, want)
	}
}
