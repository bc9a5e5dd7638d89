package events_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo"
)

// told is an event as it should be, or as it was read.
type told struct {
	op      string
	version int64
	fields  string
	values  string // .name=value, …
	at      int64  // µs
}

func (e told) String() string {
	return fmt.Sprintf("%s version %d fields %q values %q at %d", e.op, e.version, e.fields, e.values, e.at)
}

// agrees tells whether an event is as it should be; how long records of an entity without
// a field for it live is known to some seconds.
func (e told) agrees(want told, exact bool) bool {
	if !exact && want.op == "expired" && time.Duration(max(e.at-want.at, want.at-e.at))*time.Microsecond < 20*time.Second {
		want.at = e.at
	}
	return e == want
}

// field is one that events name; nil is absent.
type field struct {
	name  string
	value *string
	told  bool
}

func text(name, value string) field { return field{name: name, value: &value} }

func (f field) event() field { f.told = true; return f }

// record is a stored record, as the model has it.
type record[T any] struct {
	value *T
	due   time.Time // zero: lives for ever
}

// subject is an entity under test, with the model of its records and of what they tell.
type subject[T any, K comparable] struct {
	w       *world
	name    string
	repo    *repo.Repository[*T, K]
	direct  *repo.Repository[*T, K] // past the proxy
	id      func(K) string
	key     func(*T) K
	fields  func(*T) []field
	version func(*T) *int64    // nil: none
	until   func(*T) time.Time // nil: no field shows it
	ttl     time.Duration      // of new records
	expires bool
	some    func() *T
	patch   func() ([]repo.Change[*T], func(*T))
	gone    func(K) // after a deletion: what goes with it

	query      func() (*repo.Query[*T, K], func(*T) bool) // nil: none
	records    map[K]*record[T]
	want, told map[string][]told // by id
}

func (s *subject[T, K]) entity() string { return s.name }

func clone[T any](v *T) *T {
	c := *v
	return &c
}

// tell notes what is to be told of a record.
func (s *subject[T, K]) tell(key K, e told) {
	id := s.id(key)
	s.want[id] = append(s.want[id], e)
}

// number returns the version of a record; 0 if it has none.
func (s *subject[T, K]) number(v *T) int64 {
	if s.version == nil || v == nil {
		return 0
	}
	return *s.version(v)
}

// diff returns the names of the fields that differ, and the values that are told.
func (s *subject[T, K]) diff(old, v *T) (names, values string) {
	var was []field
	if old != nil {
		was = s.fields(old)
	}
	var changed, told []string
	for i, f := range s.fields(v) {
		if f.told && f.value != nil {
			told = append(told, "."+f.name+"="+*f.value)
		}
		switch {
		case was == nil:
			if f.value != nil {
				changed = append(changed, f.name)
			}
		case (was[i].value == nil) != (f.value == nil), f.value != nil && *f.value != *was[i].value:
			changed = append(changed, f.name)
		}
	}
	return strings.Join(changed, ","), strings.Join(told, ",")
}

// wrote has the model follow a write that was carried out: v is the record after it.
func (s *subject[T, K]) wrote(v *T, o lifetime) {
	key := s.key(v)
	old := s.records[key]
	r := &record[T]{value: clone(v)}
	e := told{op: "created", version: s.number(v), at: s.w.wall.UnixMicro()}
	if old != nil {
		e.op, r.due = "updated", old.due
		e.fields, e.values = s.diff(old.value, v)
	} else {
		e.fields, e.values = s.diff(nil, v)
	}
	switch {
	case s.until != nil:
		r.due = s.until(v)
	case !s.expires:
	case o.given && o.d == 0:
		r.due = time.Time{}
	case o.given:
		r.due = s.w.now().Add(o.d)
	case old == nil && s.ttl > 0:
		r.due = s.w.now().Add(s.ttl)
	}
	if s.version != nil {
		want := int64(1)
		if old != nil {
			want += s.number(old.value)
		}
		if e.version != want {
			s.w.fail("%s %q: version %d, want %d", s.name, s.id(key), e.version, want)
		}
	}
	s.records[key] = r
	s.tell(key, e)
	s.purge()
}

// deleted has the model follow a deletion that was carried out.
func (s *subject[T, K]) deleted(key K) {
	old := s.records[key]
	if old == nil {
		return
	}
	delete(s.records, key)
	_, values := s.diff(nil, old.value)
	s.tell(key, told{op: "deleted", version: s.number(old.value), values: values, at: s.w.wall.UnixMicro()})
	if s.gone != nil {
		s.gone(key)
	}
}

// purge has records go whose time is up.
func (s *subject[T, K]) purge() {
	for key, r := range s.records {
		if !r.due.IsZero() && !r.due.After(s.w.now()) {
			delete(s.records, key)
			s.tell(key, told{op: "expired", version: s.number(r.value), at: r.due.UnixMilli() * 1000})
		}
	}
}

// stored returns the record that is there, past the proxy; nil if there is none.
func (s *subject[T, K]) stored(key K) *T {
	v, err := s.direct.Get(s.w.ctx, key)
	if errors.Is(err, repo.ErrNotFound) {
		return nil
	}
	s.w.must(err)
	return v
}

// settle finds out what has become of a write whose outcome is unknown.
func (s *subject[T, K]) settle(key K, o lifetime) {
	old, is := s.records[key], s.stored(key)
	switch {
	case is == nil:
		s.deleted(key)
	case old == nil:
		s.wrote(is, o)
	default:
		if names, _ := s.diff(old.value, is); names != "" || s.number(is) != s.number(old.value) {
			s.wrote(is, o)
		}
	}
}

// follow has the model follow an operation on a record: done, if it was carried out.
func (s *subject[T, K]) follow(what string, key K, err error, o lifetime, done func()) {
	s.w.note("%s %s %q: %v", s.name, what, s.id(key), err)
	switch {
	case err == nil:
		done()
	case errors.Is(err, repo.ErrUncertain):
		s.settle(key, o)
	default:
		s.w.refused(what, err)
	}
}

// patched returns the record after a patch.
func (s *subject[T, K]) patched(key K, change func(*T)) *T {
	old := s.records[key]
	if old == nil {
		s.w.fail("%s %q was patched, and is not there", s.name, s.id(key))
	}
	v := clone(old.value)
	change(v)
	if s.version != nil {
		*s.version(v)++
	}
	return v
}

// touched takes over the expiry that a record has got.
func (s *subject[T, K]) touched(key K, o lifetime) {
	r := s.records[key]
	if r == nil {
		s.w.fail("%s %q was touched, and is not there", s.name, s.id(key))
	}
	switch {
	case s.until != nil:
		if r.value = s.stored(key); r.value == nil {
			s.w.fail("%s %q is gone after Touch", s.name, s.id(key))
		}
		r.due = s.until(r.value)
	case o.given && o.d == 0:
		r.due = time.Time{}
	case o.given:
		r.due = s.w.now().Add(o.d)
	default:
		r.due = s.w.now().Add(s.ttl)
	}
}

// compare fails the run unless the records are those of the model, and what was told what
// they should have told.
func (s *subject[T, K]) compare() {
	n := 0
	for v, err := range s.direct.Where().All(s.w.ctx) {
		s.w.must(err)
		n++
		r := s.records[s.key(v)]
		if r == nil {
			s.w.fail("%s %q is stored, and not in the model", s.name, s.id(s.key(v)))
		}
		if names, _ := s.diff(r.value, v); names != "" || s.number(v) != s.number(r.value) {
			s.w.fail("%s %q: %s are not as in the model: %+v, want %+v", s.name, s.id(s.key(v)), names, v, r.value)
		}
	}
	if n != len(s.records) {
		s.w.fail("%s: %d records, want %d", s.name, n, len(s.records))
	}
	for id, want := range s.want {
		got := s.told[id]
		for i := range max(len(got), len(want)) {
			if i < len(got) && i < len(want) && got[i].agrees(want[i], s.until != nil || !s.expires) {
				continue
			}
			s.w.fail("%s %q, event %d of %d:\ntold %v\nwant %v", s.name, id, i+1, len(want), at(got, i), at(want, i))
		}
		delete(s.told, id)
		delete(s.want, id)
	}
	for id, got := range s.told {
		s.w.fail("%s %q has told what did not happen: %v", s.name, id, got)
	}
}

func at(list []told, i int) string {
	if i >= len(list) {
		return "nothing"
	}
	return list[i].String()
}

// read takes an event as it was told.
func (s *subject[T, K]) read(list []string) {
	if len(list) < 10 || len(list)%2 != 0 || !slices.Equal([]string{list[0], list[2], list[4], list[6], list[8]}, []string{"op", "id", "version", "fields", "at"}) {
		s.w.fail("%s: no event: %q", s.name, list)
	}
	e := told{op: list[1], fields: list[7]}
	if _, err := fmt.Sscan(list[9], &e.at); err != nil {
		s.w.fail("%s: %q: %v", s.name, list, err)
	}
	if list[5] != "" {
		_, err := fmt.Sscan(list[5], &e.version)
		s.w.must(err)
	}
	var values []string
	for i := 10; i < len(list); i += 2 {
		values = append(values, list[i]+"="+list[i+1])
	}
	e.values = strings.Join(values, ",")
	s.told[list[3]] = append(s.told[list[3]], e)
}

// lifetime is the option about expiry that a write is given.
type lifetime struct {
	given bool
	d     time.Duration // 0: for ever
}

func (o lifetime) options() []repo.WriteOption {
	switch {
	case !o.given:
		return nil
	case o.d == 0:
		return []repo.WriteOption{repo.NoTTL()}
	}
	return []repo.WriteOption{repo.TTL(o.d)}
}

// one does a random operation on one record.
func (s *subject[T, K]) one(ctx context.Context) {
	v := s.some()
	key, o := s.key(v), s.w.lifetime(s.expires)
	switch s.w.rng.IntN(9) {
	case 0, 1:
		err := s.repo.Create(ctx, v, o.options()...)
		s.follow("Create", key, err, o, func() { s.wrote(v, o) })
	case 2, 3:
		err := s.repo.Save(ctx, v, o.options()...)
		s.follow("Save", key, err, o, func() { s.wrote(v, o) })
	case 4:
		if r := s.records[key]; r != nil && s.version != nil && !s.w.chance(5) {
			*s.version(v) = s.number(r.value)
		}
		err := s.repo.Update(ctx, v, o.options()...)
		s.follow("Update", key, err, o, func() { s.wrote(v, o) })
	case 5, 6:
		changes, change := s.patch()
		err := s.repo.Patch(ctx, key, changes...)
		s.follow("Patch", key, err, lifetime{}, func() { s.wrote(s.patched(key, change), lifetime{}) })
	case 7:
		err := s.repo.Delete(ctx, key)
		s.follow("Delete", key, err, o, func() { s.deleted(key) })
	case 8:
		if s.expires {
			s.touch(ctx, key, o)
			return
		}
		changed := s.some()
		_, err := s.repo.Mutate(ctx, key, func(old *T) error {
			if s.version != nil {
				*s.version(changed) = *s.version(old)
			}
			*old = *changed
			if s.key(old) != key {
				return errStop
			}
			return nil
		})
		if errors.Is(err, errStop) {
			return
		}
		s.follow("Mutate", key, err, lifetime{}, func() {
			if s.version != nil {
				*s.version(changed)++
			}
			s.wrote(changed, lifetime{})
		})
	}
}

var errStop = errors.New("stop")

func (s *subject[T, K]) touch(ctx context.Context, key K, o lifetime) {
	if s.ttl == 0 && !o.given {
		o = lifetime{true, spans[0]}
	}
	err := s.repo.Touch(ctx, key, o.options()...)
	s.w.note("%s Touch %q: %v", s.name, s.id(key), err)
	switch {
	case err == nil, errors.Is(err, repo.ErrUncertain) && s.records[key] != nil && s.until != nil:
		s.touched(key, o)
	case errors.Is(err, repo.ErrUncertain): // when it expires is found out
		if r := s.records[key]; r != nil {
			d, err := s.direct.TTL(ctx, key)
			s.w.must(err)
			if r.due = (time.Time{}); d > 0 {
				r.due = s.w.now().Add(d)
			}
		}
	default:
		s.w.refused("Touch", err)
	}
}
