package repo

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// core reads and writes the records of one entity, whatever their Go type: a
// record is a T of the repository in an interface. Where a caller has a key,
// core gets its id, or the error of the key that has none.
type core struct {
	client *Client
	info   *entityInfo
	*placing
	read []any // the names of all fields, to be read
	rows []any // what has a query return whole records

	cached *cachedKind // nil: records are read from the server
	loads  *loads      // of GetOrLoad
	records
}

// records is what an Entity does with its T and K.
type records struct {
	none     any // the nil T
	create   func() any
	id       func(any) (string, error)
	unkeyed  func(any) bool          // the key is the zero value
	setKey   func(any, string) error // nil: keys are never made up
	encode   func(*Row, any)
	decode   func(Reader, any) error
	stamp    func(any, Stamp)
	validate func(any) error
}

func newRecords[T any, K comparable](e *Entity[T, K]) records {
	var none T
	r := records{
		none:     none,
		create:   func() any { return e.New() },
		id:       func(v any) (string, error) { return e.ID(e.Key(v.(T))) },
		unkeyed:  func(v any) bool { return IsZero(e.Key(v.(T))) },
		encode:   func(row *Row, v any) { e.Encode(row, v.(T)) },
		decode:   func(r Reader, v any) error { return e.Decode(r, v.(T)) },
		stamp:    func(any, Stamp) {},
		validate: func(any) error { return nil },
	}
	if e.SetKey != nil {
		r.setKey = func(v any, id string) error { return e.SetKey(v.(T), id) }
	}
	if e.Stamp != nil {
		r.stamp = func(v any, s Stamp) { e.Stamp(v.(T), s) }
	}
	if e.Validate != nil {
		r.validate = func(v any) error { return e.Validate(v.(T)) }
	}
	return r
}

func newCore(client *Client, info *entityInfo, records records) *core {
	c := &core{client: client, info: info, placing: newPlacing(client, info), records: records}
	info.limits = client.limits
	for _, f := range info.fields {
		c.read = append(c.read, f.Name)
	}
	c.cached, c.loads = client.cache.kind(c), new(loads)
	c.rows = append([]any{strconv.Itoa(info.key + 1)}, c.read...)
	if info.expires || len(info.globals) > 0 {
		client.sweeper.watch(c)
	}
	return c
}

// keyError returns the error of a key that has no id.
func (c *core) keyError(op string, err error) error {
	return c.info.recordError(op, "", c.info.fieldError(c.info.key, err))
}

func (c *core) ttl(ctx context.Context, id string, err error) (_ time.Duration, failed error) {
	ctx, o := c.observe(ctx, "TTL")
	defer o.end(&failed)
	n, err := c.ask(ctx, "TTL", "pttl", id, err)
	if err == nil && n == -2 {
		err = c.info.recordError("TTL", id, ErrNotFound)
	}
	if err != nil || n < 0 {
		return 0, err
	}
	return time.Duration(n) * time.Millisecond, nil
}

func (c *core) exists(ctx context.Context, id string, err error) (_ bool, failed error) {
	ctx, o := c.observe(ctx, "Exists")
	defer o.end(&failed)
	n, err := c.ask(ctx, "Exists", "exists", id, err)
	return n == 1, err
}

// ask sends a command that returns a number for a record.
func (c *core) ask(ctx context.Context, op, command, id string, err error) (int64, error) {
	if err != nil {
		return 0, c.keyError(op, err)
	}
	reply, err := c.client.do(ctx, &call{place: c.placing, args: []any{command, c.at(id).record(id)}})
	if err != nil {
		return 0, c.info.recordError(op, id, err)
	}
	n, err := parseInt(reply)
	return n, c.info.recordError(op, id, err)
}

// write prepares and sends the write of one record.
func (c *core) write(ctx context.Context, name string, op operation, v any, opts []WriteOption) (failed error) {
	ctx, o := c.observe(ctx, name)
	defer o.end(&failed)
	p, err := c.prepare(name, op, v, collect(opts))
	if err != nil {
		return err
	}
	return c.send(ctx, op, p)
}

func (c *core) delete(ctx context.Context, id string, err error) (failed error) {
	ctx, o := c.observe(ctx, "Delete")
	defer o.end(&failed)
	p, err := c.prepareKey("Delete", id, err)
	if err != nil {
		return err
	}
	return c.send(ctx, opDelete, p)
}

func (c *core) touch(ctx context.Context, id string, err error, opts []WriteOption) (failed error) {
	ctx, o := c.observe(ctx, "Touch")
	defer o.end(&failed)
	p, err := c.prepareTouch(id, err, opts)
	if err != nil {
		return err
	}
	return c.send(ctx, opTouch, p)
}

func (c *core) patch(ctx context.Context, id string, err error, changes []change) (failed error) {
	ctx, o := c.observe(ctx, "Patch")
	defer o.end(&failed)
	p, err := c.preparePatch(id, err, changes)
	if err != nil {
		return err
	}
	return c.send(ctx, opPatch, p)
}

// send sends the write of one record and stamps its value.
func (c *core) send(ctx context.Context, op operation, p *prepared) error {
	if len(c.info.globals) > 0 || c.info.cascades(op) {
		return c.sendMany(ctx, op, []*prepared{p})[0]
	}
	reply, err := c.client.do(ctx, c.writeCall(op, []*rowWrite{&p.rowWrite}))
	return c.finish(p, reply, err)
}

// finish reads the reply to the write of one record, or takes its error, and
// stamps the value.
func (c *core) finish(p *prepared, reply string, err error) error {
	results, err := readWritten(c.info, reply, err, 1, func(int) *Row { return p.row })
	if err != nil {
		return c.info.recordError(p.name, p.id, err)
	}
	return c.settle(p, results[0])
}

// settle stamps the value of a write that succeeded, or returns its error.
func (c *core) settle(p *prepared, w written) error {
	if (w.err == nil || errors.Is(w.err, ErrNotDurable)) && p.value != nil {
		c.stamp(p.value, w.stamp)
	}
	return c.info.recordError(p.name, p.id, w.err)
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

// prepared is a write of one record that is ready to be sent.
type prepared struct {
	name  string // of the method
	value any    // what to stamp, nil if nothing
	row   *Row
	rowWrite
}

// errNil is what a write of no record leads to.
var errNil = errors.New("the record is nil")

// prepare encodes v for a write of the whole record.
func (c *core) prepare(name string, op operation, v any, o writeOptions) (*prepared, error) {
	if v == c.none {
		return nil, c.info.recordError(name, "", errNil)
	}
	if err := c.fillKey(op, v); err != nil {
		return nil, c.info.recordError(name, "", err)
	}
	id, err := c.checkID(c.id(v))
	if err != nil {
		return nil, c.keyError(name, err)
	}
	if err := c.validate(v); err != nil {
		return nil, c.info.recordError(name, id, err)
	}
	row := newRow(c.info)
	if c.encode(row, v); row.err != nil {
		return nil, c.info.recordError(name, id, row.err)
	}
	p := &prepared{name: name, value: v, row: row, rowWrite: rowWrite{id: id}}
	if p.created, p.existing, err = c.info.expiryArgs(o, row.expiry()); err != nil {
		return nil, c.info.recordError(name, id, err)
	}
	if op == opUpdate && c.info.version >= 0 {
		p.expected = row.identity()
	}
	p.whole(c.info, row, op, o.times)
	return p, nil
}

// fillKey makes up the key of a new record that has none.
func (c *core) fillKey(op operation, v any) error {
	if c.setKey == nil || !c.unkeyed(v) {
		return nil
	}
	if op == opUpdate {
		return ErrNoKey
	}
	if err := c.setKey(v, c.client.newID()); err != nil {
		return c.info.fieldError(c.info.key, err)
	}
	return nil
}

// prepareKey prepares a write that needs only the key.
func (c *core) prepareKey(name string, id string, err error) (*prepared, error) {
	if err != nil {
		return nil, c.keyError(name, err)
	}
	return &prepared{name: name, rowWrite: rowWrite{id: id}}, nil
}

func (c *core) prepareTouch(id string, err error, opts []WriteOption) (*prepared, error) {
	p, err := c.prepareKey("Touch", id, err)
	if err != nil {
		return nil, err
	}
	if !c.info.expires {
		return nil, c.info.recordError("Touch", p.id, ErrNoTTL)
	}
	o := collect(opts)
	if p.created, p.existing, err = c.info.expiryArgs(o, time.Time{}); err != nil {
		return nil, c.info.recordError("Touch", p.id, err)
	}
	if o.ttl == "" && !o.keep {
		p.existing = p.created // the default TTL
	}
	p.keep(c.info, nil, false)
	return p, nil
}
