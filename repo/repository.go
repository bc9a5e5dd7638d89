package repo

import (
	"context"
	"errors"
	"time"
)

// Repository reads and writes the records of one entity. Generated
// repositories embed it. It is safe for concurrent use.
//
// Errors of its methods are a [*RecordError] around what errors.go lists, or
// what go-redis returned.
type Repository[T any, K comparable] struct {
	client *Client
	entity *Entity[T, K]
	info   *entityInfo
	space  space
	read   []any // the names of all fields, to be read
}

// NewRepository returns the repository of the records that entity describes.
// Generated code calls it.
func NewRepository[T any, K comparable](client *Client, entity *Entity[T, K]) *Repository[T, K] {
	info := newEntityInfo(entity)
	r := &Repository[T, K]{client: client, entity: entity, info: info, space: client.space(entity.Name)}
	for _, f := range entity.Fields {
		r.read = append(r.read, f.Name)
	}
	if info.expires {
		client.sweeper.watch(r.space)
	}
	return r
}

// Create stores a new record; [ErrExists] if there is one with its key. An
// empty key is made up where the entity allows it. Fields that the repository
// keeps, and the key, are set in v. One round trip.
func (r *Repository[T, K]) Create(ctx context.Context, v *T, opts ...WriteOption) error {
	return r.write(ctx, "Create", opCreate, v, opts)
}

// Save stores a record, new or not, whatever its version. What v does not have
// is removed. One round trip.
func (r *Repository[T, K]) Save(ctx context.Context, v *T, opts ...WriteOption) error {
	return r.write(ctx, "Save", opSave, v, opts)
}

// Update stores a record that must exist, else [ErrNotFound]. If the entity has
// a version, the stored one must be that of v, else [ErrConflict]. One round
// trip.
func (r *Repository[T, K]) Update(ctx context.Context, v *T, opts ...WriteOption) error {
	return r.write(ctx, "Update", opUpdate, v, opts)
}

// Delete removes a record; [ErrNotFound] if there is none. One round trip.
func (r *Repository[T, K]) Delete(ctx context.Context, key K) error {
	p, err := r.prepareKey("Delete", key)
	if err != nil {
		return err
	}
	return r.send(ctx, opDelete, p)
}

// Touch renews the expiry of a record: to the entity's TTL, or as an option
// says. It changes neither version nor updated. [ErrNotFound] if there is no
// such record. One round trip.
func (r *Repository[T, K]) Touch(ctx context.Context, key K, opts ...WriteOption) error {
	p, err := r.prepareTouch(key, opts)
	if err != nil {
		return err
	}
	return r.send(ctx, opTouch, p)
}

// Patch changes some fields of a record and leaves the others alone: one
// round trip, without reading the record first. [ErrNotFound] if there is no
// such record; one that is gone does not come back.
func (r *Repository[T, K]) Patch(ctx context.Context, key K, changes ...Change[T]) error {
	p, err := r.preparePatch(key, changes)
	if err != nil {
		return err
	}
	return r.send(ctx, opPatch, p)
}

// TTL returns how long the record still lives, 0 if it does not expire, and
// [ErrNotFound] if there is none. One round trip.
func (r *Repository[T, K]) TTL(ctx context.Context, key K) (time.Duration, error) {
	id, err := r.id("TTL", key)
	if err != nil {
		return 0, err
	}
	reply, err := r.client.do(ctx, &call{args: []any{"pttl", r.space.record(id)}})
	if err != nil {
		return 0, r.info.recordError("TTL", id, err)
	}
	n, err := parseInt(reply)
	switch {
	case err == nil && n == -2:
		err = ErrNotFound
	case err == nil && n >= 0:
		return time.Duration(n) * time.Millisecond, nil
	}
	return 0, r.info.recordError("TTL", id, err)
}

// Exists tells whether there is a record with that key. One round trip.
func (r *Repository[T, K]) Exists(ctx context.Context, key K) (bool, error) {
	id, err := r.id("Exists", key)
	if err != nil {
		return false, err
	}
	reply, err := r.client.do(ctx, &call{args: []any{"exists", r.space.record(id)}})
	if err != nil {
		return false, r.info.recordError("Exists", id, err)
	}
	n, err := parseInt(reply)
	return n == 1, r.info.recordError("Exists", id, err)
}

// id returns the id of a key.
func (r *Repository[T, K]) id(op string, key K) (string, error) {
	id, err := r.entity.ID(key)
	if err != nil {
		return "", r.info.recordError(op, "", r.info.fieldError(r.info.key, err))
	}
	return id, nil
}

// write prepares and sends the write of one record.
func (r *Repository[T, K]) write(ctx context.Context, name string, op operation, v *T, opts []WriteOption) error {
	p, err := r.prepare(name, op, v, collect(opts))
	if err != nil {
		return err
	}
	return r.send(ctx, op, p)
}

// prepared is a write of one record that is ready to be sent.
type prepared[T any] struct {
	name  string // of the method
	value *T     // what to stamp, nil if nothing
	row   *Row
	rowWrite
}

// errNil is what a write of no record leads to.
var errNil = errors.New("the record is nil")

// prepare encodes v for a write of the whole record.
func (r *Repository[T, K]) prepare(name string, op operation, v *T, o writeOptions) (*prepared[T], error) {
	if v == nil {
		return nil, r.info.recordError(name, "", errNil)
	}
	if err := r.fillKey(op, v); err != nil {
		return nil, r.info.recordError(name, "", err)
	}
	id, err := r.id(name, r.entity.Key(v))
	if err != nil {
		return nil, err
	}
	if r.entity.Validate != nil {
		if err := r.entity.Validate(v); err != nil {
			return nil, r.info.recordError(name, id, err)
		}
	}
	row := newRow(r.info)
	if r.entity.Encode(row, v); row.err != nil {
		return nil, r.info.recordError(name, id, row.err)
	}
	p := &prepared[T]{name: name, value: v, row: row, rowWrite: rowWrite{id: id}}
	if p.created, p.existing, err = r.info.expiryArgs(o, row.expiry()); err != nil {
		return nil, r.info.recordError(name, id, err)
	}
	if op == opUpdate && r.info.version >= 0 {
		p.expected = row.identity()
	}
	p.whole(r.info, row, op)
	return p, nil
}

// identity returns what the stored record must have for an update of a row
// with a version: that version, and the same creation, if the row says when it
// was. A record that was deleted and created again starts with version 1 too.
func (r *Row) identity() string {
	version, _ := r.value(r.info.version)
	if r.info.created >= 0 {
		if created, ok := r.value(r.info.created); ok {
			return version + "@" + created
		}
	}
	return version
}

// expiry returns the value of the expires field; the zero time if it has none.
func (r *Row) expiry() time.Time {
	if r.info.expiry < 0 {
		return time.Time{}
	}
	text, _ := r.value(r.info.expiry)
	t, _ := parseTime(text) // text is empty or of Row.Time
	return t
}

// fillKey makes up the key of a new record that has none.
func (r *Repository[T, K]) fillKey(op operation, v *T) error {
	if r.entity.SetKey == nil || !IsZero(r.entity.Key(v)) {
		return nil
	}
	if op == opUpdate {
		return ErrNoKey
	}
	if err := r.entity.SetKey(v, r.client.newID()); err != nil {
		return r.info.fieldError(r.info.key, err)
	}
	return nil
}

// prepareKey prepares a write that needs only the key.
func (r *Repository[T, K]) prepareKey(name string, key K) (*prepared[T], error) {
	id, err := r.id(name, key)
	if err != nil {
		return nil, err
	}
	return &prepared[T]{name: name, rowWrite: rowWrite{id: id}}, nil
}

func (r *Repository[T, K]) prepareTouch(key K, opts []WriteOption) (*prepared[T], error) {
	p, err := r.prepareKey("Touch", key)
	if err != nil {
		return nil, err
	}
	if !r.info.expires {
		return nil, r.info.recordError("Touch", p.id, ErrNoTTL)
	}
	o := collect(opts)
	if p.created, p.existing, err = r.info.expiryArgs(o, time.Time{}); err != nil {
		return nil, r.info.recordError("Touch", p.id, err)
	}
	if o.ttl == "" && !o.keep {
		p.existing = p.created // the default TTL
	}
	p.keep(r.info, nil)
	return p, nil
}

// send sends the write of one record and stamps its value.
func (r *Repository[T, K]) send(ctx context.Context, op operation, p *prepared[T]) error {
	reply, err := r.client.do(ctx, r.client.writeCall(r.info, op, []*rowWrite{&p.rowWrite}))
	if err != nil {
		return r.info.recordError(p.name, p.id, err)
	}
	return r.finish(reply, []*prepared[T]{p})[0]
}

// finish reads the reply of a write and stamps the values that were written.
func (r *Repository[T, K]) finish(reply string, list []*prepared[T]) []error {
	errs := make([]error, len(list))
	results, err := parseWritten(r.info, reply, len(list), func(i int) *Row { return list[i].row })
	for i, p := range list {
		if err != nil {
			errs[i] = r.info.recordError(p.name, p.id, err)
			continue
		}
		if errs[i] = r.info.recordError(p.name, p.id, results[i].err); errs[i] == nil && p.value != nil && r.entity.Stamp != nil {
			r.entity.Stamp(p.value, results[i].stamp)
		}
	}
	return errs
}

// parseInt reads a reply that is an integer.
func parseInt(reply string) (int64, error) {
	v := values{"*1\r\n" + reply}
	list, err := v.ints(1)
	if err != nil {
		return 0, err
	}
	return list[0], nil
}
