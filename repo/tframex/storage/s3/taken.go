package s3

import (
	"context"
	"maps"
	"slices"
)

// few is how many ids are looked for one by one.
const few = 4

// taken returns the keys of those documents that are there, by id. For more than a few it
// asks the index, and the bucket for those that may be there, or lists the table.
func (c *conn) taken(ctx context.Context, table string, ids []string) (map[string]string, error) {
	asked := make(map[string]bool, len(ids))
	for _, id := range ids {
		asked[id] = true
	}
	if len(asked) <= few {
		return c.locateAll(ctx, table, asked)
	}
	for {
		maybe, begun, running := c.index.look(table, asked, c.config.BatchSize)
		switch {
		case begun != nil:
			return c.listed(ctx, table, begun, asked)
		case running != nil:
			select {
			case <-running:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		default:
			there, lost, err := c.confirm(ctx, table, maybe)
			if err != nil {
				return nil, err
			}
			if len(lost) <= few {
				moved, err := c.locateAll(ctx, table, lost)
				maps.Copy(there, moved)
				return there, err
			}
			c.index.forget(table)
		}
	}
}

// locateAll returns the keys of those documents that are there, by id.
func (c *conn) locateAll(ctx context.Context, table string, ids map[string]bool) (map[string]string, error) {
	there := map[string]string{}
	for id := range ids {
		key, err := c.locate(ctx, table, id)
		if err != nil {
			return nil, err
		}
		if key != "" {
			there[id] = key
		}
	}
	return there, nil
}

// listed makes a listing, and returns the keys of those documents that are there.
func (c *conn) listed(ctx context.Context, table string, l *listing, asked map[string]bool) (there map[string]string, err error) {
	defer func() { c.index.end(table, l, err == nil) }()
	there = map[string]string{}
	for e, err := range c.entries(ctx, table, "") {
		if err != nil {
			return nil, err
		}
		c.index.found(table, l, e.id, c.dayOf(table, e.id, e.key))
		if asked[e.id] && there[e.id] == "" {
			there[e.id] = e.key
		}
	}
	return there, nil
}

// confirm asks for documents that may be there. It returns the keys of those that are, and the
// ids of those that are not there: not any more, on another day, or never, as another id has
// the same hash.
func (c *conn) confirm(ctx context.Context, table string, maybe map[string]day) (there map[string]string, lost map[string]bool, err error) {
	ids := slices.Collect(maps.Keys(maybe))
	keys := make([]string, len(ids))
	err = c.each(ctx, len(ids), func(ctx context.Context, i int) (err error) {
		keys[i], err = c.at(ctx, table, ids[i], maybe[ids[i]])
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	there, lost = map[string]string{}, map[string]bool{}
	for i, id := range ids {
		if keys[i] != "" {
			there[id] = keys[i]
		} else {
			lost[id] = true
		}
	}
	return there, lost, nil
}

// at returns the key of a document of a day, "" if that day has none.
func (c *conn) at(ctx context.Context, table, id string, d day) (string, error) {
	for _, name := range fileNames(id) {
		key := c.dataKey(table) + d.String() + name
		if _, err := c.head(ctx, key); !isMissing(err) {
			return key, err
		}
	}
	return "", nil
}
