package repo

import (
	"context"
	"errors"
)

// Batch collects operations of several repositories and sends them in one
// round trip. Each operation is whole or not at all; the batch is not: others
// may write between its operations, and one may fail while the rest succeed.
// Operations of one entity take effect in their order.
//
//	batch := client.Batch()
//	user := users.In(batch).Get("7")
//	saved := orders.In(batch).Save(&order)
//	err := batch.Run(ctx)
//
// A Batch is for one goroutine and runs once.
type Batch struct {
	client *Client
	calls  []*call
	finish []func(replies []string, errs []error) error // by operation
	ran    bool
}

// Batch returns an empty batch.
func (c *Client) Batch() *Batch { return &Batch{client: c} }

// errRan is what a second run of a batch leads to.
var errRan = errors.New("redisgen: this batch has run already")

// Run sends what the batch has collected. If some operations fail, the error
// is a [*ManyError] with one entry for each operation, in the order they were
// added; each Result has its own as well.
func (b *Batch) Run(ctx context.Context) error {
	if b.ran {
		return errRan
	}
	b.ran = true
	replies, errs := b.client.doAll(ctx, b.calls)
	outcomes := make([]error, len(b.finish))
	for i, finish := range b.finish {
		outcomes[i] = finish(replies, errs)
	}
	return manyError(outcomes)
}

// add adds the calls of one operation; finish gets the outcome of the last.
func (b *Batch) add(finish func(reply string, err error) error, calls ...*call) {
	b.calls = append(b.calls, calls...)
	last := len(b.calls) - 1
	b.finish = append(b.finish, func(replies []string, errs []error) error {
		return finish(replies[last], errs[last])
	})
}

// fail adds an operation that cannot be sent.
func (b *Batch) fail(err error) {
	b.finish = append(b.finish, func([]string, []error) error { return err })
}

// Result is the outcome of an operation in a [Batch], valid once the batch has
// run.
type Result[V any] struct {
	Value V
	Err   error
}

// InBatch adds operations of a repository to a batch. They mean what the
// repository's methods of the same name mean; their results come when the
// batch has run.
type InBatch[T any, K comparable] struct {
	r *Repository[T, K]
	b *Batch
}

// In returns the repository's operations for a batch, which must be of the
// same client.
func (r *Repository[T, K]) In(b *Batch) InBatch[T, K] { return InBatch[T, K]{r, b} }

// Get reads a record.
func (in InBatch[T, K]) Get(key K) *Result[*T] {
	id, err := in.r.id("Get", key)
	if err != nil {
		return in.fail(err)
	}
	calls := []*call{in.r.readCall(id)}
	if in.r.info.sliding {
		calls = []*call{in.r.renewCall(id), calls[0]}
	}
	result := &Result[*T]{}
	in.b.add(func(reply string, err error) error {
		if err == nil {
			result.Value, err = in.r.decode(reply)
		}
		result.Err = in.r.info.recordError("Get", id, err)
		return result.Err
	}, calls...)
	return result
}

// fail returns the result of an operation that cannot be sent.
func (in InBatch[T, K]) fail(err error) *Result[*T] {
	in.b.fail(err)
	return &Result[*T]{Err: err}
}

// Create stores a new record.
func (in InBatch[T, K]) Create(v *T, opts ...WriteOption) *Result[*T] {
	return in.write(opCreate, v, func() (*prepared[T], error) { return in.r.prepare("Create", opCreate, v, collect(opts)) })
}

// Save stores a record, new or not.
func (in InBatch[T, K]) Save(v *T, opts ...WriteOption) *Result[*T] {
	return in.write(opSave, v, func() (*prepared[T], error) { return in.r.prepare("Save", opSave, v, collect(opts)) })
}

// Update stores a record that exists.
func (in InBatch[T, K]) Update(v *T, opts ...WriteOption) *Result[*T] {
	return in.write(opUpdate, v, func() (*prepared[T], error) { return in.r.prepare("Update", opUpdate, v, collect(opts)) })
}

// Patch changes fields of a record. The result has no value.
func (in InBatch[T, K]) Patch(key K, changes ...Change[T]) *Result[*T] {
	return in.write(opPatch, nil, func() (*prepared[T], error) { return in.r.preparePatch(key, changes) })
}

// Touch renews the expiry of a record. The result has no value.
func (in InBatch[T, K]) Touch(key K, opts ...WriteOption) *Result[*T] {
	return in.write(opTouch, nil, func() (*prepared[T], error) { return in.r.prepareTouch(key, opts) })
}

// Delete removes a record. The result has no value.
func (in InBatch[T, K]) Delete(key K) *Result[*T] {
	return in.write(opDelete, nil, func() (*prepared[T], error) { return in.r.prepareKey("Delete", key) })
}

func (in InBatch[T, K]) write(op operation, v *T, prepare func() (*prepared[T], error)) *Result[*T] {
	p, err := prepare()
	if err != nil {
		return in.fail(err)
	}
	result := &Result[*T]{Value: v}
	in.b.add(func(reply string, err error) error {
		if err != nil {
			result.Err = in.r.info.recordError(p.name, p.id, err)
		} else {
			result.Err = in.r.finish(reply, []*prepared[T]{p})[0]
		}
		return result.Err
	}, in.r.client.writeCall(in.r.info, op, []*rowWrite{&p.rowWrite}))
	return result
}
