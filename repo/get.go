package repo

import (
	"context"
	"strconv"
)

// Get returns the record with that key, or [ErrNotFound]. One round trip; of a
// sliding entity it renews the expiry.
func (r *Repository[T, K]) Get(ctx context.Context, key K) (*T, error) {
	id, err := r.id("Get", key)
	if err != nil {
		return nil, err
	}
	if r.info.sliding {
		list, err := r.getSliding(ctx, []string{id})
		if err == nil && list[0] == nil {
			err = ErrNotFound
		}
		if err != nil {
			return nil, r.info.recordError("Get", id, err)
		}
		return list[0], nil
	}
	reply, err := r.client.do(ctx, r.readCall(id))
	if err != nil {
		return nil, r.info.recordError("Get", id, err)
	}
	v, err := r.decode(reply)
	return v, r.info.recordError("Get", id, err)
}

// GetMany returns the records with those keys, in their order, nil where there
// is none. One round trip for a thousand keys; of a sliding entity it renews
// the expiry.
func (r *Repository[T, K]) GetMany(ctx context.Context, keys ...K) ([]*T, error) {
	ids := make([]string, len(keys))
	for i, key := range keys {
		id, err := r.id("GetMany", key)
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	list := make([]*T, 0, len(keys))
	for len(ids) > 0 {
		n := min(len(ids), readStep)
		get := r.getPlain
		if r.info.sliding {
			get = r.getSliding
		}
		some, err := get(ctx, ids[:n])
		if err != nil {
			return nil, r.info.recordError("GetMany", "", err)
		}
		list, ids = append(list, some...), ids[n:]
	}
	return list, nil
}

// readStep is how many records one pipeline reads at most.
const readStep = 1000

// GetUnique returns the record that has a value in a unique index, or
// [ErrNotFound]. put writes the values of the index's fields. Generated finders
// call it. One round trip.
func (r *Repository[T, K]) GetUnique(ctx context.Context, index int, put func(*Row)) (*T, error) {
	ix := r.info.indexes[index]
	values, err := r.uniqueValues(ix, put)
	if err != nil {
		return nil, r.info.recordError("GetBy "+ix.Name, "", err)
	}
	return r.getPlanned(ctx, &plan{index: ix, key: r.space.index(ix, nil), value: joinValues(values)})
}

// getPlanned returns the record that a plan by a unique index finds.
func (r *Repository[T, K]) getPlanned(ctx context.Context, p *plan) (*T, error) {
	args := newArgs(2)
	args.add(string(r.space), p.value)
	reply, err := r.client.do(ctx, &call{
		script: uniqueScript, keys: []string{p.key}, args: append(args.args, r.read...),
	})
	var v *T
	if err == nil {
		v, err = r.decode(reply)
	}
	if err == nil && r.info.sliding {
		return r.Get(ctx, r.entity.Key(v)) // renews the expiry: a second round trip
	}
	if err != nil {
		return nil, r.info.recordError("GetBy "+p.index.Name, "", err)
	}
	return v, nil
}

// uniqueValues returns the values that put writes to the fields of an index,
// as the index has them.
func (r *Repository[T, K]) uniqueValues(ix Index, put func(*Row)) ([]string, error) {
	// The row has the index's fields alone, in the index's order.
	info := *r.info
	info.fields = make([]FieldInfo, len(ix.Fields))
	for i, f := range ix.Fields {
		info.fields[i] = r.info.fields[f]
	}
	row := newRow(&info)
	if put(row); row.err != nil {
		return nil, row.err
	}
	values := make([]string, len(ix.Fields))
	for i := range values {
		value, ok := row.folded(i)
		if !ok {
			return nil, ErrNotFound // nobody claims an absent value
		}
		values[i] = value
	}
	return values, nil
}

// getPlain reads records in one pipeline.
func (r *Repository[T, K]) getPlain(ctx context.Context, ids []string) ([]*T, error) {
	calls := make([]*call, len(ids))
	for i, id := range ids {
		calls[i] = r.readCall(id)
	}
	replies, errs := r.client.doAll(ctx, calls)
	list := make([]*T, len(ids))
	for i := range ids {
		if errs[i] != nil {
			return nil, errs[i]
		}
		if err := r.decodeInto(&list[i], replies[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// getSliding reads records and renews their expiry in one pipeline.
func (r *Repository[T, K]) getSliding(ctx context.Context, ids []string) ([]*T, error) {
	calls := make([]*call, 0, 2*len(ids))
	for _, id := range ids {
		calls = append(calls, r.renewCall(id), r.readCall(id))
	}
	replies, errs := r.client.doAll(ctx, calls)
	list := make([]*T, len(ids))
	for i := range calls {
		if errs[i] != nil {
			return nil, errs[i]
		}
		if i%2 == 0 {
			continue
		}
		if err := r.decodeInto(&list[i/2], replies[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// renewCall returns the call that renews the expiry of a record of a sliding
// entity.
func (r *Repository[T, K]) renewCall(id string) *call {
	ttl := "+" + strconv.FormatInt(r.info.ttl.Milliseconds(), 10)
	w := rowWrite{id: id, created: ttl, existing: ttl}
	w.keep(r.info, nil)
	c := r.client.writeCall(r.info, opTouch, []*rowWrite{&w})
	c.write = false // to renew twice is to renew once
	return c
}

// decodeInto decodes a record; no record leaves to as it is.
func (r *Repository[T, K]) decodeInto(to **T, reply string) error {
	v, err := r.decode(reply)
	if err == nil {
		*to = v
	}
	if err == ErrNotFound {
		return nil
	}
	return err
}
