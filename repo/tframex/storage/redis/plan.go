package redis

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	entities "github.com/redisgen/redisgen/schema/tframex"
)

// plan says how the documents of a known table and the records of its entity become each
// other. It is made once for each entity, by reflection on its tags.
type plan struct {
	entity  reflect.Type
	columns []column
	byName  map[string]int
	extra   int // the field of the struct that has what the others do not hold
	keys    []int
	named   bool // the id of a document is no key of the entity, but unique
}

// column is a field of an entity.
type column struct {
	name     string // of the field of documents
	field    int    // of the struct
	form     form
	optional bool // a pointer
	key      bool
	unique   bool
	fold     bool // indexes compare it without case
	sorted   bool // a time that an index has as a number, so that there must be one
	created  bool
	updated  bool
	expires  bool
	choices  []string // of an enum
	absent   any      // the value of a field that a document does not have
}

// form is what values a column has.
type form int

const (
	text form = iota
	boolean
	integer
	float
	moment
	object // any JSON
)

// choices are the values of enums.
var choices = map[reflect.Type][]string{
	reflect.TypeFor[entities.MessageRole](): {"system", "user", "assistant", "tool"},
	reflect.TypeFor[entities.FlowStatus]():  {"pending", "running", "success", "failed", "cancelled"},
	reflect.TypeFor[entities.ToolType]():    {"native", "mcp", "agent"},
	reflect.TypeFor[entities.MetricType]():  {"counter", "gauge", "histogram", "timer"},
}

// newPlan returns the plan of the entity T.
func newPlan[T any]() *plan {
	t := reflect.TypeFor[T]()
	p := &plan{entity: t, byName: map[string]int{}}
	for i := range t.NumField() {
		f := t.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("redis"), ",")
		if f.Type == reflect.TypeFor[*entities.Extra]() {
			p.extra = i
			continue
		}
		c := newColumn(f.Type, strings.Split(rest, ","))
		c.name, c.field = name, i
		if name == "is_active" {
			c.absent = true
		}
		if c.key {
			p.keys = append(p.keys, len(p.columns))
		}
		p.byName[name] = len(p.columns)
		p.columns = append(p.columns, c)
	}
	p.named = !p.columns[p.byName[storage.FieldID]].key
	return p
}

func newColumn(t reflect.Type, options []string) column {
	has := func(option string) bool { return slices.Contains(options, option) }
	c := column{
		key: has("key"), unique: has("unique"), fold: has("fold"), sorted: has("sort"),
		created: has("created"), updated: has("updated"), expires: has("expires"), choices: choices[t],
	}
	if t.Kind() == reflect.Pointer {
		c.optional, t = true, t.Elem()
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		c.form = moment
	case t.Kind() == reflect.String:
		c.form = text
	case t.Kind() == reflect.Bool:
		c.form = boolean
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		c.form = integer
	case t.Kind() == reflect.Float64:
		c.form = float
	default:
		c.form = object
	}
	return c
}

// column returns the column of a field of documents, nil if the entity has none.
func (p *plan) column(name string) *column {
	if p == nil {
		return nil
	}
	if i, ok := p.byName[name]; ok {
		return &p.columns[i]
	}
	return nil
}

// encode fills rec, a pointer to an entity, with a document. What rec has of an expiry is
// kept if the document does not say when it is.
func (p *plan) encode(doc storage.Document, id string, rec any) error {
	v := reflect.ValueOf(rec).Elem()
	extra, known := v.Field(p.extra), 0
	extra.SetZero()
	for i := range p.columns {
		c := &p.columns[i]
		value, has := doc[c.name]
		if has {
			known++
		}
		same, err := p.put(c, v, value, has, id)
		if err == nil && !same {
			err = give(extra, c, v.Field(c.field), value, has)
		}
		if err != nil {
			return fmt.Errorf("%w: field %q: %w", storage.ErrValidation, c.name, err)
		}
	}
	if known == len(doc) {
		return nil
	}
	fields, err := p.others(doc, len(doc)-known)
	if extra.IsNil() {
		extra.Set(reflect.ValueOf(&entities.Extra{}))
	}
	extra.Interface().(*entities.Extra).Fields = fields
	return err
}

// others returns the n fields of a document that the entity does not have.
func (p *plan) others(doc storage.Document, n int) (map[string]json.RawMessage, error) {
	fields := make(map[string]json.RawMessage, n)
	for name, value := range doc {
		if _, ok := p.byName[name]; ok {
			continue
		}
		data, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("%w: field %q: %w", storage.ErrValidation, name, err)
		}
		fields[name] = data
	}
	return fields, nil
}

// put sets a column, and tells whether decode returns the value from the column alone.
func (p *plan) put(c *column, v reflect.Value, value any, has bool, id string) (same bool, err error) {
	to := v.Field(c.field)
	switch {
	case c.name == storage.FieldID:
		setText(to, id)
		return value == id, nil
	case c.key && (value == nil || value == ""):
		if len(p.keys) > 1 {
			return false, errors.New("it is part of the key, and missing")
		}
		setText(to, id)
		return false, nil
	case c.updated && (value == nil || value == ""):
		created := v.Field(p.createdField()).Interface().(time.Time)
		to.Set(reflect.ValueOf(&created)) // else the write would set it
		return false, nil
	case c.expires && value == nil:
		return to.IsZero() && !has, nil
	}
	return c.set(to, value, has)
}

// createdField returns the field of the struct that is set when a record is made.
func (p *plan) createdField() int {
	for _, c := range p.columns {
		if c.created {
			return c.field
		}
	}
	return -1
}

// decode returns the document of a record.
func (p *plan) decode(rec any) (storage.Document, error) {
	v := reflect.ValueOf(rec).Elem()
	extra, _ := v.Field(p.extra).Interface().(*entities.Extra)
	if extra == nil {
		extra = &entities.Extra{}
	}
	doc := make(storage.Document, len(p.columns)+len(extra.Fields))
	for i := range p.columns {
		c := &p.columns[i]
		field := v.Field(c.field)
		given, odd := extra.Given[c.name]
		switch {
		case odd && bytes.Equal(given.As, canonical(c, field)):
			if given.Value == nil {
				continue
			}
			value, err := storage.ParseValue(given.Value)
			if err != nil {
				return nil, err
			}
			doc[c.name] = value
		default:
			if value := c.value(field); value != nil {
				doc[c.name] = value
			}
		}
	}
	if p.named && v.Field(p.columns[p.byName[storage.FieldID]].field).IsZero() {
		doc[storage.FieldID] = p.recordID(rec) // the typed side has made it
	}
	for name, data := range extra.Fields {
		value, err := storage.ParseValue(data)
		if err != nil {
			return nil, err
		}
		doc[name] = value
	}
	return doc, nil
}

// defaultID returns the id of a document that has none: its keys, joined by colons. "" if
// the entity's key is the id.
func (p *plan) defaultID(doc storage.Document) string {
	if !p.named {
		return ""
	}
	var parts []string
	for _, i := range p.keys {
		part, _ := doc[p.columns[i].name].(string)
		if part == "" {
			return ""
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ":")
}

// recordID returns the id of the document of a record.
func (p *plan) recordID(rec any) string {
	v := reflect.ValueOf(rec).Elem()
	if id := v.Field(p.columns[p.byName[storage.FieldID]].field); id.Kind() == reflect.String {
		return id.String()
	} else if !id.IsNil() {
		return id.Elem().String()
	}
	parts := make([]string, len(p.keys))
	for i, key := range p.keys {
		parts[i] = v.Field(p.columns[key].field).String()
	}
	return strings.Join(parts, ":")
}

// expiry returns when a record is gone; the zero time: never.
func (p *plan) expiry(rec any) (at time.Time) {
	for _, c := range p.columns {
		if c.expires {
			at = reflect.ValueOf(rec).Elem().Field(c.field).Interface().(time.Time)
		}
	}
	return at
}

// fresh returns a record without values.
func (p *plan) fresh() any { return reflect.New(p.entity).Interface() }

// expire sets when a record is gone; the zero time: never.
func (p *plan) expire(rec any, at time.Time) {
	for _, c := range p.columns {
		if c.expires {
			reflect.ValueOf(rec).Elem().Field(c.field).Set(reflect.ValueOf(cutToExpiry(at)))
		}
	}
}

// expireAt has a record be gone at a time that is another than its document says, which it
// says all the same.
func (p *plan) expireAt(rec any, doc storage.Document, at time.Time) error {
	for i := range p.columns {
		c := &p.columns[i]
		if !c.expires {
			continue
		}
		p.expire(rec, at)
		v := reflect.ValueOf(rec).Elem()
		value, has := doc[c.name]
		if err := give(v.Field(p.extra), c, v.Field(c.field), value, has); err != nil {
			return err
		}
	}
	return nil
}

// give keeps the value of a field as the document has it.
func give(to reflect.Value, c *column, field reflect.Value, value any, has bool) (err error) {
	given := entities.Given{As: canonical(c, field)}
	if has {
		if given.Value, err = json.Marshal(value); err != nil {
			return err
		}
	}
	note(to, c.name, given)
	return nil
}

// note adds what is given to the field of a struct that is an Extra.
func note(to reflect.Value, name string, given entities.Given) {
	extra, _ := to.Interface().(*entities.Extra)
	if extra == nil {
		extra = &entities.Extra{}
		to.Set(reflect.ValueOf(extra))
	}
	if extra.Given == nil {
		extra.Given = map[string]entities.Given{}
	}
	extra.Given[name] = given
}
