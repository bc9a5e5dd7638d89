package event

import (
	"context"
	"errors"

	"github.com/redisgen/redisgen/repo"
)

// unusable returns why nothing can be done now: ctx has ended, or the client is closed.
// Nothing is sent.
func unusable(ctx context.Context, client *repo.Client) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// A call whose context has ended is refused, for that reason or because the client
	// is closed.
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := loadScript.Run(over, client, []string{""}); errors.Is(err, repo.ErrClosed) {
		return repo.ErrClosed
	}
	return nil
}
