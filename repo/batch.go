package repo

import (
	"context"
	"errors"
	"slices"
)

// Batch collects operations of several repositories and sends them in one
// round trip. Each operation is whole or not at all; the batch is not: others
// may write between its operations, and one may fail while the rest succeed.
// Operations of one entity take effect in their order, but for those that change
// a value which is unique across shards, of a record that exists, and those whose
// value another record has: they come after the others. If the batch creates records
// with such values, they are claimed in a round trip before.
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
	early  []*earlyWrite
	late   []lateWrite
	ran    bool
}

// Batch returns an empty batch.
func (c *Client) Batch() *Batch { return &Batch{client: c} }

// errRan is what a second run of a batch leads to.
var errRan = errors.New("redisgen: this batch has run already")

// Run sends what the batch has collected. If some operations fail, the error
// is a [*ManyError] with one entry for each operation, in the order they were
// added; each Result has its own as well.
func (b *Batch) Run(ctx context.Context) (failed error) {
	if b.ran {
		return errRan
	}
	b.ran = true
	ctx, o := b.client.observe(ctx, Operation{Entity: entityOf(b.calls), Name: "Batch", Size: len(b.finish)})
	defer o.end(&failed)
	b.claimEarly(ctx)
	replies, errs := b.client.doAll(ctx, b.calls)
	outcomes := make([]error, len(b.finish))
	for i, finish := range b.finish {
		outcomes[i] = finish(replies, errs)
	}
	for _, e := range b.early {
		if refused(outcomes[e.at]) {
			e.core.abandon(ctx, e.has)
		}
	}
	b.finishLate(ctx, outcomes)
	return manyError(outcomes)
}

// refused tells whether a write was refused for good, so that what it has claimed is
// not needed.
func refused(err error) bool {
	return slices.ContainsFunc([]error{ErrExists, ErrReference, ErrUnique, ErrFenced}, func(one error) bool { return errors.Is(err, one) })
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
func (b *Batch) fail(err error, to *error) {
	*to = err
	b.finish = append(b.finish, func([]string, []error) error { return err })
}

// get adds the reading of a record, which is handed to found.
func (b *Batch) get(c *core, id string, err error, to *error, found func(any)) {
	if err != nil {
		b.fail(c.keyError("Get", err), to)
		return
	}
	calls := []*call{c.readCall(id)}
	if c.info.sliding {
		calls = []*call{c.renewCall(id), calls[0]}
	}
	b.add(func(reply string, err error) error {
		var v any
		if err == nil {
			v, err = c.decodeReply(reply)
		}
		if err == nil {
			found(v)
		}
		*to = c.info.recordError("Get", id, err)
		return *to
	}, calls...)
}

// write adds the write of a whole record.
func (b *Batch) write(c *core, name string, op operation, v any, opts []WriteOption, to *error) {
	p, err := c.prepare(name, op, v, collect(opts))
	b.send(c, op, p, err, to)
}

// send adds a write that was prepared, or could not be.
func (b *Batch) send(c *core, op operation, p *prepared, err error, to *error) {
	if err != nil {
		b.fail(err, to)
		return
	}
	at := len(b.finish)
	if op == opCreate && len(c.info.globals) > 0 {
		b.early = append(b.early, &earlyWrite{core: c, p: p, at: at, call: len(b.calls)})
	}
	b.add(func(reply string, err error) error {
		if *to = c.finish(p, reply, err); errors.Is(*to, errClaim) || errors.Is(*to, errMore) {
			b.late = append(b.late, lateWrite{c, op, p, at, to})
		}
		return *to
	}, c.writeCallOf(c.info.inBatch(), op, []*rowWrite{&p.rowWrite}, nil))
}

// earlyWrite is a write of a new record, whose values that are unique across shards
// are claimed before the batch is sent.
type earlyWrite struct {
	core *core
	p    *prepared
	at   int // among the operations
	call int // among the calls
	has  []*claim
}

// claimEarly claims what new records are to have, in a pipeline for each entity, and
// has their writes rely on it. Those that cannot get it find out by themselves whether
// it matters: the record may exist.
func (b *Batch) claimEarly(ctx context.Context) {
	todo := b.early
	for len(todo) > 0 {
		c := todo[0].core
		var some, rest []*earlyWrite
		for _, e := range todo {
			if e.core == c {
				some = append(some, e)
			} else {
				rest = append(rest, e)
			}
		}
		c.claimEarly(ctx, some)
		for _, e := range some {
			b.calls[e.call] = c.writeCallOf(c.info.inBatch(), opCreate, []*rowWrite{&e.p.rowWrite}, nil)
		}
		todo = rest
	}
}

func (c *core) claimEarly(ctx context.Context, writes []*earlyWrite) {
	list, claimants := make([]*prepared, len(writes)), make([]*claimant, len(writes))
	for i, e := range writes {
		list[i] = e.p
		claimants[i] = &claimant{at: i, lacks: c.lacking(e.p)}
	}
	now, _ := apart(claimants)
	can, _, void := c.acquireAll(ctx, now, nil, list, make([]result, len(list)))
	c.abandon(ctx, void)
	for _, one := range can {
		writes[one.at].has = one.has
	}
}

// lateWrite is a write that needs claims in other shards first, or a delete of which a
// part is left to do.
type lateWrite struct {
	core *core
	op   operation
	p    *prepared
	at   int    // among the operations
	to   *error // where its error goes
}

// finishLate writes what could not be written without claims, in order, and several
// records at a time if they are of one entity.
func (b *Batch) finishLate(ctx context.Context, outcomes []error) {
	for len(b.late) > 0 {
		first, ids := b.late[0], map[string]bool{}
		var list []*prepared
		for _, l := range b.late {
			if l.core != first.core || l.op != first.op || ids[l.p.id] {
				break
			}
			ids[l.p.id] = true
			list = append(list, l.p)
		}
		for i, err := range first.core.sendMany(ctx, first.op, list) {
			l := b.late[i]
			*l.to, outcomes[l.at] = err, err
		}
		b.late = b.late[len(list):]
	}
}

// Result is the outcome of an operation in a [Batch], valid once the batch has
// run.
type Result[V any] struct {
	Value V
	Err   error
}

// InBatch adds operations of a repository to a batch; T and K are those of
// [Repository]. They mean what the repository's methods of the same name mean;
// their results come when the batch has run.
type InBatch[T any, K comparable] struct {
	r *Repository[T, K]
	b *Batch
}

// Get reads a record.
func (in *InBatch[T, K]) Get(key K) *Result[T] {
	result := new(Result[T])
	id, err := in.r.core.checkID(in.r.entity.ID(key))
	in.b.get(in.r.core, id, err, &result.Err, func(v any) { result.Value = v.(T) })
	return result
}

// Create stores a new record.
func (in *InBatch[T, K]) Create(v T, opts ...WriteOption) *Result[T] {
	result := &Result[T]{Value: v}
	in.b.write(in.r.core, "Create", opCreate, v, opts, &result.Err)
	return result
}

// Save stores a record, new or not.
func (in *InBatch[T, K]) Save(v T, opts ...WriteOption) *Result[T] {
	result := &Result[T]{Value: v}
	in.b.write(in.r.core, "Save", opSave, v, opts, &result.Err)
	return result
}

// Update stores a record that exists.
func (in *InBatch[T, K]) Update(v T, opts ...WriteOption) *Result[T] {
	result := &Result[T]{Value: v}
	in.b.write(in.r.core, "Update", opUpdate, v, opts, &result.Err)
	return result
}

// Patch changes fields of a record. The result has no value.
func (in *InBatch[T, K]) Patch(key K, changes ...Change[T]) *Result[T] {
	result := new(Result[T])
	id, err := in.r.core.checkID(in.r.entity.ID(key))
	p, err := in.r.core.preparePatch(id, err, plainChanges(changes))
	in.b.send(in.r.core, opPatch, p, err, &result.Err)
	return result
}

// Touch renews the expiry of a record. The result has no value.
func (in *InBatch[T, K]) Touch(key K, opts ...WriteOption) *Result[T] {
	result := new(Result[T])
	id, err := in.r.core.checkID(in.r.entity.ID(key))
	p, err := in.r.core.prepareTouch(id, err, opts)
	in.b.send(in.r.core, opTouch, p, err, &result.Err)
	return result
}

// Delete removes a record. The result has no value.
func (in *InBatch[T, K]) Delete(key K) *Result[T] {
	result := new(Result[T])
	id, err := in.r.core.checkID(in.r.entity.ID(key))
	p, err := in.r.core.prepareKey("Delete", id, err)
	in.b.send(in.r.core, opDelete, p, err, &result.Err)
	return result
}
