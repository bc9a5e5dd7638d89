package s3

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// entry is a document in a listing.
type entry struct{ key, id string }

// entries yields the documents of a table in the order of their keys: by date, then by id as
// it is escaped.
func (c *conn) entries(ctx context.Context, table, after string) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		for p, err := range c.list(ctx, c.dataKey(table), after, "") {
			if err != nil {
				yield(entry{}, err)
				return
			}
			for _, key := range p.keys {
				if id, ok := c.keyID(table, key); ok && !yield(entry{key, id}, nil) {
					return
				}
			}
		}
	}
}

// find returns the key of the document with an id, "" if there is none. Nothing says of which
// date it is. In a table of up to 1,000 documents one listing tells. In others each day that
// has documents is asked, which costs a request a day, not one for each 1,000 documents.
func (c *conn) find(ctx context.Context, table, id string) (string, error) {
	for p, err := range c.list(ctx, c.dataKey(table), "", "") {
		if err != nil {
			return "", err
		}
		for _, key := range p.keys {
			if found, ok := c.keyID(table, key); ok && found == id {
				c.known.put(table, id, key)
				return key, nil
			}
		}
		if !p.more {
			return "", nil
		}
		break
	}
	return c.findByDay(ctx, table, id)
}

// findByDay asks each day of a table for a document, the last ones first.
func (c *conn) findByDay(ctx context.Context, table, id string) (string, error) {
	days, err := c.days(ctx, table)
	if err != nil {
		return "", err
	}
	var keys []string
	for _, day := range slices.Backward(days) {
		for _, name := range fileNames(id) {
			keys = append(keys, day+name)
		}
	}
	var mu sync.Mutex
	var found string
	err = c.each(ctx, len(keys), func(ctx context.Context, i int) error {
		_, err := c.head(ctx, keys[i])
		if isMissing(err) {
			return nil
		}
		if err == nil {
			mu.Lock()
			found = keys[i]
			mu.Unlock()
			return errFound
		}
		return err
	})
	if found == "" {
		return "", err
	}
	c.known.put(table, id, found)
	return found, nil
}

// errFound ends a search.
var errFound = fmt.Errorf("found")

// days returns where the keys of each day of a table begin, sorted.
func (c *conn) days(ctx context.Context, table string) ([]string, error) {
	level := []string{c.dataKey(table)}
	for range 3 { // years, months, days
		below := make([][]string, len(level))
		err := c.each(ctx, len(level), func(ctx context.Context, i int) (err error) {
			below[i], err = c.prefixes(ctx, level[i])
			return err
		})
		if err != nil {
			return nil, err
		}
		level = slices.Concat(below...)
	}
	return level, nil
}

// locate is find, first where the document was found before.
func (c *conn) locate(ctx context.Context, table, id string) (string, error) {
	if key, ok := c.known.get(table, id); ok {
		_, err := c.head(ctx, key)
		if err == nil {
			return key, nil
		}
		if !isMissing(err) {
			return "", err
		}
		c.known.forget(table, id)
	}
	return c.find(ctx, table, id)
}

// get returns the document with an id, or [storage.ErrNotFound]. A session is also found by
// its session_id, which reads the whole table.
func (c *conn) get(ctx context.Context, table, id string) (*object, error) {
	if err := storage.CheckID(id); err != nil {
		return nil, err
	}
	o, err := c.getByID(ctx, table, id)
	if !isMissing(err) {
		return o, err
	}
	if table == "sessions" {
		session := []storage.Condition{{Field: "session_id", Op: "$eq", Value: id}}
		for o, err := range c.matching(ctx, table, session) {
			return o, err
		}
	}
	return nil, storage.ErrNotFound
}

func (c *conn) getByID(ctx context.Context, table, id string) (*object, error) {
	if key, ok := c.known.get(table, id); ok {
		o, err := c.read(ctx, table, key)
		if !isMissing(err) {
			return o, err
		}
		c.known.forget(table, id)
	}
	key, err := c.find(ctx, table, id)
	if err != nil {
		return nil, err
	}
	if key == "" {
		return nil, errMissing
	}
	return c.read(ctx, table, key)
}

// attempts is how often a change is tried that others get ahead of.
const attempts = 20

// pause waits a little, longer after more attempts.
func pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(rand.N(min(time.Duration(attempt)*20*time.Millisecond, 300*time.Millisecond)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
