package repo

import (
	"context"
	"time"
)

// Repository reads and writes the records of one entity: T is a pointer to the
// entity's struct, *User, and K the type of its key. Generated repositories
// embed it. It is safe for concurrent use.
//
// Errors of its methods are a [*RecordError] around what errors.go lists, or
// what go-redis returned.
//
// Go compiles the methods of a generic type once more for each type that it is
// used with. They hold no more than what depends on T and K; core has the rest.
type Repository[T any, K comparable] struct {
	core   *core
	entity *Entity[T, K]
}

// NewRepository returns the repository of the records that entity describes.
// Generated code calls it.
func NewRepository[T any, K comparable](client *Client, entity *Entity[T, K]) Repository[T, K] {
	c := newCore(client, newEntityInfo(entity), newRecords(entity))
	return Repository[T, K]{core: c, entity: entity}
}

// Create stores a new record; [ErrExists] if there is one with its key. An
// empty key is made up where the entity allows it. Fields that the repository
// keeps, and the key, are set in v. One round trip.
func (r *Repository[T, K]) Create(ctx context.Context, v T, opts ...WriteOption) error {
	return r.core.write(ctx, "Create", opCreate, v, opts)
}

// Save stores a record, new or not, whatever its version. What v does not have
// is removed. One round trip.
func (r *Repository[T, K]) Save(ctx context.Context, v T, opts ...WriteOption) error {
	return r.core.write(ctx, "Save", opSave, v, opts)
}

// Update stores a record that must exist, else [ErrNotFound]. If the entity has
// a version, the stored one must be that of v, else [ErrConflict]. One round
// trip.
func (r *Repository[T, K]) Update(ctx context.Context, v T, opts ...WriteOption) error {
	return r.core.write(ctx, "Update", opUpdate, v, opts)
}

// Delete removes a record; [ErrNotFound] if there is none. One round trip.
func (r *Repository[T, K]) Delete(ctx context.Context, key K) error {
	id, err := r.core.checkID(r.entity.ID(key))
	return r.core.delete(ctx, id, err)
}

// Touch renews the expiry of a record: to the entity's TTL, or as an option
// says. It changes neither version nor updated. [ErrNotFound] if there is no
// such record. One round trip.
func (r *Repository[T, K]) Touch(ctx context.Context, key K, opts ...WriteOption) error {
	id, err := r.core.checkID(r.entity.ID(key))
	return r.core.touch(ctx, id, err, opts)
}

// Patch changes some fields of a record and leaves the others alone: one
// round trip, without reading the record first. [ErrNotFound] if there is no
// such record; one that is gone does not come back.
func (r *Repository[T, K]) Patch(ctx context.Context, key K, changes ...Change[T]) error {
	id, err := r.core.checkID(r.entity.ID(key))
	return r.core.patch(ctx, id, err, plainChanges(changes))
}

// TTL returns how long the record still lives, 0 if it does not expire, and
// [ErrNotFound] if there is none. One round trip.
func (r *Repository[T, K]) TTL(ctx context.Context, key K) (time.Duration, error) {
	id, err := r.core.checkID(r.entity.ID(key))
	return r.core.ttl(ctx, id, err)
}

// Exists tells whether there is a record with that key. One round trip.
func (r *Repository[T, K]) Exists(ctx context.Context, key K) (bool, error) {
	id, err := r.core.checkID(r.entity.ID(key))
	return r.core.exists(ctx, id, err)
}

// Get returns the record with that key, or [ErrNotFound]. One round trip; of a
// sliding entity it renews the expiry.
func (r *Repository[T, K]) Get(ctx context.Context, key K) (T, error) {
	id, err := r.core.checkID(r.entity.ID(key))
	return typed[T](r.core.get(ctx, id, err))
}

// GetMany returns the records with those keys, in their order, nil where there
// is none. One round trip for a thousand keys; of a sliding entity it renews
// the expiry.
func (r *Repository[T, K]) GetMany(ctx context.Context, keys ...K) ([]T, error) {
	list := make([]T, len(keys))
	err := r.core.getMany(ctx, len(keys),
		func(i int) (string, error) { return r.core.checkID(r.entity.ID(keys[i])) },
		func(i int, v any) { list[i] = v.(T) })
	if err != nil {
		return nil, err
	}
	return list, nil
}

// GetUnique returns the record that has a value in a unique index, or
// [ErrNotFound]. put writes the values of the index's fields. Generated finders
// call it. One round trip.
func (r *Repository[T, K]) GetUnique(ctx context.Context, index int, put func(*Row)) (T, error) {
	return typed[T](r.core.getUnique(ctx, index, put))
}

// Mutate reads a record, has change change it, and stores it if nobody else
// has changed it meanwhile; if somebody has, it begins again, after a pause.
// It returns the record as stored.
//
// change may be called several times, each time with a fresh record; its error
// ends the operation and is returned. It must not change the key. Two round
// trips if nobody interferes; [ErrConflict] after 100 attempts. The options are those of
// Update.
func (r *Repository[T, K]) Mutate(ctx context.Context, key K, change func(T) error, opts ...WriteOption) (T, error) {
	id, err := r.core.checkID(r.entity.ID(key))
	return typed[T](r.core.mutate(ctx, id, err, func(v any) error { return change(v.(T)) }, opts))
}

// CreateMany stores new records, each as Create does, and each whole or not at
// all. If some fail, the error is a [*ManyError] that says which. One round
// trip for a hundred records.
func (r *Repository[T, K]) CreateMany(ctx context.Context, list []T, opts ...WriteOption) error {
	return r.core.writeMany(ctx, "CreateMany", opCreate, len(list), func(i int) any { return list[i] }, opts)
}

// SaveMany stores records, each as Save does, and each whole or not at all. If
// some fail, the error is a [*ManyError] that says which. One round trip for a
// hundred records.
func (r *Repository[T, K]) SaveMany(ctx context.Context, list []T, opts ...WriteOption) error {
	return r.core.writeMany(ctx, "SaveMany", opSave, len(list), func(i int) any { return list[i] }, opts)
}

// DeleteMany removes records, each as Delete does. If some fail, [ErrNotFound]
// among other reasons, the error is a [*ManyError] that says which. One round
// trip for a hundred records.
func (r *Repository[T, K]) DeleteMany(ctx context.Context, keys []K, opts ...WriteOption) error {
	return r.core.deleteMany(ctx, len(keys), func(i int) (string, error) { return r.core.checkID(r.entity.ID(keys[i])) }, opts)
}

// Where returns the query for records that meet all conditions; without any,
// for all records.
func (r *Repository[T, K]) Where(conditions ...Predicate[T]) *Query[T, K] {
	return &Query[T, K]{&query{core: r.core, where: plainPredicates(conditions)}, r.entity}
}

// In returns the repository's operations for a batch, which must be of the
// same client.
func (r *Repository[T, K]) In(b *Batch) *InBatch[T, K] { return &InBatch[T, K]{r, b} }

// typed returns what core returns, with its type.
func typed[T any](v any, err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return v.(T), nil
}
