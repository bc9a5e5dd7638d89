package s3

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// index knows for a while which ids tables have, so that not every import lists its table. It
// has what a listing has found and what this process has stored since: all that is there, but
// for what others have stored, and more, since what was deleted stays in it. So an id that it
// does not have is free, and one that it has is looked for.
type index struct {
	now func() time.Time

	mu   sync.Mutex
	of   map[string]*listing // by table
	size int                 // of all
	most int
}

// maxIndexed is how many documents an index has at most, some 15 to 30 bytes each.
const maxIndexed = 4_000_000

// minIndexed is how long a listing is used at least; else ten times as long as it took.
const minIndexed = time.Minute

// listing is what is known of a table.
type listing struct {
	days         map[digest]day // nil: too many documents
	done         chan struct{}  // closed when the listing is at its end
	began, until time.Time      // until is zero before that
}

// digest is the hash of an id, in two parts so that an entry of a map has 12 bytes.
type digest [2]uint32

func digestOf(table, id string) digest {
	h := hash(table, id)
	return digest{uint32(h >> 32), uint32(h)}
}

// day is the day of a key, 20250705.
type day int32

// odd is the day of a key that cannot be made from the id and a day.
const odd day = -1

func (d day) String() string { return fmt.Sprintf("%04d/%02d/%02d/", d/10000, d/100%100, d%100) }

// dayOf returns the day of the key of a document.
func (c *conn) dayOf(table, id, key string) day {
	const form = "2006/01/02/"
	date := strings.TrimPrefix(key, c.dataKey(table))[:len(form)]
	n, err := strconv.Atoi(strings.ReplaceAll(date, "/", ""))
	if err != nil || !slices.Contains(fileNames(id), key[len(c.dataKey(table)+date):]) {
		return odd
	}
	return day(n)
}

func newIndex() *index {
	return &index{now: time.Now, of: map[string]*listing{}, most: maxIndexed}
}

// look returns one of three: which ids may be there, and of which day; or a listing that the
// caller has to make and end, if the index does not know or that takes fewer requests in turn
// than to ask for those ids, batch of them at once; or what is closed when to look again.
func (x *index) look(table string, ids map[string]bool, batch int) (maybe map[string]day, begun *listing, running <-chan struct{}) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.age()
	l := x.of[table]
	switch {
	case l == nil:
		return nil, x.begin(table), nil
	case l.until.IsZero():
		return nil, nil, l.done
	case l.days == nil:
		return nil, &listing{done: make(chan struct{})}, nil
	}
	maybe = map[string]day{}
	list := false
	for id := range ids {
		if d, ok := l.days[digestOf(table, id)]; ok {
			maybe[id] = d
			list = list || d == odd
		}
	}
	if list || len(maybe)/batch > 1+len(l.days)/1000 {
		return nil, x.begin(table), nil
	}
	return maybe, nil, nil
}

func (x *index) begin(table string) *listing {
	x.drop(table)
	l := &listing{days: map[digest]day{}, done: make(chan struct{}), began: x.now()}
	x.of[table] = l
	return l
}

// end says that a listing is at its end, and whether it is whole.
func (x *index) end(table string, l *listing, whole bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	close(l.done)
	if x.of[table] != l {
		return
	}
	now := x.now()
	if l.until = now.Add(max(minIndexed, 10*now.Sub(l.began))); !whole {
		x.drop(table)
	}
}

// found adds a document that a listing has found.
func (x *index) found(table string, l *listing, id string, d day) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.put(l, digestOf(table, id), d)
}

// stored adds a document that was written.
func (x *index) stored(table, id string, d day) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.age()
	if l := x.of[table]; l != nil {
		x.put(l, digestOf(table, id), d)
	}
}

// put adds an entry, unless there is one. If there are too many then, those of other tables
// go, and if there are no others, all of them.
func (x *index) put(l *listing, id digest, d day) {
	if _, ok := l.days[id]; ok || l.days == nil {
		return
	}
	l.days[id] = d
	if x.size++; x.size <= x.most {
		return
	}
	for _, other := range x.of {
		if other != l {
			x.empty(other)
		}
	}
	if x.size > x.most {
		x.empty(l)
	}
}

// forget drops what is known of a table, unless it is being listed.
func (x *index) forget(table string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if l := x.of[table]; l != nil && !l.until.IsZero() {
		x.drop(table)
	}
}

// age drops listings that are too old.
func (x *index) age() {
	for table, l := range x.of {
		if !l.until.IsZero() && !x.now().Before(l.until) {
			x.drop(table)
		}
	}
}

func (x *index) drop(table string) {
	if l := x.of[table]; l != nil {
		x.empty(l)
		delete(x.of, table)
	}
}

func (x *index) empty(l *listing) {
	x.size -= len(l.days)
	l.days = nil
}
