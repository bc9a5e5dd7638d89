package repo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// LoadOptions are those of [Repository.GetOrLoad]. The zero value is a good default.
type LoadOptions struct {
	// TTL is how long what is loaded is good for. Default: that of the entity.
	TTL time.Duration
	// Jitter is the part of TTL by which it is shortened at random, at most, so that what
	// was loaded together does not expire together. Default 0.1; negative: none.
	Jitter float64
	// NotFound is for how long it is remembered that there is no record to be loaded.
	// Default 5 s; negative: not at all.
	NotFound time.Duration
	// Lease is for how long the others wait for one who loads, before the next of them
	// does. Default 10 s.
	Lease time.Duration
	// Early has a record loaded again before it expires, by one of its readers: with
	// a probability that grows the nearer its end is and the longer it takes to load,
	// so that of many readers one does and none waits. 1 is the best if loads take about
	// the same time, more is earlier. Default 1; negative: not before it expires. It is the XFetch of
	// "Optimal Probabilistic Cache Stampede Prevention"
	// (https://www.vldb.org/pvldb/vol8/p886-vattani.pdf), for which each repository keeps
	// the mean time of its loads.
	Early float64
	// Stale is for how long after TTL a record stays. It is loaded again by the next who
	// reads it, and returned as it is to the others meanwhile, and if that fails. Default
	// 0. Get and queries find it too.
	Stale time.Duration
}

// errSliding: what is read lives on, and so would never be loaded again.
var errSliding = errors.New("records of this entity live for as long as they are read, and would never be loaded again: remove sliding")

// errNoLoadTTL: it is not known for how long what is loaded is good.
var errNoLoadTTL = errors.New("the entity has no TTL of its own: set LoadOptions.TTL")

// errOtherKey: load has returned another record than it was asked for.
var errOtherKey = errors.New("load returned a record with another key")

// defaults returns the options with their defaults.
func (o LoadOptions) defaults(info *entityInfo) (LoadOptions, error) {
	fill(&o.TTL, info.ttl)
	fill(&o.Jitter, 0.1)
	fill(&o.NotFound, 5*time.Second)
	fill(&o.Lease, 10*time.Second)
	fill(&o.Early, 1)
	switch {
	case !info.expires:
		return o, ErrNoTTL
	case info.sliding:
		return o, errSliding
	case o.TTL == 0:
		return o, errNoLoadTTL
	case o.TTL < 0 || o.Lease < time.Millisecond || o.Stale < 0 || o.Jitter >= 1:
		return o, fmt.Errorf("%w: LoadOptions: TTL and Stale must not be negative, Lease at least 1 ms, Jitter below 1", errConfig)
	}
	return o, nil
}

// life returns for how long a record that is loaded now stays.
func (o LoadOptions) life() time.Duration {
	ttl := time.Duration(float64(o.TTL) * (1 - max(o.Jitter, 0)*rand.Float64()))
	return max(ttl, time.Millisecond) + o.Stale
}

// due tells whether a record that lives for so long is to be loaded again; cost is how
// long that takes.
func (o LoadOptions) due(life, cost time.Duration) bool {
	if life < 0 {
		return false // for ever
	}
	left := float64(life - o.Stale)
	return left <= 0 || o.Early > 0 && float64(cost)*o.Early*-math.Log(1-rand.Float64()) >= left
}

// GetOrLoad returns the record with that key; if there is none, what load returns, which
// it stores with a TTL. It is for entities that are a cache of something else, which
// must expire.
//
// Of those who ask for a record at the same time one loads it and the others wait, in
// this program and, by a lease in the record's shard, in all. If load returns
// [ErrNotFound], so does GetOrLoad, and for some seconds does not ask again. Any other
// error of load is returned, to those in this program too who waited.
//
// A record that somebody has written while load ran is never overwritten: then that one
// is returned. If the record cannot be stored, GetOrLoad returns it and the error.
//
// One round trip if the record is there, or none if it is in the cache of
// [Config.Cache]; else three more.
func (r *Repository[T, K]) GetOrLoad(ctx context.Context, key K, load func(context.Context, K) (T, error), o LoadOptions) (T, error) {
	id, err := r.core.checkID(r.entity.ID(key))
	v, err := r.core.getOrLoad(ctx, id, err, func(ctx context.Context) (any, error) { return load(ctx, key) }, o)
	record, _ := v.(T)
	return record, err
}

// loader is one call of GetOrLoad.
type loader struct {
	*core
	LoadOptions
	id   string
	load func(context.Context) (any, error)
}

// errAgain: the record may be there now.
var errAgain = errors.New("look again")

func (c *core) getOrLoad(ctx context.Context, id string, err error, load func(context.Context) (any, error), o LoadOptions) (v any, failed error) {
	ctx, seen := c.observe(ctx, "GetOrLoad")
	defer seen.end(&failed)
	if err != nil {
		return nil, c.keyError("GetOrLoad", err)
	}
	if o, err = o.defaults(c.info); err == nil {
		v, err = (&loader{c.fresh(), o, id, load}).get(ctx)
	}
	var record *RecordError
	if err != nil && !errors.As(err, &record) {
		err = c.info.recordError("GetOrLoad", id, err)
	}
	return v, err
}

func (l *loader) get(ctx context.Context) (any, error) {
	for attempt := 0; ; attempt++ {
		reply, life, err := l.find(ctx)
		if err != nil {
			return nil, err
		}
		v, err := l.decodeReply(reply)
		switch {
		case errors.Is(err, ErrNotFound):
			v, err = l.fill(ctx)
		case err == nil && l.due(life, l.loads.mean()):
			v, err = l.refresh(ctx, v, reply)
		}
		if err != errAgain {
			return v, err
		}
		if err := pauseFor(ctx, time.Millisecond, shortestLook, attempt); err != nil {
			return nil, err
		}
	}
}

// find returns what HMGET replies for the record, and how long it lives.
func (l *loader) find(ctx context.Context) (string, time.Duration, error) {
	if l.cached == nil {
		replies, lives, errs := l.readTimed(ctx, []string{l.id})
		return replies[0], lives[0], errs[0]
	}
	reply, until, err := l.look(ctx, l.id)
	if until == 0 {
		return reply, forever, err
	}
	return reply, max(until-l.cached.cache.now(), 0), err
}

// fill loads a record that is not there, or waits for who does; errAgain if it may be
// there now.
func (l *loader) fill(ctx context.Context) (any, error) {
	turn, mine := l.loads.enter(l.id)
	if !mine {
		return nil, turn.wait(ctx)
	}
	defer l.loads.leave(l.id, turn)
	var v any
	token, err := l.acquire(ctx)
	if err == nil {
		v, err = l.fillAs(ctx, token)
	}
	turn.ends(ctx, cmp.Or(err, errAgain))
	return v, err
}

// fillAs loads and stores the record under a lease.
func (l *loader) fillAs(ctx context.Context, token string) (any, error) {
	none := time.Duration(0)
	defer func() { l.release(ctx, token, none) }()
	v, err := l.call(ctx)
	if errors.Is(err, ErrNotFound) {
		none = l.NotFound
	}
	if err != nil {
		return nil, err
	}
	p, err := l.prepare("GetOrLoad", opCreate, v, collect([]WriteOption{TTL(l.life())}))
	if err == nil {
		err = l.send(ctx, opCreate, p)
	}
	if errors.Is(err, ErrExists) {
		return nil, errAgain
	}
	return v, err
}

// refresh loads a record that is there, v, unless somebody else does.
func (l *loader) refresh(ctx context.Context, v any, reply string) (any, error) {
	turn, mine := l.loads.enter(l.id)
	if !mine {
		return v, nil
	}
	defer l.loads.leave(l.id, turn)
	turn.ends(ctx, errAgain)
	token, err := l.ask(ctx, true)
	if err != nil || token == "" {
		return v, nil
	}
	loaded, err := l.call(ctx)
	if err != nil && !errors.Is(err, ErrNotFound) {
		// Until the lease ends by itself, nobody tries again.
		l.client.log.Warn("redisgen: a record could not be loaded again", "entity", l.info.name, "err", err)
		return v, nil
	}
	defer l.release(ctx, token, 0)
	return l.replace(ctx, loaded, reply, err)
}

// replace stores what was loaded, or deletes the record if there is none any more, unless
// it has changed meanwhile.
func (l *loader) replace(ctx context.Context, v any, reply string, none error) (any, error) {
	expected, err := identity(l.info, reply)
	if err != nil {
		return nil, err
	}
	op, p := opDelete, (*prepared)(nil)
	if none != nil {
		p, err = l.prepareKey("GetOrLoad", l.id, nil)
	} else {
		op = opUpdate
		p, err = l.prepare("GetOrLoad", op, v, collect([]WriteOption{TTL(l.life())}))
	}
	if err == nil {
		p.expected = expected
		err = l.send(ctx, op, p)
	}
	switch {
	case errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound):
		return nil, errAgain
	case err == nil:
		err = none
	}
	return v, err
}

// call calls load, and notes how long that took.
func (l *loader) call(ctx context.Context) (any, error) {
	start := time.Now()
	v, err := l.load(ctx)
	if err != nil {
		return nil, err
	}
	if v == l.none {
		return nil, errNil
	}
	l.loads.took(time.Since(start))
	if id, err := l.core.id(v); err != nil || id != l.id {
		return nil, errOtherKey
	}
	return v, nil
}

// loads are the calls of load of a repository.
type loads struct {
	turns
	cost atomic.Int64 // mean
}

// mean returns how long a load takes; 0 if that is not known yet.
func (l *loads) mean() time.Duration { return time.Duration(l.cost.Load()) }

// took notes how long one took. Of two at the same time one may be lost.
func (l *loads) took(d time.Duration) {
	mean := l.cost.Load()
	if mean == 0 {
		mean = int64(d)
	}
	l.cost.Store(mean + (int64(d)-mean)/4)
}
