package repo

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Tx is a transaction: what a function reads and writes of the records of one shard,
// all or nothing. [Client.Tx] makes it, and [Repository.InTx] has its operations. It is
// for one goroutine, and ends with the function.
type Tx struct {
	client  *Client
	ctx     context.Context
	shard   string // prefix and hash tag of all keys
	first   string // the entity and the id of the record that has settled it
	reads   []*txRead
	read    map[string]*txRead // by key
	writes  []*txWrite
	wrote   map[string]bool // by key
	records int             // in reads and writes
	ack     *held           // the event that is acknowledged with it
	failed  error           // of the first operation that could not be
	over    bool
}

// txRead is a record that was read, or found absent.
type txRead struct {
	core     *core
	key      string
	expected string // as tx.lua takes it
	reply    string // the record, if it was read whole
}

// txWrite is a write to come.
type txWrite struct {
	core *core
	op   operation
	key  string
	p    *prepared
}

// mostTx is how many records a transaction reads and writes at most.
const mostTx = 100

// What calls in a transaction lead to that cannot work.
var (
	errTxOver   = errors.New("the transaction is over")
	errTxClient = errors.New("the transaction is of another client")
	errTxWrote  = errors.New("the transaction has written this record: read it before")
	errTxTwice  = errors.New("the transaction has written this record: change it before it is written")
)

// TxOption changes one transaction.
type TxOption func(*txOptions)

type txOptions struct{ attempts int }

// Attempts bounds how often a transaction is begun if what it has read keeps
// changing. Default 100.
func Attempts(n int) TxOption {
	return func(o *txOptions) { o.attempts = max(1, n) }
}

// Tx has f read and write records of several entities that are in one shard, all or
// nothing:
//
//	err := client.Tx(ctx, func(tx *repo.Tx) error {
//		from, err := accounts.InTx(tx).Get("ann")
//		…
//		from.Cents -= 100
//		return accounts.InTx(tx).Update(from)
//	})
//
// Reads are done at once. Writes are collected, and carried out by one script call
// when f returns nil; f's error ends the transaction, and is returned. If a record that
// f has read, or has not found, has changed by then, nothing is written and f is called
// again, after a pause; [ErrConflict] after 100 attempts. So f must do nothing else that
// cannot be repeated, and make the records that it writes anew each time.
//
// If a write is refused, none is carried out, and the error is the [*RecordError] of
// that one. If the reply is lost, it is [ErrUncertain], unless all entities that are
// written have the option retry.
//
// A round trip for each read and one for all writes; two more if values that are unique
// across shards are to be claimed. A transaction that writes nothing sends nothing
// after its reads, unless there are several: then it makes sure that they were there at
// the same time.
func (c *Client) Tx(ctx context.Context, f func(*Tx) error, opts ...TxOption) (failed error) {
	ctx, watched := c.observe(ctx, Operation{Name: "Tx"})
	defer watched.end(&failed)
	return c.transact(ctx, nil, f, opts)
}

// transact is Tx with an event that is acknowledged, if it is not nil.
func (c *Client) transact(ctx context.Context, ack *held, f func(*Tx) error, opts []TxOption) error {
	o := txOptions{attempts: mutateAttempts}
	for _, opt := range opts {
		opt(&o)
	}
	for attempt := 0; ; attempt++ {
		tx := &Tx{client: c, ctx: ctx, ack: ack, read: map[string]*txRead{}, wrote: map[string]bool{}}
		if ack != nil {
			tx.shard, tx.first = ack.home()
		}
		err := tx.run(f)
		if err != errChanged {
			return err
		}
		c.noteConflict(ctx)
		if attempt+1 >= o.attempts || c.pause(ctx, min(attempt, 3)) != nil {
			return txError(ErrConflict)
		}
	}
}

// txError wraps an error of a transaction as a whole.
func txError(err error) error { return fmt.Errorf("redisgen: Tx: %w", err) }

// run calls the function and commits.
func (tx *Tx) run(f func(*Tx) error) error {
	err := f(tx)
	tx.over = true
	switch {
	case tx.failed == errChanged:
		return errChanged
	case tx.failed != nil && err == nil:
		return tx.failed
	case tx.failed != nil:
		return err
	case err == nil:
		return tx.commit()
	}
	// What it has read one after the other may not have been there together.
	if tx.writes, tx.ack = nil, nil; tx.commit() == errChanged {
		return errChanged
	}
	tx.client.noteAborted(tx.ctx)
	return err
}

// fail returns the error of an operation, which the transaction ends with even if the
// function does not return it.
func (tx *Tx) fail(err error) error {
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

// enter returns the key of a record, if the transaction can have it.
func (tx *Tx) enter(c *core, id string) (string, error) {
	at := string(c.at(id))
	shard := at[:strings.IndexByte(at, '}')+1]
	key := c.at(id).record(id)
	switch {
	case tx.over:
		return "", errTxOver
	case c.client != tx.client:
		return "", errTxClient
	case tx.shard == "":
		tx.shard, tx.first = shard, fmt.Sprintf("%s %q", c.info.name, shorten(id))
	case tx.shard != shard:
		return "", fmt.Errorf("%w: this one is not in that of %s; have one entity live in the shards of the other by in=, or write them apart", ErrCrossShard, tx.first)
	}
	if !tx.wrote[key] && tx.read[key] == nil {
		if tx.records++; tx.records > mostTx {
			return "", fmt.Errorf("%w: %d at most", ErrTxSize, mostTx)
		}
	}
	return key, nil
}

// get reads a record, or returns it again as it was read.
func (tx *Tx) get(c *core, id string, err error) (any, error) {
	r, err := tx.look(c, "Get", id, err, true)
	if err != nil {
		return nil, err
	}
	if r.expected == "-" {
		return nil, c.info.recordError("Get", id, ErrNotFound)
	}
	v, err := c.decodeReply(r.reply)
	if err != nil {
		return nil, tx.fail(c.info.recordError("Get", id, err))
	}
	return v, nil
}

// exists tells whether there is a record.
func (tx *Tx) exists(c *core, id string, err error) (bool, error) {
	r, err := tx.look(c, "Exists", id, err, false)
	if err != nil {
		return false, err
	}
	return r.expected != "-", nil
}

// look reads a record, whole or only whether it is there, unless that is done.
func (tx *Tx) look(c *core, name, id string, err error, whole bool) (*txRead, error) {
	if err != nil {
		return nil, tx.fail(c.keyError(name, err))
	}
	key, err := tx.enter(c, id)
	if err == nil && tx.wrote[key] {
		err = errTxWrote
	}
	if err != nil {
		return nil, tx.fail(c.info.recordError(name, id, err))
	}
	r := tx.read[key]
	if r != nil && (!whole || r.reply != "" || r.expected == "-") {
		return r, nil
	}
	found := &txRead{core: c, key: key}
	if err := found.ask(tx, id, whole); err != nil {
		return nil, tx.fail(c.info.recordError(name, id, err))
	}
	if r == nil {
		r = found
		tx.read[key], tx.reads = r, append(tx.reads, r)
	} else if *r = *found; r.expected == "-" {
		return nil, tx.fail(errChanged) // it was there
	}
	return r, nil
}

// ask reads the record.
func (r *txRead) ask(tx *Tx, id string, whole bool) error {
	if !whole {
		n, err := r.core.fresh().ask(tx.ctx, "Exists", "exists", id, nil)
		if r.expected = "-"; n == 1 {
			r.expected = "+"
		}
		return err
	}
	reply, err := r.core.fresh().client.do(tx.ctx, r.core.readCall(id))
	if err != nil {
		return err
	}
	r.reply = reply
	_, there, err := stored(reply, r.core.info.key)
	if r.expected = "-"; err == nil && there {
		r.expected, err = identity(r.core.info, reply)
	}
	return err
}

// names returns the fields that tell whether the record is as it was read.
func (r *txRead) names() []string {
	info := r.core.info
	fields := []int{info.key}
	switch {
	case strings.HasPrefix(r.expected, "#"):
		names := make([]string, len(info.fields))
		for i, f := range info.fields {
			names[i] = f.Name
		}
		return names
	case r.reply != "" && info.version >= 0 && info.created >= 0:
		fields = append(fields, info.version, info.created)
	case r.reply != "" && info.version >= 0:
		fields = append(fields, info.version)
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = info.fields[f].Name
	}
	return names
}

// write adds a write that was prepared, or could not be.
func (tx *Tx) write(c *core, op operation, p *prepared, err error) error {
	if err != nil {
		return tx.fail(err)
	}
	key, err := tx.enter(c, p.id)
	if err == nil && tx.wrote[key] {
		err = errTxTwice
	}
	if err != nil {
		return tx.fail(c.info.recordError(p.name, p.id, err))
	}
	tx.wrote[key] = true
	tx.writes = append(tx.writes, &txWrite{c, op, key, p})
	return nil
}

// InTx has operations of a repository in a transaction; T and K are those of
// [Repository]. They mean what the repository's methods of the same name mean. Writes
// take effect, and set the fields that the repository keeps, when the transaction
// commits; until then they return only what is wrong with the call itself.
//
// A record is read before it is written, and written once. Get of a sliding entity does
// not renew the expiry.
type InTx[T any, K comparable] struct {
	r  *Repository[T, K]
	tx *Tx
}

// InTx returns the repository's operations for a transaction, which must be of the
// same client.
func (r *Repository[T, K]) InTx(tx *Tx) *InTx[T, K] { return &InTx[T, K]{r, tx} }

// Get returns the record with that key, or [ErrNotFound]. The transaction commits only
// if that is still so then.
func (in *InTx[T, K]) Get(key K) (T, error) {
	id, err := in.r.core.checkID(in.r.entity.ID(key))
	return typed[T](in.tx.get(in.r.core, id, err))
}

// Exists tells whether there is a record with that key. The transaction commits only if
// that is still so then.
func (in *InTx[T, K]) Exists(key K) (bool, error) {
	id, err := in.r.core.checkID(in.r.entity.ID(key))
	return in.tx.exists(in.r.core, id, err)
}

// Create stores a new record.
func (in *InTx[T, K]) Create(v T, opts ...WriteOption) error {
	p, err := in.r.core.prepare("Create", opCreate, v, collect(opts))
	return in.tx.write(in.r.core, opCreate, p, err)
}

// Save stores a record, new or not.
func (in *InTx[T, K]) Save(v T, opts ...WriteOption) error {
	p, err := in.r.core.prepare("Save", opSave, v, collect(opts))
	return in.tx.write(in.r.core, opSave, p, err)
}

// Update stores a record that exists.
func (in *InTx[T, K]) Update(v T, opts ...WriteOption) error {
	p, err := in.r.core.prepare("Update", opUpdate, v, collect(opts))
	return in.tx.write(in.r.core, opUpdate, p, err)
}

// Patch changes fields of a record.
func (in *InTx[T, K]) Patch(key K, changes ...Change[T]) error {
	id, err := in.r.core.checkID(in.r.entity.ID(key))
	p, err := in.r.core.preparePatch(id, err, plainChanges(changes))
	return in.tx.write(in.r.core, opPatch, p, err)
}

// Touch renews the expiry of a record.
func (in *InTx[T, K]) Touch(key K, opts ...WriteOption) error {
	id, err := in.r.core.checkID(in.r.entity.ID(key))
	p, err := in.r.core.prepareTouch(id, err, opts)
	return in.tx.write(in.r.core, opTouch, p, err)
}

// Delete removes a record, and what goes with it.
func (in *InTx[T, K]) Delete(key K) error {
	id, err := in.r.core.checkID(in.r.entity.ID(key))
	p, err := in.r.core.prepareKey("Delete", id, err)
	return in.tx.write(in.r.core, opDelete, p, err)
}
