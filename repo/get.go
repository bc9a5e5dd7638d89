package repo

import (
	"context"
	"slices"
	"strconv"

	"github.com/redisgen/redisgen/internal/placement"
)

// readStep is how many records one pipeline reads at most.
const readStep = 1000

func (c *core) get(ctx context.Context, id string, err error) (_ any, failed error) {
	ctx, o := c.observe(ctx, "Get")
	defer o.end(&failed)
	return c.getNamed(ctx, id, err)
}

// getNamed reads a record for what is an operation already.
func (c *core) getNamed(ctx context.Context, id string, err error) (any, error) {
	if err != nil {
		return nil, c.keyError("Get", err)
	}
	var v any
	if c.cached != nil {
		v, err = c.getCached(ctx, id)
	} else {
		v, err = c.getOne(ctx, id)
	}
	if err != nil {
		return nil, c.info.recordError("Get", id, err)
	}
	return v, nil
}

func (c *core) getOne(ctx context.Context, id string) (any, error) {
	if c.info.sliding {
		var v any
		err := c.readAll(ctx, []string{id}, func(_ int, record any) { v = record })
		if err == nil && v == nil {
			err = ErrNotFound
		}
		return v, err
	}
	reply, err := c.client.do(ctx, c.readCall(id))
	if err != nil {
		return nil, err
	}
	return c.decodeReply(reply)
}

// getMany reads the records with n ids and hands those that there are to each.
func (c *core) getMany(ctx context.Context, n int, id func(int) (string, error), each func(int, any)) (failed error) {
	ctx, o := c.observeMany(ctx, "GetMany", n)
	defer o.end(&failed)
	ids := make([]string, n)
	for i := range ids {
		var err error
		if ids[i], err = id(i); err != nil {
			return c.keyError("GetMany", err)
		}
	}
	for from := 0; from < n; from += readStep {
		some, read := ids[from:min(n, from+readStep)], c.readAll
		if c.cached != nil {
			read = c.readCached
		}
		found := 0
		err := read(ctx, some, func(i int, v any) {
			found++
			each(from+i, v)
		})
		c.client.noteReturned(ctx, found)
		if err != nil {
			return c.info.recordError("GetMany", "", err)
		}
	}
	return nil
}

// readAll reads records in one pipeline, which renews the expiry of a sliding
// entity, and hands those that there are to each.
func (c *core) readAll(ctx context.Context, ids []string, each func(int, any)) error {
	step, calls := 1, c.readCalls(ids, c.read) // calls for a record, the last of which reads it
	if c.info.sliding {
		step = 2
		reads := calls
		calls = make([]*call, 0, 2*len(ids))
		for i, id := range ids {
			calls = append(calls, c.renewCall(id), reads[i])
		}
	}
	replies, errs := c.client.doAll(ctx, calls)
	for i, err := range errs {
		if err != nil {
			return err
		}
		if (i+1)%step > 0 {
			continue
		}
		v, err := c.decodeReply(replies[i])
		if err == ErrNotFound {
			continue
		}
		if err != nil {
			return err
		}
		each(i/step, v)
	}
	return nil
}

// renewCall returns the call that renews the expiry of a record of a sliding
// entity.
func (c *core) renewCall(id string) *call {
	ttl := "+" + strconv.FormatInt(c.info.ttl.Milliseconds(), 10)
	w := rowWrite{id: id, created: ttl, existing: ttl}
	w.keep(c.info, nil, false)
	renew := c.writeCall(opTouch, []*rowWrite{&w})
	renew.write = false // to renew twice is to renew once
	return renew
}

func (c *core) getUnique(ctx context.Context, index int, put func(*Row)) (_ any, failed error) {
	ctx, o := c.observe(ctx, "GetBy")
	defer o.end(&failed)
	ix := c.info.indexes[index]
	c.client.note(ctx, func(op *Operation) { op.addIndexes([]string{space("").index(ix, nil)}) })
	values, err := c.uniqueValues(ix, put)
	if err != nil {
		return nil, c.info.recordError("GetBy "+ix.Name, "", err)
	}
	if ix.Global {
		return c.getGlobal(ctx, ix, joinValues(values))
	}
	at := c.claimed(ix, values)
	key := at.index(ix, nil)
	args := newArgs(2+len(c.read), key)
	args.add(string(at), joinValues(values))
	reply, err := c.client.do(ctx, &call{
		place: c.placing, script: uniqueScript, keys: []string{key}, args: append(args.args, c.read...),
	})
	var v any
	if err == nil {
		v, err = c.decodeReply(reply)
	}
	if err == nil && c.info.sliding {
		id, err := c.id(v)
		return c.getNamed(ctx, id, err) // renews the expiry: a second round trip
	}
	if err != nil {
		return nil, c.info.recordError("GetBy "+ix.Name, "", err)
	}
	return v, nil
}

// claimed returns where values of a unique index are claimed that is not Global:
// they name the shard key.
func (c *core) claimed(ix Index, values []string) space {
	if len(c.spaces) == 1 {
		return c.spaces[0]
	}
	var key []string
	for _, field := range c.placed() {
		key = append(key, values[slices.Index(ix.Fields, field)])
	}
	return c.spaces[placement.Shard(joinValues(key), len(c.spaces))]
}

// uniqueValues returns the values that put writes to the fields of an index,
// as the index has them.
func (c *core) uniqueValues(ix Index, put func(*Row)) ([]string, error) {
	// The row has the index's fields alone, in the index's order.
	info := *c.info
	info.fields = make([]FieldInfo, len(ix.Fields))
	for i, f := range ix.Fields {
		info.fields[i] = c.info.fields[f]
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
