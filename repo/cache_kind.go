package repo

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
)

// cachedKind is an entity whose records are kept.
type cachedKind struct {
	cache    *cache
	prefixes []string             // of its records' keys
	link     atomic.Pointer[link] // that tells of them
	round    atomic.Uint64        // what was read before the last one is not valid
}

// kindName tells apart what is kept: records of an entity, as a program reads them.
type kindName struct{ entity, fields string }

// entityName names an entity of a client.
func (c *Client) entityName(info *entityInfo) string { return c.prefix + "{" + info.name }

// kind returns the entity of a core, and has changes of its records told from now on;
// nil if its records are not kept.
func (c *cache) kind(core *core) *cachedKind {
	client := core.client
	if c == nil || client.uncached || client.stale != nil || core.info.sliding {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var fields []string
	for _, f := range core.info.fields {
		fields = append(fields, f.Name)
	}
	name := kindName{client.entityName(core.info), strings.Join(fields, "\x00")}
	if k := c.kinds[name]; k != nil {
		return k
	}
	k := &cachedKind{cache: c}
	for _, s := range core.spaces {
		k.prefixes = append(k.prefixes, s.record(""))
	}
	c.kinds[name] = k
	select {
	case c.watched <- struct{}{}:
	default:
	}
	return k
}

// all returns the entities whose records are kept.
func (c *cache) all() []*cachedKind {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Values(c.kinds))
}

// fells returns c if an operation deletes more than its records, and that may be kept.
func (c *core) fells(op operation) []*core {
	if c.client.cache == nil || !c.info.cascades(op) {
		return nil
	}
	return []*core{c}
}

// felled drops all records of the entities whose records are deleted together with those
// of a core.
func (c *cache) felled(core *core) {
	if c == nil {
		return
	}
	family := map[string]bool{}
	for _, info := range core.info.family() {
		family[core.client.entityName(info)] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, k := range c.kinds {
		if family[name.entity] {
			k.round.Add(1)
		}
	}
}

// mostPrefixes is how many beginnings of keys the server is given, each of which it
// compares with every key that is written. With more, it tells of all keys that begin as
// those of the client do.
const mostPrefixes = 64

// errWide: there are more than mostPrefixes, and the link is to be made anew.
var errWide = errors.New("more entities than can be told of apart")

// cover has the server tell of changes to all entities of which it does not yet.
func (c *cache) cover(l *link, config Config) error {
	args := []string{"client", "tracking", "on", "bcast"}
	plain := len(args)
	var kinds []*cachedKind
	for _, k := range c.all() {
		switch {
		case k.link.Load() == l:
			continue
		case l.wide:
			k.link.Store(l)
			continue
		}
		kinds = append(kinds, k)
		for _, prefix := range k.prefixes {
			if !l.told[prefix] {
				l.told[prefix] = true
				args = append(args, "prefix", prefix)
			}
		}
	}
	switch {
	case len(l.told) > mostPrefixes:
		return errWide
	case len(kinds) == 0:
		return nil
	case len(args) == plain:
		args = []string{"ping"} // all were asked for before, and the replies come in order
	}
	return l.send(config.WriteTimeout, func(failed error) {
		if failed != nil {
			_ = l.Close()
			return
		}
		for _, k := range kinds {
			k.link.Store(l)
		}
	}, args...)
}
