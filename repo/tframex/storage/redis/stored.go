package redis

import (
	"bytes"
	"encoding/json"
	"reflect"
	"time"

	"github.com/redisgen/redisgen/repo/tframex"
	"github.com/redisgen/redisgen/repo/tframex/storage"
	entities "github.com/redisgen/redisgen/schema/tframex"
)

// times are when a backend was given a record and when it changed it last; zero: not known.
type times struct{ created, updated time.Time }

// Names in Extra.Given of the times of a record that its fields do not tell. No entity has
// such fields.
const (
	givenCreated = "record created"
	givenUpdated = "record updated"
)

// told returns the times that the fields of a record tell.
func (p *plan) told(rec any) (t times) {
	v := reflect.ValueOf(rec).Elem()
	extra, _ := v.Field(p.extra).Interface().(*entities.Extra)
	return times{p.toldBy(v, extra, storage.FieldCreatedAt), p.toldBy(v, extra, storage.FieldUpdatedAt)}
}

func (p *plan) toldBy(v reflect.Value, extra *entities.Extra, name string) time.Time {
	var value any
	if c := p.column(name); c != nil {
		field := v.Field(c.field)
		value = c.value(field)
		if extra != nil {
			if given, odd := extra.Given[name]; odd && bytes.Equal(given.As, canonical(c, field)) {
				value, _ = storage.ParseValue(given.Value)
			}
		}
	} else if extra != nil {
		value, _ = storage.ParseValue(extra.Fields[name])
	}
	text, _ := value.(string)
	t, _ := storage.ParseTime(text) // zero if there is none
	return t
}

// stored returns the times of a record.
func (p *plan) stored(rec any) times {
	t := p.told(rec)
	extra, _ := reflect.ValueOf(rec).Elem().Field(p.extra).Interface().(*entities.Extra)
	if extra == nil {
		return t
	}
	for name, to := range map[string]*time.Time{givenCreated: &t.created, givenUpdated: &t.updated} {
		given, ok := extra.Given[name]
		if !ok || !bytes.Equal(given.As, jsonTime(*to)) {
			continue
		}
		value, _ := storage.ParseValue(given.Value)
		text, _ := value.(string)
		*to, _ = storage.ParseTime(text)
	}
	return t
}

// store keeps the times of a record, if its fields do not tell them.
func (p *plan) store(rec any, created, updated time.Time) {
	told := p.told(rec)
	field := reflect.ValueOf(rec).Elem().Field(p.extra)
	for _, one := range []struct {
		name     string
		is, told time.Time
	}{{givenCreated, created, told.created}, {givenUpdated, updated, told.updated}} {
		if one.is = one.is.Truncate(time.Microsecond); one.is.IsZero() || one.is.Equal(one.told.Truncate(time.Microsecond)) {
			continue
		}
		note(field, one.name, entities.Given{Value: jsonTime(one.is), As: jsonTime(one.told)})
	}
}

// jsonTime returns a time as a document has it; null of the zero time.
func jsonTime(t time.Time) json.RawMessage {
	if t.IsZero() {
		return json.RawMessage("null")
	}
	return json.RawMessage(`"` + storage.FormatTime(t) + `"`)
}

// record returns a record as Export yields it.
func (t *table) record(rec any) (storage.Record, error) {
	doc, err := t.decode(rec)
	if err != nil {
		return storage.Record{}, err
	}
	if d, ok := rec.(*tframex.Document); ok {
		r := storage.Record{ID: d.ID, Document: doc, CreatedAt: knownTime(d.CreatedAt)}
		if d.UpdatedAt != nil {
			r.UpdatedAt = knownTime(*d.UpdatedAt)
		}
		return r, nil
	}
	at := t.plan.stored(rec)
	return storage.Record{
		ID: t.plan.recordID(rec), Document: doc,
		CreatedAt: knownTime(at.created), UpdatedAt: knownTime(at.updated), ExpiresAt: t.plan.expiry(rec),
	}, nil
}

// knownTime returns the zero time in place of unknown.
func knownTime(t time.Time) time.Time {
	if t.Equal(unknown) {
		return time.Time{}
	}
	return t
}
