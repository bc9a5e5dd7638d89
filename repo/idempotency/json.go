package idempotency

import (
	"context"
	"encoding/json"
	"time"
)

// JSON is [Keys.Do] for results that are kept as JSON.
func JSON[T any](ctx context.Context, k *Keys, key string, ttl time.Duration, f func(ctx context.Context) (T, error)) (result T, replayed bool, err error) {
	data, replayed, err := k.Do(ctx, key, ttl, func(ctx context.Context) ([]byte, error) {
		var err error
		if result, err = f(ctx); err != nil {
			return nil, err
		}
		return json.Marshal(result)
	})
	if replayed && err == nil {
		err = json.Unmarshal(data, &result)
	}
	return result, replayed, err
}
