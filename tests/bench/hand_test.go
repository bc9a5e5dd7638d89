package bench

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// hand is what a careful programmer writes on go-redis for accounts: the same
// keys and the same values as the repository's, without it.
type hand struct {
	rdb   *redis.Client
	space string // what every key begins with: <prefix>{accounts}:
}

var fields = []string{"id", "email", "status", "score", "text", "visits", "active"}

func (h hand) record(id string) string     { return h.space + "r:" + id }
func (h hand) status(status string) string { return h.space + "i:status:" + status }
func (h hand) emails() string              { return h.space + "u:email" }
func (h hand) scores() string              { return h.space + "s:score" }
func (h hand) all() string                 { return h.space + "a" }

// get reads a record with HMGET.
func (h hand) get(ctx context.Context, id string) (*Account, error) {
	values, err := h.rdb.HMGet(ctx, h.record(id), fields...).Result()
	if err != nil {
		return nil, err
	}
	return decode(values)
}

// scan reads a record with HGETALL and go-redis's Scan, which uses reflection.
func (h hand) scan(ctx context.Context, id string) (*Account, error) {
	var a Account
	if err := h.rdb.HGetAll(ctx, h.record(id)).Scan(&a); err != nil {
		return nil, err
	}
	if a.ID == "" {
		return nil, redis.Nil
	}
	return &a, nil
}

// getMany reads records in one pipeline.
func (h hand) getMany(ctx context.Context, ids []string) ([]*Account, error) {
	pipe := h.rdb.Pipeline()
	replies := make([]*redis.SliceCmd, len(ids))
	for i, id := range ids {
		replies[i] = pipe.HMGet(ctx, h.record(id), fields...)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	list := make([]*Account, len(ids))
	for i, reply := range replies {
		a, err := decode(reply.Val())
		if err != nil && err != redis.Nil {
			return nil, err
		}
		list[i] = a
	}
	return list, nil
}

// getByEmail looks the owner of an address up, then reads the record.
func (h hand) getByEmail(ctx context.Context, email string) (*Account, error) {
	id, err := h.rdb.HGet(ctx, h.emails(), email).Result()
	if err != nil {
		return nil, err
	}
	return h.get(ctx, id)
}

// decode turns the reply of HMGET into an account; redis.Nil if there is none.
func decode(values []any) (*Account, error) {
	id, ok := values[0].(string)
	if !ok {
		return nil, redis.Nil
	}
	a := &Account{ID: id}
	a.Email, _ = values[1].(string)
	a.Status, _ = values[2].(string)
	a.Text, _ = values[4].(string)
	var err error
	if s, ok := values[3].(string); ok {
		if a.Score, err = strconv.ParseInt(s, 10, 64); err != nil {
			return nil, err
		}
	}
	if s, ok := values[5].(string); ok {
		if a.Visits, err = strconv.ParseInt(s, 10, 64); err != nil {
			return nil, err
		}
	}
	if s, ok := values[6].(string); ok {
		if a.Active, err = strconv.ParseBool(s); err != nil {
			return nil, err
		}
	}
	return a, nil
}
