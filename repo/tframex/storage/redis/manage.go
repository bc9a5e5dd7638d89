package redis

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// CreateTable makes a table known: one round trip, two if it has documents already.
func (s *Storage) CreateTable(ctx context.Context, table string, schema storage.Document) error {
	c, t, err := s.writing(table)
	if err == nil {
		err = s.create(ctx, c, t, schema)
	}
	return s.fail("CreateTable", table, "", err)
}

func (s *Storage) create(ctx context.Context, c *connection, t *table, schema storage.Document) error {
	rec := &tframex.Table{Name: t.name, CreatedAt: s.now()}
	if schema != nil {
		checked, err := storage.CheckDocument(schema)
		if err != nil {
			return err
		}
		text, err := textOfDocument(checked)
		if err != nil {
			return err
		}
		rec.Schema = &text
	}
	there, err := t.find(nil, "", false).exists(ctx)
	if err != nil || there {
		return err
	}
	err = c.tables.Create(ctx, rec, repo.KeepTimes())
	if !errors.Is(err, repo.ErrExists) {
		return err
	}
	_, err = c.tables.Mutate(ctx, t.name, func(old *tframex.Table) error {
		if old.CreatedAt.Equal(unknown) { // of documents that are gone
			*old = *rec
		}
		return nil
	}, repo.KeepTimes())
	return err
}

// DropTable removes a table: two round trips for some dozens of its documents.
func (s *Storage) DropTable(ctx context.Context, table string) (bool, error) {
	c, t, err := s.writing(table)
	if err != nil {
		return false, s.fail("DropTable", table, "", err)
	}
	n, err := t.find(nil, "", false).drop(ctx)
	if err != nil {
		return false, s.fail("DropTable", table, "", err)
	}
	marker, err := c.marker(ctx, table)
	if err == nil && marker != nil {
		if err = c.tables.Delete(ctx, table); errors.Is(err, repo.ErrNotFound) {
			err = nil
		}
	}
	return n > 0 || marker.created(), s.fail("DropTable", table, "", err)
}

// Clear removes all documents of a table, which stays: two round trips for some dozens of
// them. It returns how many there were.
func (s *Storage) Clear(ctx context.Context, table string) (int64, error) {
	_, t, err := s.writing(table)
	var n int64
	if err == nil {
		n, err = t.find(nil, "", false).drop(ctx)
	}
	return n, s.fail("Clear", table, "", err)
}

// marker is what is kept of a table beside its documents.
type marker tframex.Table

// created tells whether the table was created.
func (m *marker) created() bool { return m != nil && !m.CreatedAt.Equal(unknown) }

// marker returns what is kept of a table, nil if there is nothing.
func (c *connection) marker(ctx context.Context, table string) (*marker, error) {
	rec, err := c.tables.Get(ctx, table)
	if errors.Is(err, repo.ErrNotFound) {
		return nil, nil
	}
	return (*marker)(rec), err
}

// ListTables returns the names of the tables: one round trip for those that were created,
// and one for each other one that may have documents, several at a time.
func (s *Storage) ListTables(ctx context.Context) ([]string, error) {
	c, err := s.connected()
	var names []string
	if err == nil {
		names, err = c.list(ctx)
	}
	if err != nil {
		return nil, s.fail("ListTables", "", "", err)
	}
	return names, nil
}

func (c *connection) list(ctx context.Context) ([]string, error) {
	names := map[string]bool{}
	ask := slices.Collect(maps.Keys(c.known))
	for rec, err := range c.tables.Where().All(ctx) {
		if err != nil {
			return nil, err
		}
		if (*marker)(rec).created() {
			names[rec.Name] = true
		} else if c.known[rec.Name] == nil {
			ask = append(ask, rec.Name)
		}
	}
	ask = slices.DeleteFunc(ask, func(name string) bool { return names[name] })
	var mu sync.Mutex
	var first error
	var asking sync.WaitGroup
	workers := make(chan struct{}, 8)
	for _, name := range ask {
		workers <- struct{}{}
		asking.Go(func() {
			defer func() { <-workers }()
			there, err := c.table(name).find(nil, "", false).exists(ctx)
			mu.Lock()
			defer mu.Unlock()
			if names[name] = there; err != nil {
				first = err
			}
		})
	}
	asking.Wait()
	maps.DeleteFunc(names, func(_ string, there bool) bool { return !there })
	return slices.Sorted(maps.Keys(names)), first
}

// TableInfo tells about a table: two round trips.
func (s *Storage) TableInfo(ctx context.Context, table string) (storage.TableInfo, error) {
	c, t, err := s.reading(table)
	var info storage.TableInfo
	if err == nil {
		info, err = c.info(ctx, t)
	}
	if err != nil {
		return storage.TableInfo{}, s.fail("TableInfo", table, "", err)
	}
	return info, nil
}

func (c *connection) info(ctx context.Context, t *table) (info storage.TableInfo, err error) {
	info.Name = t.name
	if info.Records, err = t.find(nil, "", false).count(ctx); err != nil {
		return info, err
	}
	m, err := c.marker(ctx, t.name)
	switch {
	case err != nil:
		return info, err
	case m.created():
		info.CreatedAt = m.CreatedAt
		if m.Schema != nil {
			info.Schema, err = storage.ParseDocument([]byte(*m.Schema))
		}
	case info.Records == 0:
		return info, storage.ErrNoTable
	}
	return info, err
}
