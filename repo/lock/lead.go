package lock

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/internal/lease"
)

// Lead has one of all processes that call it with a name lead at a time. It waits until
// this one is elected, which is when it gets the lock of that name, and calls lead. The
// context that lead gets ends with cause [ErrLost] when the leadership is lost; lead must
// return then. term is the lock: its Token numbers the term, and its Fence keeps writes of
// earlier terms out.
//
// When lead returns, the leadership is given up, so that another can be elected at once.
// If it was lost, Lead stands for election again, whatever lead has returned; else it
// returns what lead has returned. It returns the error of ctx if that ends while it waits.
// While the server cannot be reached it goes on trying, and logs a warning each time;
// what trying again cannot mend, such as a closed client or a missing permission, it
// returns.
//
// Who leads now, [Mutex.Holder] of the same name tells.
func Lead(ctx context.Context, client *repo.Client, name string, lead func(ctx context.Context, term *Lock) error, options Options) error {
	if options.Poll == 0 {
		options.Poll = time.Second
	}
	m := New(client, name, options)
	for failed := 0; ; failed++ {
		elected, lost, err := m.stand(ctx, lead)
		switch {
		case elected && !lost, isPermanent(err):
			return err
		case ctx.Err() != nil:
			return m.wrap("lead", ctx.Err())
		case elected:
			failed = 0
		}
		m.options.Logger.WarnContext(ctx, "redisgen: not leading; standing for election again", "name", m.name, "err", err)
		if lease.Sleep(ctx, lease.Backoff(failed, 10*time.Millisecond, m.options.Poll)) != nil {
			return m.wrap("lead", ctx.Err())
		}
	}
}

// stand waits to be elected, and leads.
func (m *Mutex) stand(ctx context.Context, lead func(ctx context.Context, term *Lock) error) (elected, lost bool, err error) {
	l, err := m.Lock(ctx)
	if err != nil {
		return false, false, err
	}
	err = l.do(ctx, lead)
	return true, l.lost() || errors.Is(err, ErrLost) || errors.Is(err, repo.ErrFenced), err
}

// isPermanent tells whether an election fails for a reason that stays.
func isPermanent(err error) bool {
	if errors.Is(err, repo.ErrClosed) || errors.Is(err, repo.ErrFunctions) || errors.Is(err, errReply) {
		return true
	}
	var reply redis.Error
	if !errors.As(err, &reply) || strings.HasPrefix(reply.Error(), "ERR max number of clients") {
		return false
	}
	for _, kind := range []string{"NOPERM ", "WRONGTYPE ", "WRONGPASS ", "NOAUTH ", "ERR "} {
		if strings.HasPrefix(reply.Error(), kind) {
			return true
		}
	}
	return false
}
