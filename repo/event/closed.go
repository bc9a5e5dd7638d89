package event

import (
	"context"

	"github.com/redisgen/redisgen/repo"
)

// unusable returns why nothing can be done now: the client is closed, or ctx has ended.
func unusable(ctx context.Context, client *repo.Client) error {
	if client.Closed() {
		return repo.ErrClosed
	}
	return ctx.Err()
}
