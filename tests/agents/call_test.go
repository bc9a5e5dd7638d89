package agents

import (
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
)

// outcome is what became of a call, as far as its caller knows.
type outcome int

const (
	good      outcome = iota // it was answered
	refused                  // nothing is changed
	uncertain                // nobody knows
	short                    // done, and not confirmed to be durable
	pending                  // it has not returned yet
)

// call is one call, and what became of it.
type call struct {
	began, ended time.Time
	what         outcome
}

// maybe tells whether the call may have taken effect, and may not.
func (c call) maybe() bool { return c.what == uncertain || c.what == short || c.what == pending }

// before tells whether a call was answered before a time.
func (c call) before(t time.Time) bool { return c.what == good && c.ended.Before(t) }

// outcomeOf returns what an error says, false if nothing that happens here explains it.
func outcomeOf(err error) (outcome, bool) {
	switch {
	case err == nil:
		return good, true
	case errors.Is(err, repo.ErrUncertain):
		return uncertain, true
	case errors.Is(err, repo.ErrNotDurable):
		return short, true
	}
	return refused, errors.Is(err, repo.ErrConflict) || passing(err)
}

// passing tells whether an error is one of servers that are replaced or cut off.
func passing(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, redis.ErrPoolTimeout) {
		return true
	}
	return slices.ContainsFunc([]string{"READONLY ", "CLUSTERDOWN ", "MASTERDOWN ", "LOADING ", "TRYAGAIN ", "NOREPLICAS ", "MOVED ", "ASK ", "all sentinels"}, func(text string) bool {
		return strings.Contains(err.Error(), text)
	})
}
