package migrate

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/retry"
)

// maxEntries is how many records of a side are held at once to compare them by id, unless one
// bucket has more.
const maxEntries = 100_000

// entry is a record as it is compared.
type entry struct {
	digest [sha256.Size]byte
	times  [3]int64 // in microseconds; 0 unless times are compared
}

func (c *comparison) entry(r storage.Record) entry {
	e := entry{digest: digest(r.ID, r.Document)}
	if !c.o.Times {
		return e
	}
	buf := e.digest[:]
	for i, at := range []time.Time{r.CreatedAt, r.UpdatedAt, r.ExpiresAt} {
		if !at.IsZero() {
			e.times[i] = at.UnixMicro()
		}
		buf = canonical(buf, e.times[i])
	}
	e.digest = sha256.Sum256(buf)
	return e
}

// search lists the differences of sides that differ.
func (c *comparison) search(ctx context.Context, a, b *side, t *TableVerification) error {
	var differ []int
	for i := range buckets {
		if a.buckets[i] != b.buckets[i] {
			differ = append(differ, i)
		}
	}
	for len(differ) > 0 {
		if len(t.Differences) >= c.o.MaxDifferences {
			t.More = true
			return nil
		}
		chosen, held := map[int]bool{}, int64(0)
		for _, i := range differ {
			held += max(a.buckets[i].records, b.buckets[i].records)
			if len(chosen) > 0 && (held > maxEntries || len(chosen) > c.o.MaxDifferences) {
				break
			}
			chosen[i] = true
		}
		differ = differ[len(chosen):]
		if err := c.compare(ctx, chosen, t); err != nil {
			return err
		}
	}
	return nil
}

// compare lists the differences in some buckets.
func (c *comparison) compare(ctx context.Context, chosen map[int]bool, t *TableVerification) error {
	has, err := c.entries(ctx, c.source, chosen)
	if err != nil {
		return err
	}
	other, err := c.entries(ctx, c.target, chosen)
	if err != nil {
		return err
	}
	all := maps.Clone(has)
	maps.Copy(all, other)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		x, inSource := has[id]
		y, inTarget := other[id]
		if inSource && inTarget && x == y {
			continue
		}
		if len(t.Differences) >= c.o.MaxDifferences {
			t.More = true
			return nil
		}
		d, err := c.again(ctx, id, timeFields(x, y, inSource && inTarget))
		if err != nil {
			return err
		}
		if d.Kind != "" {
			t.Differences = append(t.Differences, d)
		}
	}
	return nil
}

// entries returns the records of a side that are in the buckets.
func (c *comparison) entries(ctx context.Context, s storage.Storage, chosen map[int]bool) (map[string]entry, error) {
	list := map[string]entry{}
	err := c.each(ctx, s, func(r storage.Record) {
		if chosen[bucketOf(r.ID)] {
			list[r.ID] = c.entry(r)
		}
	}, func(string) {})
	return list, err
}

// timeFields names the times beside the documents that differ.
func timeFields(x, y entry, both bool) (names []string) {
	for i, name := range []string{"(created at)", "(updated at)", "(expires at)"} {
		if both && x.times[i] != y.times[i] {
			names = append(names, name)
		}
	}
	return names
}

// again looks at a record once more. The result has no kind if both sides are the same now.
func (c *comparison) again(ctx context.Context, id string, times []string) (Difference, error) {
	a, err := c.get(ctx, c.source, id)
	if err != nil {
		return Difference{}, err
	}
	b, err := c.get(ctx, c.target, id)
	if err != nil {
		return Difference{}, err
	}
	d := Difference{ID: id}
	switch {
	case a == nil && b == nil:
	case b == nil:
		d.Kind = Missing
	case a == nil:
		d.Kind = Extra
	default:
		if d.Fields = append(fieldsThatDiffer(a, b), times...); len(d.Fields) > 0 {
			d.Kind = Differs
		}
	}
	return d, nil
}

// get returns a document, nil if there is none.
func (c *comparison) get(ctx context.Context, s storage.Storage, id string) (doc storage.Document, err error) {
	err = retry.Do(ctx, c.o.Retries, func() (bool, error) {
		doc, err = s.Get(ctx, c.table, id)
		if errors.Is(err, storage.ErrNotFound) {
			err = nil
		}
		return false, err
	})
	return doc, err
}

func fieldsThatDiffer(a, b storage.Document) (names []string) {
	all := maps.Clone(a)
	maps.Copy(all, b)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		x, has := a[name]
		y, too := b[name]
		if has != too || !storage.Equal(x, y) {
			names = append(names, name)
		}
	}
	return names
}
