package model

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo"
)

// spec is what the model needs to know of an entity.
type spec[T any, K comparable] struct {
	name    string
	repo    *repo.Repository[*T, K]
	expires bool
	ttl     time.Duration
	sliding bool

	id     func(K) string
	key    func(*T) K
	setKey func(*T, K)
	madeUp func(id string) K // nil: keys are never made up
	bulk   func(i int) K     // keys that someKey does not give; nil: there are none

	someKey func(*world) K
	some    func(*world) *T         // a value without key, as a caller might pass it
	copy    func(*T) *T             // down to what pointers lead to
	refused func(*T) error          // what a write of the whole record is refused with
	round   func(*T)                // changes a value to what reading it gives
	claims  func(*record[T]) claims // in the order in which they are checked
	kept    func(*T) kept
	patches func(*world) []patch[T]
	queries []func(*world) query[T]
	finders []func(*world) finder[T]
	listing func(*record[T]) rank // the index that lists all; nil: a list of its own
}

// record is what the model knows of a stored record.
type record[T any] struct {
	id      string
	value   *T
	cleared map[string]bool // fields that a patch removed and that no pointer or zero time shows as absent
	due     window          // zero: lives for ever
	written int             // the step that wrote it last
}

func (r *record[T]) has(field string) bool { return !r.cleared[field] }

// window is a time that is known to lie between two others.
type window struct{ from, to time.Time }

func (w window) contains(t time.Time) bool { return !t.Before(w.from) && !t.After(w.to) }

// claims are values of unique indexes.
type claims []struct{ index, value string }

// kept points to the fields that the repository sets; nil if there is none.
type kept struct {
	version          *int64
	created, updated *time.Time
	expires          **time.Time
}

// model is the plain map that an entity's repository is compared with.
type model[T any, K comparable] struct {
	*spec[T, K]
	w       *world
	records map[K]*record[T]
}

// purge forgets the records that have expired.
func (m *model[T, K]) purge() {
	for key, r := range m.records {
		if !r.due.from.IsZero() && !r.due.from.After(m.w.now) {
			delete(m.records, key)
		}
	}
}

// put writes a whole record to the model: create, save or update. It returns what the repository is to return, and
// changes v only by making up its key.
func (m *model[T, K]) put(op string, v *T, o expiry) error {
	if m.madeUp != nil && repo.IsZero(m.key(v)) {
		if op == "update" {
			return repo.ErrNoKey
		}
		m.setKey(v, m.madeUp(m.w.ids.model()))
	}
	if err := m.refused(v); err != nil {
		return err
	}
	if o.given() && !m.expires {
		return repo.ErrNoTTL
	}
	key := m.key(v)
	old := m.records[key]
	switch {
	case op == "create" && old != nil:
		return repo.ErrExists
	case op == "update" && old == nil:
		return repo.ErrNotFound
	case op == "update" && m.changed(v, old.value):
		return repo.ErrConflict
	}
	r := &record[T]{id: m.id(key), value: m.copy(v), written: m.w.step}
	m.round(r.value)
	var field time.Time
	if to := m.kept(r.value).expires; to != nil && *to != nil {
		field = **to
	}
	if old != nil {
		r.due = old.due
	}
	if due, change := m.deadline(o, field, old != nil); change {
		r.due = due
	}
	m.stamp(r, old)
	return m.store(key, r)
}

// changed tells whether a stored record is not the version that an update is of: it has been written since, or is
// another that was created later.
func (m *model[T, K]) changed(v, old *T) bool {
	was, is := m.kept(v), m.kept(old)
	if was.version == nil {
		return false
	}
	return *was.version != *is.version || was.created != nil && !was.created.IsZero() && !stored(*was.created).Equal(*is.created)
}

// stamp sets what the repository keeps in r.
func (m *model[T, K]) stamp(r, old *record[T]) {
	k := m.kept(r.value)
	if k.version != nil {
		*k.version = 1
		if old != nil {
			*k.version = *m.kept(old.value).version + 1
		}
	}
	now := m.w.wall.UTC().Truncate(time.Microsecond)
	if k.created != nil && old != nil {
		*k.created = *m.kept(old.value).created
	} else if k.created != nil && k.created.IsZero() {
		*k.created = now
	}
	if k.updated != nil {
		*k.updated = now
	}
	if k.expires != nil {
		*k.expires = nil
		if !r.due.from.IsZero() {
			*k.expires = new(r.due.from)
		}
	}
}

// store puts r into the map unless a unique value of it belongs to another record.
func (m *model[T, K]) store(key K, r *record[T]) error {
	for _, c := range m.claims(r) {
		for _, other := range m.records {
			if other.id != r.id && slices.Contains(m.claims(other), c) {
				return &repo.UniqueError{Entity: m.name, Index: c.index, Owner: other.id}
			}
		}
	}
	m.records[key] = r
	m.w.fresh = append(m.w.fresh, &r.due)
	return nil
}

// patch changes fields of a record in the model.
func (m *model[T, K]) patch(key K, changes []patch[T]) error {
	for _, c := range changes {
		if c.refused != nil {
			return c.refused
		}
	}
	old := m.records[key]
	if old == nil {
		return repo.ErrNotFound
	}
	r := &record[T]{id: old.id, value: m.copy(old.value), due: old.due, written: m.w.step, cleared: map[string]bool{}}
	for field := range old.cleared {
		r.cleared[field] = true
	}
	if due, change := m.deadline(expiry{}, time.Time{}, true); change {
		r.due = due
	}
	for _, c := range changes {
		delete(r.cleared, c.field)
		if err := c.apply(r); err != nil {
			return err
		}
	}
	m.round(r.value)
	m.stamp(r, old)
	return m.store(key, r)
}

// touch renews the expiry of a record in the model.
func (m *model[T, K]) touch(key K, o expiry) error {
	if !m.expires {
		return repo.ErrNoTTL
	}
	old := m.records[key]
	if old == nil {
		return repo.ErrNotFound
	}
	if !o.given() {
		o = expiry{kind: expireIn, in: m.ttl}
	}
	r := *old
	r.value, r.written = m.copy(old.value), m.w.step
	if due, change := m.deadline(o, time.Time{}, true); change {
		r.due = due
	}
	if k := m.kept(r.value); k.expires != nil {
		*k.expires = nil
		if !r.due.from.IsZero() {
			*k.expires = new(r.due.from)
		}
	}
	return m.store(key, &r)
}

// remove deletes a record from the model.
func (m *model[T, K]) remove(key K) error {
	if m.records[key] == nil {
		return repo.ErrNotFound
	}
	delete(m.records, key)
	return nil
}

// same fails the run unless v, which the repository returned, is what the model has.
func (m *model[T, K]) same(what string, v *T, r *record[T]) {
	switch {
	case v == nil && r == nil:
		return
	case v == nil:
		m.w.fail("%s: nothing, want %s", what, show(r.value))
	case r == nil:
		m.w.fail("%s: got %s, want nothing", what, show(v))
	}
	m.adopt(what, v, r)
	if !reflect.DeepEqual(v, r.value) {
		m.w.fail("%s:\ngot  %s\nwant %s", what, show(v), show(r.value))
	}
}

// adopt takes the exact expiry from v, if the model knows only about when it is.
func (m *model[T, K]) adopt(what string, v *T, r *record[T]) {
	got := m.kept(v).expires
	if got == nil || *got == nil || r.due.from.IsZero() {
		return // the comparison shows whether it should be there
	}
	if !r.due.contains(**got) {
		m.w.fail("%s: expires at %v, want %v to %v", what, **got, r.due.from, r.due.to)
	}
	r.due = window{**got, **got}
	*m.kept(r.value).expires = new(**got)
}

// wrote fails the run unless a write came out as the model has it. v is what the caller passed, before what it was.
func (m *model[T, K]) wrote(what string, v, before *T, got, want error) {
	m.w.agree(what, got, want)
	key := m.key(v)
	m.setKey(before, key)
	if got == nil {
		r := m.records[key]
		if r == nil { // gone at once
			return
		}
		m.adopt(what, v, r)
		from, to := m.kept(m.copy(r.value)), m.kept(before)
		for _, pair := range [][2]any{{to.version, from.version}, {to.created, from.created}, {to.updated, from.updated}, {to.expires, from.expires}} {
			if to := reflect.ValueOf(pair[0]); !to.IsNil() {
				to.Elem().Set(reflect.ValueOf(pair[1]).Elem())
			}
		}
	}
	if !reflect.DeepEqual(v, before) && show(v) != show(before) { // NaN is not equal to itself
		m.w.fail("%s left in the caller's value:\ngot  %s\nwant %s", what, show(v), show(before))
	}
}

// agree fails the run unless an operation returned what the model returned.
func (w *world) agree(what string, got, want error) {
	var unique, expected *repo.UniqueError
	switch {
	case want == nil && got == nil:
	case errors.As(want, &expected):
		if !errors.As(got, &unique) || unique.Entity != expected.Entity || unique.Index != expected.Index || unique.Owner != expected.Owner {
			w.fail("%s: error %v, want %v", what, got, want)
		}
	case want == nil || !errors.Is(got, want):
		w.fail("%s: error %v, want %v", what, got, want)
	}
}

// show prints a value with what its pointers lead to.
func show(v any) string {
	text := ""
	s := reflect.ValueOf(v).Elem()
	for i := range s.NumField() {
		f := s.Field(i)
		if f.Kind() == reflect.Pointer && !f.IsNil() {
			f = f.Elem()
		}
		value := quote(f.Interface())
		if v, ok := f.Interface().(uuid.UUID); ok {
			value = v.String()
		} else if f.Kind() == reflect.Pointer {
			value = "nil"
		}
		text += fmt.Sprintf(" %s:%.200s", s.Type().Field(i).Name, value)
	}
	return "{" + text[1:] + "}"
}
