package redis

import (
	"context"
	"errors"

	"github.com/redisgen/redisgen/repo"
)

// kind reads and writes the records of a table, whatever their type: a record is a pointer
// to an entity in an interface.
type kind interface {
	create(ctx context.Context, rec any, opts ...repo.WriteOption) error
	createMany(ctx context.Context, recs []any, opts ...repo.WriteOption) error
	saveMany(ctx context.Context, recs []any, opts ...repo.WriteOption) error
	get(ctx context.Context, id string) (any, error)
	// again reads a record of which only the key and what a query is in order of are known.
	again(ctx context.Context, rec any) (any, error)
	getMany(ctx context.Context, ids []string) ([]any, error)
	mutate(ctx context.Context, id string, change func(any) error) error
	remove(ctx context.Context, id string) error
	// find returns the query for the records that may meet conditions, in the order of a
	// field if there is one.
	find(conditions []condition, order string, desc bool) query
	// index returns what an index makes of a condition, nil if it has nothing to say.
	index(field string) *index
}

// query is one for records, whatever their type.
type query interface {
	page(ctx context.Context, limit int, after string) (recs []any, next string, err error)
	// bare is the query for the same records, of which no more is read than the key and
	// what they are in order of.
	bare() query
	count(ctx context.Context) (int64, error)
	exists(ctx context.Context) (bool, error)
	drop(ctx context.Context) (int64, error)
}

// records is a kind of the entity T, with keys of type K.
type records[T any, K comparable] struct {
	repo.Repository[*T, K]
	scope        []repo.Predicate[*T] // what all records of the table meet
	fields       map[string]field[*T]
	key          func(id string) K // of the record of a document
	id           func(*T) string   // of the document of a record
	*named[T, K]                   // nil: the id of a document is the key of its record
}

// named finds records whose id is a unique field beside their key.
type named[T any, K comparable] struct {
	byID func(ctx context.Context, id string) (*T, error)
	of   func(*T) K          // the key of a record
	keys func(id string) []K // those that an id may stand for
}

func (r *records[T, K]) create(ctx context.Context, rec any, opts ...repo.WriteOption) error {
	return r.Create(ctx, rec.(*T), opts...)
}

func (r *records[T, K]) createMany(ctx context.Context, recs []any, opts ...repo.WriteOption) error {
	return r.CreateMany(ctx, typed[T](recs), opts...)
}

func (r *records[T, K]) saveMany(ctx context.Context, recs []any, opts ...repo.WriteOption) error {
	return r.SaveMany(ctx, typed[T](recs), opts...)
}

func typed[T any](recs []any) []*T {
	list := make([]*T, len(recs))
	for i, rec := range recs {
		list[i] = rec.(*T)
	}
	return list
}

// get returns the record of a document: one round trip. Where the id is no key, a record
// that has it as its unique field comes before one that has it as its key: two at most, and
// one for what Insert has made up.
func (r *records[T, K]) get(ctx context.Context, id string) (any, error) { return r.lookup(ctx, id) }

func (r *records[T, K]) lookup(ctx context.Context, id string) (*T, error) {
	if r.named == nil {
		return r.Get(ctx, r.key(id))
	}
	var keyed *T // has the id as its key
	for _, key := range r.keys(id) {
		v, err := r.Get(ctx, key)
		if err == nil && r.id(v) == id {
			return v, nil
		}
		if err == nil && keyed == nil {
			keyed = v
		}
		if err != nil && !errors.Is(err, repo.ErrNotFound) {
			return nil, err
		}
	}
	v, err := r.byID(ctx, id)
	if keyed != nil && errors.Is(err, repo.ErrNotFound) {
		return keyed, nil
	}
	return v, err
}

// keyOf returns the key of a record.
func (r *records[T, K]) keyOf(v *T) K {
	if r.named != nil {
		return r.of(v)
	}
	return r.key(r.id(v))
}

func (r *records[T, K]) again(ctx context.Context, rec any) (any, error) {
	return r.Get(ctx, r.keyOf(rec.(*T)))
}

// getMany returns the records of documents that there are: one round trip for a thousand, or
// those of get for each.
func (r *records[T, K]) getMany(ctx context.Context, ids []string) (found []any, err error) {
	var list []*T
	if r.named == nil {
		keys := make([]K, len(ids))
		for i, id := range ids {
			keys[i] = r.key(id)
		}
		if list, err = r.GetMany(ctx, keys...); err != nil {
			return nil, err
		}
	} else {
		for _, id := range ids {
			v, err := r.lookup(ctx, id)
			if err != nil && !errors.Is(err, repo.ErrNotFound) {
				return nil, err
			}
			list = append(list, v)
		}
	}
	for _, v := range list {
		if v != nil {
			found = append(found, v)
		}
	}
	return found, nil
}

// errElsewhere ends a Mutate of a record that does not have the id.
var errElsewhere = errors.New("another record has the id")

// mutate changes the record of a document: two round trips, more only if its id is no key.
func (r *records[T, K]) mutate(ctx context.Context, id string, change func(any) error) error {
	if r.named != nil {
		return r.mutateNamed(ctx, id, change)
	}
	_, err := r.Mutate(ctx, r.key(id), func(v *T) error { return change(v) }, repo.KeepTimes())
	return err
}

func (r *records[T, K]) mutateNamed(ctx context.Context, id string, change func(any) error) error {
	for _, key := range r.keys(id) {
		_, err := r.Mutate(ctx, key, func(v *T) error {
			if r.id(v) != id {
				return errElsewhere
			}
			return change(v)
		}, repo.KeepTimes())
		if err == nil || !errors.Is(err, errElsewhere) && !errors.Is(err, repo.ErrNotFound) {
			return err
		}
	}
	v, err := r.lookup(ctx, id)
	if err != nil {
		return err
	}
	_, err = r.Mutate(ctx, r.keyOf(v), func(v *T) error { return change(v) }, repo.KeepTimes())
	return err
}

// remove deletes the record of a document: one round trip, and those of get where the id is
// no key.
func (r *records[T, K]) remove(ctx context.Context, id string) error {
	if r.named == nil {
		return r.Delete(ctx, r.key(id))
	}
	v, err := r.lookup(ctx, id)
	if err != nil {
		return err
	}
	return r.Delete(ctx, r.keyOf(v))
}

func (r *records[T, K]) index(name string) *index {
	if f, ok := r.fields[name]; ok && r.scope == nil { // the times of documents are others than theirs
		return &f.index
	}
	return nil
}

func (r *records[T, K]) find(conditions []condition, order string, desc bool) query {
	where := r.scope
	for _, c := range conditions {
		if p, ok := r.fields[c.Field].predicate(c); ok {
			where = append(where[:len(where):len(where)], p)
		}
	}
	q := r.Where(where...).RequireIndex()
	if order == "" {
		return search[T, K]{q, nil}
	}
	f := r.fields[order]
	if desc {
		return search[T, K]{q.OrderBy(f.desc), f.field}
	}
	return search[T, K]{q.OrderBy(f.asc), f.field}
}

// search is a query for records of T.
type search[T any, K comparable] struct {
	*repo.Query[*T, K]
	order repo.FieldOf[*T] // nil: none
}

func (s search[T, K]) bare() query {
	if s.order == nil {
		return search[T, K]{s.Select(), nil}
	}
	return search[T, K]{s.Select(s.order), s.order}
}

func (s search[T, K]) page(ctx context.Context, limit int, after string) ([]any, string, error) {
	page, err := s.Limit(limit).After(after).Page(ctx)
	if err != nil {
		return nil, "", err
	}
	recs := make([]any, len(page.Items))
	for i, v := range page.Items {
		recs[i] = v
	}
	return recs, page.Next, nil
}

func (s search[T, K]) count(ctx context.Context) (int64, error) { return s.Count(ctx) }

func (s search[T, K]) exists(ctx context.Context) (bool, error) { return s.Exists(ctx) }

func (s search[T, K]) drop(ctx context.Context) (int64, error) {
	done, err := s.Delete(ctx)
	return done.Done, err
}
