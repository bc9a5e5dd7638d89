package repo

import (
	"strings"
	"sync"
	"time"
)

// cachePart is a part of a cache: the records of some keys, and the reads of them that
// are under way. Those of one key follow each other, so that of two replies the later
// one is also the newer.
type cachePart struct {
	cache      *cache
	maxEntries int
	maxBytes   int64

	mu      sync.Mutex
	entries map[string]*cached
	reads   map[string]*cacheRead
	bytes   int64
	order   cached // a ring: next is the one that was read last

	hits, misses, shared, evictions int64
}

// cached is a record as it was read.
type cached struct {
	key, reply string
	until      time.Duration // when it expires; 0: never
	kind       *cachedKind
	round      uint64 // of the kind, when the read began
	prev, next *cached
}

// cachedOverhead is about how much memory an entry has beside key and reply.
const cachedOverhead = 200

func (e *cached) size() int64 { return int64(len(e.key)+len(e.reply)) + cachedOverhead }

// valid tells whether the record is there and known to be as it was read, as far as the
// server has told.
func (e *cached) valid(now time.Duration) bool {
	return (e.until == 0 || now < e.until) && e.round == e.kind.round.Load()
}

// cacheRead is a read of a record that is under way.
type cacheRead struct {
	kind    *cachedKind
	round   uint64
	began   time.Duration
	link    *link // that told of changes to the record when it began; nil: none did
	spoiled bool  // the record has changed since

	done      chan struct{} // closed when the rest is set
	reply     string
	until     time.Duration
	abandoned bool // who read it gave up
	err       error
}

func (p *cachePart) init(c *cache, maxEntries int, maxBytes int64) {
	p.cache, p.maxEntries, p.maxBytes = c, maxEntries, maxBytes
	p.entries, p.reads = map[string]*cached{}, map[string]*cacheRead{}
	p.order.prev, p.order.next = &p.order, &p.order
}

// find returns the record of a key if it is kept. Else it returns a read of it: one that
// the caller has to carry out, and to finish; or another's, to wait for, whose reply can
// be taken if joined.
func (p *cachePart) find(k *cachedKind, key string, now time.Duration) (e *cached, r *cacheRead, mine, joined bool) {
	fresh := p.cache.fresh(now)
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.entries[key]; e != nil {
		if e.kind != k || !e.valid(now) {
			p.remove(e)
		} else if fresh {
			p.hits++
			p.unlink(e)
			p.push(e)
			return e, nil, false, false
		}
	}
	if r := p.reads[key]; r != nil {
		if r.kind == k && !r.spoiled && r.round == k.round.Load() && now-r.began <= p.cache.options.MaxLag {
			p.shared++
			return nil, r, false, true
		}
		return nil, r, false, false
	}
	p.misses++
	r = &cacheRead{kind: k, round: k.round.Load(), began: now, done: make(chan struct{})}
	if l := k.link.Load(); l != nil && l == p.cache.link.Load() {
		r.link = l
	}
	p.reads[key] = r
	return nil, r, true, false
}

// finish ends a read whose outcome is set, and keeps the record if keep says so and
// nothing has happened to it.
func (p *cachePart) finish(key string, r *cacheRead, keep bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.reads, key)
	if keep && !r.spoiled && r.link != nil && r.link == p.cache.link.Load() {
		p.keep(&cached{key: strings.Clone(key), reply: strings.Clone(r.reply), until: r.until, kind: r.kind, round: r.round})
	}
	close(r.done)
}

// keep adds a record, and makes room for it.
func (p *cachePart) keep(e *cached) {
	if e.size() > p.maxBytes {
		return
	}
	if old := p.entries[e.key]; old != nil {
		p.remove(old)
	}
	for p.bytes+e.size() > p.maxBytes || len(p.entries) >= p.maxEntries {
		p.remove(p.order.prev)
		p.evictions++
	}
	p.entries[e.key] = e
	p.bytes += e.size()
	p.push(e)
}

func (p *cachePart) push(e *cached) {
	e.prev, e.next = &p.order, p.order.next
	e.prev.next, e.next.prev = e, e
}

func (p *cachePart) unlink(e *cached) { e.prev.next, e.next.prev = e.next, e.prev }

func (p *cachePart) remove(e *cached) {
	delete(p.entries, e.key)
	p.unlink(e)
	p.bytes -= e.size()
}

// drop drops the record of a key, and has no read keep it that is under way.
func (p *cachePart) drop(key []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.entries[string(key)]; e != nil {
		p.remove(e)
	}
	if r := p.reads[string(key)]; r != nil {
		r.spoiled = true
	}
}

// clear drops all records.
func (p *cachePart) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.entries)
	p.bytes, p.order.prev, p.order.next = 0, &p.order, &p.order
	for _, r := range p.reads {
		r.spoiled = true
	}
}

func (p *cachePart) addTo(s *CacheStats) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.Hits += p.hits
	s.Misses += p.misses
	s.Shared += p.shared
	s.Evictions += p.evictions
	s.Entries += int64(len(p.entries))
	s.Bytes += p.bytes
}
