package limit

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
)

//go:embed take.lua
var takeSource string

var (
	takeScript  = repo.NewScript(takeSource)
	peekScript  = repo.NewScript(takeSource).Idempotent()
	resetScript = repo.NewScript("redis.call('DEL', unpack(KEYS))\nreturn {}").Idempotent()
)

// Request asks a limiter for n of a key.
type Request struct {
	Limiter *Limiter
	Key     string
	N       int
}

// check returns why a request can never be admitted.
func (r Request) check() error {
	if r.N < 1 {
		return r.Limiter.error(fmt.Errorf("%w: %d are asked for; ask for 1 or more", ErrInvalid, r.N))
	}
	for _, limit := range r.Limiter.limits {
		if r.N > limit.N() {
			return r.Limiter.error(fmt.Errorf("%d %w: %v", r.N, ErrTooMany, limit))
		}
	}
	return nil
}

// args returns what the script is told of a request.
func (r Request) args(args []string) []string {
	args = append(args, strconv.Itoa(len(r.Limiter.rules)))
	for _, rule := range r.Limiter.rules {
		args = rule.args(args, r.N)
	}
	return args
}

// one sends one request.
func (l *Limiter) one(ctx context.Context, script *repo.Script, r Request) (Result, error) {
	results, err := run(ctx, script, []Request{r})
	if err != nil {
		return Result{}, l.error(err)
	}
	return results[0], nil
}

// run sends requests whose keys are in one slot, or on one server, of one client.
func run(ctx context.Context, script *repo.Script, requests []Request) ([]Result, error) {
	counts := "1"
	if script == peekScript {
		counts = "0"
	}
	var keys []string
	args := make([]string, 2, 2+14*len(requests))
	for i, r := range requests {
		space := r.Limiter.space(r.Key)
		if i == 0 {
			args[0], args[1] = space, counts
		}
		keys, args = r.Limiter.keys(keys, space, r.Key), r.args(args)
	}
	numbers, err := script.Run(ctx, requests[0].Limiter.client, keys, args...)
	if err != nil {
		return nil, err
	}
	reply, results := newReply(numbers), make([]Result, len(requests))
	for i, r := range requests {
		results[i] = reply.result(r.Limiter, r.N)
	}
	return results, reply.err
}

const (
	// together is how many requests one call of the script decides at most: it
	// takes half a millisecond then.
	together = 100
	// abreast is how many calls are under way at once.
	abreast = 32
)

// Take sends requests, maybe of several limiters, and returns what became of each, in their
// order. Each is admitted or refused by itself: what has to be all or nothing is to be limits of one limiter.
// One server decides 100 in a round trip. On a cluster, requests are a call for each key of theirs, and
// 32 calls are under way at a time.
//
// A request that can never be admitted refuses them all, before any is sent. If some calls fail, the error
// is a [*repo.ManyError] with one entry for each request, and the results of the others hold.
func Take(ctx context.Context, requests ...Request) ([]Result, error) {
	for _, r := range requests {
		if err := r.check(); err != nil {
			return nil, err
		}
	}
	results, errs := make([]Result, len(requests)), make([]error, len(requests))
	failed := false
	var mu sync.Mutex
	var running sync.WaitGroup
	turns := make(chan struct{}, abreast)
	for _, group := range groups(requests) {
		turns <- struct{}{}
		running.Go(func() {
			defer func() { <-turns }()
			some := make([]Request, len(group))
			for i, at := range group {
				some[i] = requests[at]
			}
			got, err := run(ctx, takeScript, some)
			mu.Lock()
			defer mu.Unlock()
			failed = failed || err != nil
			for i, at := range group {
				if errs[at] = requests[at].Limiter.error(err); err == nil {
					results[at] = got[i]
				}
			}
		})
	}
	running.Wait()
	if failed {
		return results, &repo.ManyError{Errs: errs}
	}
	return results, nil
}

// groups returns which requests go in one call.
func groups(requests []Request) [][]int {
	type place struct {
		client *repo.Client
		space  string // "" on a single server, where all keys are together
	}
	var groups [][]int
	open := map[place]int{}
	for i, r := range requests {
		p := place{client: r.Limiter.client}
		if _, single := p.client.Redis().(*redis.Client); !single {
			p.space = r.Limiter.space(r.Key)
		}
		at, ok := open[p]
		if !ok || len(groups[at]) == together {
			at = len(groups)
			open[p] = at
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], i)
	}
	return groups
}
