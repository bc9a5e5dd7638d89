package model

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redisgen/redisgen/repo"
)

func (m *model[T, K]) entityName() string { return m.name }

// act does one random operation.
func (m *model[T, K]) act() {
	if m.bulk != nil && m.w.chance(200) {
		m.doBulk()
		return
	}
	key := m.someKey(m.w)
	switch m.w.rng.IntN(22) {
	case 0, 1:
		m.whole("create", false)
	case 2, 3, 4:
		m.whole("save", false)
	case 5, 6:
		m.whole("update", false)
	case 7, 8, 9:
		m.doPatch(key)
	case 10:
		m.doMutate(key)
	case 11, 12:
		m.doDelete(key)
	case 13:
		m.doTouch(key)
	case 14:
		m.doMany()
	case 15:
		m.doGet(key)
	case 16:
		m.doGetMany()
	case 17:
		m.doExists(key)
	case 18:
		m.doTTL(key)
	case 19:
		if len(m.finders) > 0 {
			m.doFind()
			break
		}
		fallthrough
	case 20:
		m.doQuery(pick(m.w, m.queries...)(m.w))
	case 21:
		m.doWalk(pick(m.w, m.queries...)(m.w))
	}
}

// value returns a value to write. An update mostly has the stored version.
func (m *model[T, K]) value(op string) *T {
	v := m.some(m.w)
	m.setKey(v, m.someKey(m.w))
	if m.madeUp != nil && m.w.chance(8) {
		var none K
		m.setKey(v, none)
	}
	if r := m.records[m.key(v)]; op == "update" && r != nil && m.kept(v).version != nil && !m.w.chance(6) {
		*m.kept(v).version = *m.kept(r.value).version
		if created := m.kept(v).created; created != nil && !m.w.chance(6) {
			*created = pick(m.w, *m.kept(r.value).created, time.Time{})
		}
	}
	return v
}

// whole creates, saves or updates a record.
func (m *model[T, K]) whole(op string, plain bool) {
	v, o := m.value(op), m.w.someExpiry(m.expires)
	if plain {
		o = expiry{}
	}
	m.w.note("%s.%s(%s, %v)", m.name, op, show(v), o)
	before := m.copy(v)
	want := m.put(op, m.copy(v), o)
	var err error
	switch op {
	case "create":
		err = m.repo.Create(m.w.ctx, v, o.options()...)
	case "save":
		err = m.repo.Save(m.w.ctx, v, o.options()...)
	case "update":
		err = m.repo.Update(m.w.ctx, v, o.options()...)
	}
	m.w.called()
	m.wrote(op, v, before, err, want)
}

// changes returns one to four changes to different fields.
func (m *model[T, K]) changes() (changes []patch[T], given []repo.Change[*T], text string) {
	used := map[string]bool{}
	for range 1 + m.w.rng.IntN(4) {
		if c := pick(m.w, m.patches(m.w)...); !used[c.field] {
			used[c.field] = true
			changes, given = append(changes, c), append(given, c.change)
			text += fmt.Sprintf(", %s.%s", c.field, c.text)
		}
	}
	return changes, given, text
}

func (m *model[T, K]) doPatch(key K) {
	changes, given, text := m.changes()
	m.w.note("%s.Patch(%q%s)", m.name, m.id(key), text)
	want := m.patch(key, changes)
	err := m.repo.Patch(m.w.ctx, key, given...)
	m.w.called()
	m.w.agree("Patch", err, want)
}

var errStop = errors.New("stop")

// doMutate has a change put another value in place of a record's; sometimes somebody else writes the record meanwhile.
func (m *model[T, K]) doMutate(key K) {
	stop, other, interfered := m.w.chance(10), m.w.chance(4), false
	value := m.some(m.w)
	m.setKey(value, key)
	m.w.note("%s.Mutate(%s, stop %t)", m.name, show(value), stop)
	var seen int
	v, err := m.repo.Mutate(m.w.ctx, key, func(v *T) error {
		seen++
		m.same("Mutate is given", m.copy(v), m.records[key])
		if other && !interfered {
			interfered = true
			if m.w.chance(3) {
				m.doDelete(key)
			} else {
				m.doPatch(key)
			}
			m.purge()
		}
		if stop {
			return errStop
		}
		*v = *m.copy(value)
		return nil
	})
	r := m.records[key]
	switch {
	case stop && seen > 0:
		m.w.agree("Mutate", err, errStop)
		return
	case r == nil && seen > 0 && m.refused(value) != nil:
		m.w.agree("Mutate", err, m.refused(value))
		return
	case r == nil:
		m.w.agree("Mutate", err, repo.ErrNotFound)
		return
	}
	known := m.copy(value) // has the identity that Mutate read, whatever the change made of it
	if k := m.kept(r.value); k.version != nil {
		*m.kept(known).version, *m.kept(known).created = *k.version, *k.created
	}
	want := m.refused(value)
	if want == nil {
		want = m.put("update", known, expiry{})
	}
	m.w.called()
	m.w.agree("Mutate", err, want)
	if want == nil && m.alive(key) {
		m.wrote("Mutate", v, value, nil, nil)
	}
}

// alive tells whether a record that was just written has not expired at once.
func (m *model[T, K]) alive(key K) bool {
	m.purge()
	return m.records[key] != nil
}

func (m *model[T, K]) doDelete(key K) {
	m.w.note("%s.Delete(%q)", m.name, m.id(key))
	want := m.remove(key)
	m.w.agree("Delete", m.repo.Delete(m.w.ctx, key), want)
}

func (m *model[T, K]) doTouch(key K) {
	o := m.w.someExpiry(m.expires)
	m.w.note("%s.Touch(%q, %v)", m.name, m.id(key), o)
	want := m.touch(key, o)
	err := m.repo.Touch(m.w.ctx, key, o.options()...)
	m.w.called()
	m.w.agree("Touch", err, want)
}

// doMany creates, saves or deletes some records.
func (m *model[T, K]) doMany() {
	op := pick(m.w, "create", "save", "delete")
	n := m.w.rng.IntN(6)
	o := m.w.someExpiry(m.expires)
	var keys []K
	var values, before []*T
	for range n {
		values = append(values, m.value(op))
	}
	if op == "save" && m.claimsFar() {
		values = m.apart(values)
	}
	for _, v := range values {
		keys, before = append(keys, m.key(v)), append(before, m.copy(v))
	}
	n = len(values)
	var err error
	m.w.note("%s.%sMany(%d, %v)", m.name, op, n, o)
	for _, v := range values {
		m.w.note("  %s", show(v))
	}
	wants := m.many(op, before, o)
	switch op {
	case "create":
		err = m.repo.CreateMany(m.w.ctx, values, append(o.options(), repo.Parallel(2))...)
	case "save":
		err = m.repo.SaveMany(m.w.ctx, values, o.options()...)
	case "delete":
		err = m.repo.DeleteMany(m.w.ctx, keys)
	}
	m.w.called()
	m.purge()
	last := map[K]int{}
	for i, v := range values {
		if wants[i] == nil {
			last[m.key(v)] = i
		}
	}
	for i, got := range m.w.each("Many", err, n) {
		m.w.agree(fmt.Sprintf("%sMany[%d]", op, i), got, wants[i])
		if op != "delete" && got == nil && last[m.key(values[i])] == i && m.alive(m.key(values[i])) {
			m.wrote(op+"Many", values[i], before[i], nil, nil)
		}
	}
}

// apart returns the values that want no unique value which a record has, or gets, that is written by the same call: it
// may be given up before, in whatever order they are, since what claims nothing in other shards is written first.
func (m *model[T, K]) apart(values []*T) []*T {
	holders := map[string][]claims{} // by id
	add := func(id string, r *record[T]) { holders[id] = append(holders[id], m.claims(r)) }
	ids := map[*T][]string{} // those that a value may be written by
	for _, v := range values {
		ids[v] = []string{m.id(m.key(v))}
		if m.madeUp != nil && repo.IsZero(m.key(v)) {
			ids[v] = uuids
		}
		for _, id := range ids[v] {
			add(id, &record[T]{value: v})
		}
	}
	for _, r := range m.records {
		if holders[r.id] != nil {
			add(r.id, r)
		}
	}
	return slices.DeleteFunc(values, func(v *T) bool {
		wanted := m.claims(&record[T]{value: v})
		for id, all := range holders {
			for _, c := range slices.Concat(all...) {
				if len(all) > 1 && !slices.Equal(ids[v], []string{id}) && slices.Contains(wanted, c) {
					return true
				}
			}
		}
		return false
	})
}

// doBulk writes and deletes more records than one call takes.
func (m *model[T, K]) doBulk() {
	const n = 150
	m.w.note("%s: %d records at once", m.name, n)
	var keys []K
	var values, before []*T
	for i := range n {
		v := m.some(m.w)
		m.setKey(v, m.bulk(i))
		keys, values, before = append(keys, m.key(v)), append(values, v), append(before, m.copy(v))
	}
	wants := m.many("save", before, expiry{})
	err := m.repo.SaveMany(m.w.ctx, values, repo.Parallel(2))
	m.w.called()
	for i, got := range m.w.each("SaveMany", err, n) {
		m.wrote("SaveMany", values[i], before[i], got, wants[i])
	}
	m.doQuery(pick(m.w, m.queries...)(m.w))
	list, err := m.repo.GetMany(m.w.ctx, keys...)
	for _, key := range keys {
		m.renew(key)
	}
	m.w.called()
	m.w.agree("GetMany", err, nil)
	for i, key := range keys {
		m.same("GetMany", list[i], m.records[key])
	}
	wants = m.many("delete", before, expiry{})
	err = m.repo.DeleteMany(m.w.ctx, keys, repo.Parallel(2))
	for i, got := range m.w.each("DeleteMany", err, n) {
		m.w.agree("DeleteMany", got, wants[i])
	}
}

// many writes records to the model. A record whose id is under way already waits for what came before, and
// what expires at once holds its claims until then, but for those in other shards.
func (m *model[T, K]) many(op string, values []*T, o expiry) []error {
	wants := make([]error, len(values))
	underWay := map[string]bool{}
	for i, v := range values {
		if op == "delete" {
			if id := m.id(m.key(v)); underWay[id] {
				clear(underWay)
				m.purge()
			} else {
				underWay[id] = true
			}
			wants[i] = m.remove(m.key(v))
			continue
		}
		v = m.copy(v)
		if m.madeUp != nil && repo.IsZero(m.key(v)) {
			m.setKey(v, m.madeUp(m.w.ids.model()))
		}
		if id := m.id(m.key(v)); m.refused(v) == nil && (m.expires || !o.given()) {
			if underWay[id] {
				clear(underWay)
				m.purge()
			}
			underWay[id] = true
		}
		if wants[i] = m.put(op, v, o); m.claimsFar() {
			m.purge()
		}
	}
	return wants
}

// each returns the errors of the items of an operation on n.
func (w *world) each(what string, err error, n int) []error {
	if err == nil {
		return make([]error, n)
	}
	var many *repo.ManyError
	if !errors.As(err, &many) || len(many.Errs) != n {
		w.fail("%s: error %v, want one for each of %d", what, err, n)
	}
	return many.Errs
}
