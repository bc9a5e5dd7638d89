package bench

import (
	"context"
	_ "embed"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// state is what a write must know of a record to keep claims and indexes true.
type state struct {
	exists               bool
	email, status, score string
	owner                string // of the new address
}

// errTaken and errExists are what a write finds out by reading first.
var (
	errTaken  = errors.New("address taken")
	errExists = errors.New("exists")
)

// read asks for the state of a record, and who has an address.
func (h hand) read(ctx context.Context, c redis.Cmdable, id, email string) (state, error) {
	pipe := c.Pipeline()
	values := pipe.HMGet(ctx, h.record(id), "email", "status", "score")
	owner := pipe.HGet(ctx, h.emails(), email)
	if _, err := pipe.Exec(ctx); err != nil && err != redis.Nil {
		return state{}, err
	}
	var s state
	list := values.Val()
	s.email, s.exists = list[0].(string)
	s.status, _ = list[1].(string)
	s.score, _ = list[2].(string)
	s.owner = owner.Val()
	return s, nil
}

// hset stores a record and leaves claims and indexes alone.
func (h hand) hset(ctx context.Context, a *Account) error {
	return h.rdb.HSet(ctx, h.record(a.ID), values(a)...).Err()
}

func values(a *Account) []any {
	return []any{
		"id", a.ID, "email", a.Email, "status", a.Status, "score", a.Score,
		"text", a.Text, "visits", a.Visits, "active", a.Active,
	}
}

// saveRacy reads, then writes in a MULTI: another client may write in between.
func (h hand) saveRacy(ctx context.Context, a *Account) error {
	old, err := h.read(ctx, h.rdb, a.ID, a.Email)
	if err != nil {
		return err
	}
	return h.commit(ctx, h.rdb, old, a)
}

// saveSafe watches what it reads, so that the MULTI fails if it has changed.
func (h hand) saveSafe(ctx context.Context, a *Account) error {
	return h.rdb.Watch(ctx, func(tx *redis.Tx) error {
		old, err := h.read(ctx, tx, a.ID, a.Email)
		if err != nil {
			return err
		}
		return h.commit(ctx, tx, old, a)
	}, h.record(a.ID), h.emails())
}

// createRacy and createSafe store a record that must not exist.
func (h hand) createRacy(ctx context.Context, a *Account) error {
	old, err := h.read(ctx, h.rdb, a.ID, a.Email)
	if err != nil {
		return err
	}
	if old.exists {
		return errExists
	}
	return h.commit(ctx, h.rdb, old, a)
}

func (h hand) createSafe(ctx context.Context, a *Account) error {
	return h.rdb.Watch(ctx, func(tx *redis.Tx) error {
		old, err := h.read(ctx, tx, a.ID, a.Email)
		if err != nil {
			return err
		}
		if old.exists {
			return errExists
		}
		return h.commit(ctx, tx, old, a)
	}, h.record(a.ID), h.emails())
}

// commit writes a record, and what of claims and indexes has changed.
func (h hand) commit(ctx context.Context, c redis.Cmdable, old state, a *Account) error {
	if old.owner != "" && old.owner != a.ID {
		return errTaken
	}
	score := strconv.FormatInt(a.Score, 10)
	_, err := c.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.HSet(ctx, h.record(a.ID), values(a)...)
		if old.email != a.Email {
			if old.exists {
				pipe.HDel(ctx, h.emails(), old.email)
			}
			pipe.HSet(ctx, h.emails(), a.Email, a.ID)
		}
		if old.status != a.Status {
			if old.exists {
				pipe.ZRem(ctx, h.status(old.status), a.ID)
			}
			pipe.ZAdd(ctx, h.status(a.Status), redis.Z{Member: a.ID})
		}
		if old.score != score {
			pipe.ZAdd(ctx, h.scores(), redis.Z{Score: float64(a.Score), Member: a.ID})
		}
		if !old.exists {
			pipe.ZAdd(ctx, h.all(), redis.Z{Score: float64(time.Now().UnixMicro()), Member: a.ID})
		}
		return nil
	})
	return err
}

//go:embed save.lua
var saveSource string

var saveScript = redis.NewScript(saveSource)

// saveScripted saves with a script written for accounts and nothing else.
func (h hand) saveScripted(ctx context.Context, a *Account) error {
	owner, err := saveScript.Run(ctx, h.rdb, []string{h.record(a.ID)},
		h.space, a.ID, a.Email, a.Status, a.Score, a.Text, a.Visits, a.Active).Text()
	if err == nil && owner != "" {
		return errTaken
	}
	return err
}

// visit counts a visit, whether or not there is such an account.
func (h hand) visit(ctx context.Context, id string) error {
	return h.rdb.HIncrBy(ctx, h.record(id), "visits", 1).Err()
}

// deleteRacy and deleteSafe remove a record, its claim and its entries.
func (h hand) deleteRacy(ctx context.Context, id string) error {
	return h.remove(ctx, h.rdb, id)
}

func (h hand) deleteSafe(ctx context.Context, id string) error {
	return h.rdb.Watch(ctx, func(tx *redis.Tx) error { return h.remove(ctx, tx, id) }, h.record(id))
}

func (h hand) remove(ctx context.Context, c redis.Cmdable, id string) error {
	list, err := c.HMGet(ctx, h.record(id), "email", "status").Result()
	if err != nil {
		return err
	}
	email, ok := list[0].(string)
	if !ok {
		return redis.Nil
	}
	status, _ := list[1].(string)
	_, err = c.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.Del(ctx, h.record(id))
		pipe.HDel(ctx, h.emails(), email)
		pipe.ZRem(ctx, h.status(status), id)
		pipe.ZRem(ctx, h.scores(), id)
		pipe.ZRem(ctx, h.all(), id)
		return nil
	})
	return err
}

// loadStep is how many records one pipeline of load stores; 200 to 1,000 are
// equally fast.
const loadStep = 500

// load stores new records with plain pipelines on some connections: nothing
// is read or checked, and what fails midway stays half done. Index writes are
// grouped.
func (h hand) load(ctx context.Context, list []*Account, connections int) error {
	chunks := make(chan []*Account)
	errs := make([]error, connections)
	var running sync.WaitGroup
	for i := range connections {
		running.Go(func() {
			for chunk := range chunks {
				if errs[i] == nil {
					errs[i] = h.loadChunk(ctx, chunk)
				}
			}
		})
	}
	for from := 0; from < len(list); from += loadStep {
		chunks <- list[from:min(from+loadStep, len(list))]
	}
	close(chunks)
	running.Wait()
	return errors.Join(errs...)
}

func (h hand) loadChunk(ctx context.Context, chunk []*Account) error {
	pipe := h.rdb.Pipeline()
	emails := make([]any, 0, 2*len(chunk))
	scores := make([]redis.Z, 0, len(chunk))
	all := make([]redis.Z, 0, len(chunk))
	statuses := map[string][]redis.Z{}
	now := float64(time.Now().UnixMicro())
	for _, a := range chunk {
		pipe.HSet(ctx, h.record(a.ID), values(a)...)
		emails = append(emails, a.Email, a.ID)
		scores = append(scores, redis.Z{Score: float64(a.Score), Member: a.ID})
		all = append(all, redis.Z{Score: now, Member: a.ID})
		statuses[a.Status] = append(statuses[a.Status], redis.Z{Member: a.ID})
	}
	pipe.HSet(ctx, h.emails(), emails...)
	pipe.ZAdd(ctx, h.scores(), scores...)
	pipe.ZAdd(ctx, h.all(), all...)
	for status, members := range statuses {
		pipe.ZAdd(ctx, h.status(status), members...)
	}
	_, err := pipe.Exec(ctx)
	return err
}
