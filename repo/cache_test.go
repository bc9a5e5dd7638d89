package repo

import (
	"bufio"
	"errors"
	"hash/maphash"
	"strings"
	"testing"
	"time"
)

// aCache is a cache whose link has just told that nothing is missing, and an entity in
// it.
func aCache() (*cache, *cachedKind) {
	c := &cache{options: Cache{MaxLag: time.Minute}, start: time.Now(), seed: maphash.MakeSeed()}
	for i := range c.parts {
		c.parts[i].init(c, 10, 10_000)
	}
	l := &link{}
	c.link.Store(l)
	k := &cachedKind{cache: c}
	k.link.Store(l)
	return c, k
}

// begin begins a read of a key, which nobody else reads.
func begin(t *testing.T, k *cachedKind, key string) *cacheRead {
	t.Helper()
	_, r, mine, _ := k.cache.part(key).find(k, key, k.cache.now())
	if !mine {
		t.Fatal("the record is there, or read by somebody else")
	}
	r.reply = "*1\r\n$1\r\nx\r\n"
	return r
}

// A reply is kept only if nothing has happened to the record, the link or the entity
// since its request.
func TestRepliesUnderWay(t *testing.T) {
	for name, test := range map[string]struct {
		happens func(*cache, *cachedKind)
		kept    bool
	}{
		"nothing":             {func(*cache, *cachedKind) {}, true},
		"another one changes": {func(c *cache, _ *cachedKind) { c.told([]byte("other")) }, true},
		"the record changes":  {func(c *cache, _ *cachedKind) { c.told([]byte("key")) }, false},
		"it is written here":  {func(c *cache, _ *cachedKind) { c.wrote(&call{write: true, keys: []string{"key"}}) }, false},
		"it goes with others": {func(_ *cache, k *cachedKind) { k.round.Add(1) }, false},
		"the link is lost":    {func(c *cache, _ *cachedKind) { c.link.Store(nil); c.flush() }, false},
		"the link is another": {func(c *cache, k *cachedKind) { l := &link{}; k.link.Store(l); c.link.Store(l) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			c, k := aCache()
			r := begin(t, k, "key")
			test.happens(c, k)
			c.part("key").finish("key", r, true)
			if e, _, _, _ := c.part("key").find(k, "key", c.now()); (e != nil) != test.kept {
				t.Errorf("kept: %v", e != nil)
			}
		})
	}
}

// Before the server tells of an entity's changes, nothing of it is kept.
func TestEntityNotToldOf(t *testing.T) {
	c, k := aCache()
	k.link.Store(nil)
	c.part("key").finish("key", begin(t, k, "key"), true)
	begin(t, k, "key")
}

// A read is joined until the record changes; then the next one waits until it is over.
func TestJoinedReads(t *testing.T) {
	c, k := aCache()
	r := begin(t, k, "key")
	if _, other, mine, joined := c.part("key").find(k, "key", c.now()); other != r || mine || !joined {
		t.Error("a read under way is not joined")
	}
	if _, _, _, joined := c.part("key").find(k, "key", c.now()+2*time.Minute); joined {
		t.Error("a read is joined that began long ago")
	}
	c.told([]byte("key"))
	if _, other, mine, joined := c.part("key").find(k, "key", c.now()); other != r || mine || joined {
		t.Error("a read is joined that began before the record changed")
	}
	r.until = 5
	if r.serves(6) || !r.serves(4) {
		t.Error("who joins after a record has expired gets it")
	}
}

// A record expires by the clock, and nothing is read while the link says nothing.
func TestKeptUntil(t *testing.T) {
	c, k := aCache()
	r := begin(t, k, "key")
	r.until = time.Second
	part := c.part("key")
	part.finish("key", r, true)
	if e, _, _, _ := part.find(k, "key", time.Second-1); e == nil {
		t.Error("dropped before it expires")
	}
	if e, _, _, _ := part.find(k, "key", time.Minute+1); e != nil {
		t.Error("read though the link was silent")
	}
	if _, _, mine, _ := part.find(k, "key", time.Second); !mine && part.entries["key"] != nil {
		t.Error("kept after it has expired")
	}
}

// What a link reads, whole or cut short.
func TestLinkReads(t *testing.T) {
	long := strings.Repeat("k", 40_000)
	for name, test := range map[string]struct {
		sent    string
		told    bool
		dropped []string
		flushes int64
	}{
		"keys":     {">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", true, []string{"a", "b"}, 0},
		"long key": {">2\r\n$10\r\ninvalidate\r\n*1\r\n$40000\r\n" + long + "\r\n", true, []string{long}, 0},
		"all":      {">2\r\n$10\r\ninvalidate\r\n_\r\n", true, []string{"a", "b", long}, 1},
		"other":    {">3\r\n$7\r\nmessage\r\n$1\r\na\r\n*1\r\n:1\r\n", true, nil, 0},
		"a map":    {"%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nmodules\r\n*0\r\n", false, nil, 0},
		"absent":   {"$-1\r\n", false, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for cut := range 2 {
				c, k := aCache()
				for _, key := range []string{"a", "b", long} {
					part := c.part(key)
					part.maxBytes = 100_000
					part.finish(key, begin(t, k, key), true)
				}
				l := &link{in: bufio.NewReaderSize(strings.NewReader(test.sent[:len(test.sent)-cut]), 16<<10)}
				told, err := l.next(c)
				if cut > 0 {
					if err == nil && test.sent[0] == '>' {
						t.Error("what is cut short is no error")
					}
					continue
				}
				if err != nil || told != test.told {
					t.Errorf("told %v, %v", told, err)
				}
				for _, key := range []string{"a", "b", long} {
					want := true
					for _, d := range test.dropped {
						want = want && d != key
					}
					if kept := c.part(key).entries[key] != nil; kept != want {
						t.Errorf("%.5s kept: %v", key, kept)
					}
				}
				if c.flushes.Load() != test.flushes {
					t.Errorf("%d flushes", c.flushes.Load())
				}
			}
		})
	}
	refused := &link{in: bufio.NewReader(strings.NewReader("-NOPERM no\r\n"))}
	if _, err := refused.next(nil); !errors.Is(err, ErrDenied) {
		t.Errorf("an error reply: %v", err)
	}
}
