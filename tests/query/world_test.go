package query

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/repo"
)

// world is a random entity, its records in a server, and the same in a plain map.
type world struct {
	ctx     context.Context
	store   *store
	client  *repo.Client
	repo    repo.Repository[*record, string]
	entity  *entity
	records map[string]*record // what is stored
	due     map[string]time.Time
	mistake mistake // that the evaluation makes
	rng     *rand.Rand
}

// newWorld fills a server with the records of a random entity.
func newWorld(ctx context.Context, s *store, rng *rand.Rand, prefix string) (*world, error) {
	return populate(ctx, s, rng, prefix, randomEntity(rng, s.advance != nil), 50+rng.IntN(s.most-49))
}

// populate fills a server with about n random records of an entity.
func populate(ctx context.Context, s *store, rng *rand.Rand, prefix string, e *entity, n int) (*world, error) {
	config := repo.Config{Prefix: prefix, SweepInterval: -1, Functions: s.functions}
	client, err := repo.New(s.repos(prefix, e.Entity), config)
	if err != nil {
		return nil, err
	}
	if s.functions {
		if err := load(ctx, s.rdb, config, e); err != nil {
			return nil, err
		}
	}
	w := &world{ctx: ctx, store: s, client: client, entity: e, records: map[string]*record{}, due: map[string]time.Time{}, rng: rng}
	w.repo = repo.NewRepository(client, e.runtime)
	written := map[time.Duration][]*record{}
	for range n {
		r := w.someRecord(w.newID())
		if span := w.span(); w.put(r, span) {
			written[span] = append(written[span], r)
		}
	}
	for _, span := range slices.Sorted(maps.Keys(written)) {
		if err := w.repo.SaveMany(ctx, written[span], w.lifetime(span)...); err != nil {
			return nil, fmt.Errorf("SaveMany: %w", err)
		}
	}
	return w, nil
}

// load puts the functions of an entity on a server.
func load(ctx context.Context, rdb redis.UniversalClient, config repo.Config, e *entity) error {
	client, err := repo.New(rdb, config)
	if err != nil {
		return err
	}
	defer client.Close()
	return repo.LoadFunctions(ctx, client, e.runtime)
}

func (w *world) close() { _ = w.client.Close() }

// newID returns the id of no record.
func (w *world) newID() string {
	for {
		id := pick(w.rng, words...) + fmt.Sprint(w.rng.IntN(1000))
		if chance(w.rng, 20) {
			id = pick(w.rng, words...)
		}
		if id != "" && w.records[id] == nil && len(id) < 100 {
			return id
		}
	}
}

// someID returns the id of a record, or "" if there are none.
func (w *world) someID() string {
	ids := slices.Sorted(maps.Keys(w.records))
	if len(ids) == 0 {
		return ""
	}
	return pick(w.rng, ids...)
}

// someRecord returns a record as a caller might write it.
func (w *world) someRecord(id string) *record {
	r := &record{id: id}
	for _, c := range w.entity.columns {
		v := c.some(w.rng)
		if c.self().unique && v != nil && !chance(w.rng, 6) {
			v = c.wide(w.rng.IntN(5000))
		}
		r.values = append(r.values, v)
	}
	return r
}

// put writes a record to the map; false if another has a unique value of it.
func (w *world) put(written *record, span time.Duration) bool {
	r := &record{id: written.id, values: make([]any, len(written.values))}
	for i, c := range w.entity.columns {
		r.values[i] = c.stored(written.values[i])
	}
	if !w.free(r) {
		return false
	}
	w.records[r.id] = r
	delete(w.due, r.id)
	if span > 0 {
		w.due[r.id] = w.store.now().Add(span)
	}
	return true
}

// free tells whether no other record has a unique value of r.
func (w *world) free(r *record) bool {
	claims := w.claims(r)
	for id, other := range w.records {
		if id == r.id || len(claims) == 0 {
			continue
		}
		for _, c := range w.claims(other) {
			if slices.Contains(claims, c) {
				return false
			}
		}
	}
	return true
}

// claims are the values of a record in unique indexes.
func (w *world) claims(r *record) []string {
	var list []string
	for _, x := range w.entity.runtime.Indexes {
		if x.Kind != repo.IndexUnique {
			continue
		}
		text, whole := x.Name, true
		for _, c := range w.entity.columns {
			if !slices.Contains(x.Fields, c.self().at) {
				continue
			}
			v := r.values[w.entity.place(c)]
			if whole = whole && v != nil; whole {
				text += fmt.Sprintf(" %q", c.identity(v))
			}
		}
		if whole {
			list = append(list, text)
		}
	}
	return list
}

// spans are how long records live: never near a multiple of tick, by which the clock advances.
var spans = []time.Duration{3 * time.Minute, 10 * time.Minute, 25 * time.Minute, time.Hour}

const tick = 7 * time.Minute

// span returns how long a record is to live; 0 is for ever.
func (w *world) span() time.Duration {
	if w.store.advance == nil || chance(w.rng, 4) {
		return 0
	}
	return pick(w.rng, spans...)
}

// lifetime returns the option for it.
func (w *world) lifetime(span time.Duration) []repo.WriteOption {
	switch {
	case !w.entity.Expires:
		return nil
	case span == 0:
		return []repo.WriteOption{repo.NoTTL()}
	}
	return []repo.WriteOption{repo.TTL(span)}
}

// pass lets time pass.
func (w *world) pass() {
	w.store.advance(tick * time.Duration(1+w.rng.IntN(3)))
	for id, due := range w.due {
		if !due.After(w.store.now()) {
			delete(w.due, id)
			delete(w.records, id)
		}
	}
}

// change writes some records.
func (w *world) change() error {
	for range 1 + w.rng.IntN(20) {
		id, span := w.someID(), w.span()
		if id == "" || chance(w.rng, 3) {
			id = w.newID()
		}
		switch {
		case w.records[id] != nil && chance(w.rng, 4):
			delete(w.records, id)
			delete(w.due, id)
			if err := w.repo.Delete(w.ctx, id); err != nil {
				return err
			}
		default:
			r := w.someRecord(id)
			if !w.put(r, span) {
				continue
			}
			if err := w.repo.Save(w.ctx, r, w.lifetime(span)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// check compares the keyspace with what its records imply, unless they have tokens of writes, of which it knows nothing.
func (w *world) check() error {
	if w.entity.Retry {
		return nil
	}
	problems, err := integrity.Check(w.ctx, w.store.rdb, w.client.Prefix(), w.entity.Entity, false)
	if len(problems) > 0 {
		return fmt.Errorf("the keyspace: %s", strings.Join(problems[:min(len(problems), 10)], "\n"))
	}
	return err
}

// dump prints the records if they are few.
func (w *world) dump() string {
	if len(w.records) > 12 {
		return fmt.Sprintf("%d records", len(w.records))
	}
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(w.records)) {
		b.WriteString(w.print(w.records[id]) + "\n")
	}
	return b.String()
}

func (w *world) print(r *record) string {
	text := fmt.Sprintf("%q:", r.id)
	for i, c := range w.entity.columns {
		text += " " + c.self().Go + "=" + show(r.values[i])
	}
	return text
}
