package bench

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"
)

func (h hand) visits(status string) string { return h.space + "i:status/visits:" + status }

// readMany reads the records of some ids.
type readMany func(ctx context.Context, ids []string) ([]*Account, error)

// scanMany reads records in one pipeline of HGETALL, with go-redis's Scan.
func (h hand) scanMany(ctx context.Context, ids []string) ([]*Account, error) {
	pipe := h.rdb.Pipeline()
	replies := make([]*redis.MapStringStringCmd, len(ids))
	for i, id := range ids {
		replies[i] = pipe.HGetAll(ctx, h.record(id))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	list := make([]*Account, len(ids))
	for i, reply := range replies {
		list[i] = new(Account)
		if err := reply.Scan(list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// busiest returns the accounts of a status with the most visits.
func (h hand) busiest(ctx context.Context, status string, n int, read readMany) ([]*Account, error) {
	ids, err := h.busiestIDs(ctx, status, n)
	if err != nil {
		return nil, err
	}
	return read(ctx, ids)
}

func (h hand) busiestIDs(ctx context.Context, status string, n int) ([]string, error) {
	return h.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: h.visits(status), Start: 0, Stop: n - 1, Rev: true}).Result()
}

// busiestOf returns the accounts of several statuses with the most visits.
func (h hand) busiestOf(ctx context.Context, statuses []string, n int, read readMany) ([]*Account, error) {
	pipe := h.rdb.Pipeline()
	replies := make([]*redis.ZSliceCmd, len(statuses))
	for i, status := range statuses {
		replies[i] = pipe.ZRevRangeWithScores(ctx, h.visits(status), 0, int64(n-1))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	var all []redis.Z
	for _, reply := range replies {
		all = append(all, reply.Val()...)
	}
	slices.SortFunc(all, func(a, b redis.Z) int { return cmp.Compare(b.Score, a.Score) })
	ids := make([]string, min(n, len(all)))
	for i := range ids {
		ids[i] = all[i].Member.(string)
	}
	return read(ctx, ids)
}

// scored returns the accounts with the highest scores in a range.
func (h hand) scored(ctx context.Context, low, high int64, n int, read readMany) ([]*Account, error) {
	ids, err := h.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{
		Key: h.scores(), Start: high, Stop: low, ByScore: true, Rev: true, Count: int64(n),
	}).Result()
	if err != nil {
		return nil, err
	}
	return read(ctx, ids)
}

// lowRead returns accounts of a status with a score below a limit: it reads
// those of the status and drops the others.
func (h hand) lowRead(ctx context.Context, status string, below int64, n int) ([]*Account, error) {
	var found []*Account
	err := h.walk(ctx, status, 100, func(ids []string) (bool, error) {
		list, err := h.getMany(ctx, ids)
		for _, a := range list {
			if a.Score < below && len(found) < n {
				found = append(found, a)
			}
		}
		return len(found) < n, err
	})
	return found, err
}

// lowAsked does the same, but asks the index of scores before it reads.
func (h hand) lowAsked(ctx context.Context, status string, below int64, n int) ([]*Account, error) {
	var found []string
	err := h.walk(ctx, status, 250, func(ids []string) (bool, error) {
		scores, err := h.rdb.ZMScore(ctx, h.scores(), ids...).Result()
		for i, score := range scores {
			if score < float64(below) && len(found) < n {
				found = append(found, ids[i])
			}
		}
		return len(found) < n, err
	})
	if err != nil {
		return nil, err
	}
	return h.getMany(ctx, found)
}

// walk hands the ids of a status to each, so many at a time, until it returns
// false.
func (h hand) walk(ctx context.Context, status string, step int64, each func([]string) (bool, error)) error {
	for from := int64(0); ; from += step {
		ids, err := h.rdb.ZRange(ctx, h.status(status), from, from+step-1).Result()
		if err != nil || len(ids) == 0 {
			return err
		}
		if more, err := each(ids); !more || err != nil {
			return err
		}
	}
}

// every hands the accounts of a status to each.
func (h hand) every(ctx context.Context, status string, read readMany, each func(*Account)) error {
	return h.walk(ctx, status, 100, func(ids []string) (bool, error) {
		list, err := read(ctx, ids)
		for _, a := range list {
			each(a)
		}
		return true, err
	})
}

// ids hands the ids of a status to each.
func (h hand) ids(ctx context.Context, status string, step int64, each func(string)) error {
	return h.walk(ctx, status, step, func(ids []string) (bool, error) {
		for _, id := range ids {
			each(id)
		}
		return true, nil
	})
}

// count counts the accounts of a status.
func (h hand) count(ctx context.Context, status string) (int64, error) {
	return h.rdb.ZCard(ctx, h.status(status)).Result()
}

// countAsked counts the accounts of a status with a score below a limit: it
// asks the index of scores for each of the status.
func (h hand) countAsked(ctx context.Context, status string, below int64) (int64, error) {
	ids, err := h.rdb.ZRange(ctx, h.status(status), 0, -1).Result()
	if err != nil {
		return 0, err
	}
	pipe := h.rdb.Pipeline()
	var replies []*redis.FloatSliceCmd
	for some := range slices.Chunk(ids, 1000) {
		replies = append(replies, pipe.ZMScore(ctx, h.scores(), some...))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, err
	}
	var n int64
	for _, reply := range replies {
		for _, score := range reply.Val() {
			if score < float64(below) {
				n++
			}
		}
	}
	return n, nil
}

// countStored has the server store the range and intersect.
func (h hand) countStored(ctx context.Context, status string, below int64) (int64, error) {
	stored := h.space + "stored"
	pipe := h.rdb.TxPipeline()
	pipe.ZRangeStore(ctx, stored, redis.ZRangeArgs{
		Key: h.scores(), Start: "-inf", Stop: "(" + strconv.FormatInt(below, 10), ByScore: true,
	})
	n := pipe.ZInterCard(ctx, 0, h.status(status), stored)
	pipe.Del(ctx, stored)
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, err
	}
	return n.Val(), nil
}
