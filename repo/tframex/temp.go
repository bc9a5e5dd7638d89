package tframex

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/redisgen/redisgen/repo"
)

// PutTemp keeps a value, as JSON, under a key for a while, in place of what is there; 0:
// for StoreOptions.TempTTL. One round trip.
func (s *Store) PutTemp(ctx context.Context, key string, v any, ttl time.Duration) error {
	data, err := json.Marshal(v)
	if err != nil {
		return &repo.RecordError{Op: "PutTemp", Entity: "temp_data", ID: key, Err: err}
	}
	if ttl == 0 {
		ttl = s.options.TempTTL
	}
	return s.TempData.Save(ctx, &TempData{Key: key, Value: string(data)}, repo.TTL(ttl))
}

// GetTemp returns the value that is kept under a key, or [repo.ErrNotFound]. One round
// trip.
func GetTemp[V any](ctx context.Context, s *Store, key string) (V, error) {
	record, err := s.TempData.Get(ctx, key)
	return tempValue[V]("GetTemp", record, err)
}

// TakeTemp returns the value that is kept under a key and removes it: of several who take
// it one gets it, the others [repo.ErrNotFound]. A value that cannot be decoded is removed
// too. Two round trips; with [repo.Config.Functions], which has no transactions, one, and a
// value that is put at the same time may be removed in place of the one that is returned.
func TakeTemp[V any](ctx context.Context, s *Store, key string) (V, error) {
	record, err := s.takeTemp(ctx, key)
	return tempValue[V]("TakeTemp", record, err)
}

func (s *Store) takeTemp(ctx context.Context, key string) (record *TempData, err error) {
	err = s.client.Tx(ctx, func(tx *repo.Tx) (err error) {
		if record, err = s.TempData.InTx(tx).Get(key); err != nil {
			return err
		}
		return s.TempData.InTx(tx).Delete(key)
	})
	if !errors.Is(err, repo.ErrFunctions) {
		return record, err
	}
	batch := s.client.Batch()
	got, gone := s.TempData.In(batch).Get(key), s.TempData.In(batch).Delete(key)
	_ = batch.Run(ctx) // each has its own error
	return got.Value, first(got.Err, gone.Err)
}

// DeleteTemp removes what is kept under a key; [repo.ErrNotFound] if there is nothing. One
// round trip.
func (s *Store) DeleteTemp(ctx context.Context, key string) error { return s.TempData.Delete(ctx, key) }

// tempValue decodes a value.
func tempValue[V any](op string, record *TempData, err error) (v V, _ error) {
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal([]byte(record.Value), &v); err != nil {
		var none V
		return none, &repo.RecordError{Op: op, Entity: "temp_data", ID: record.Key, Err: err}
	}
	return v, nil
}
