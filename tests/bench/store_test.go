package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redisgen/redisgen/repo"
)

// store is a keyspace of accounts, for the repository and for what is written
// by hand.
type store struct {
	rdb      *redis.Client
	client   *repo.Client
	accounts *Accounts
	members  *Members
	hand     hand // for accounts
	seek     hand // for members
	canned   bool

	operation // what is measured on it
	live      *store
	batch     []*Account
	from      int // the number of the first in batch
}

func open(options *redis.Options, prefix string) (*store, error) {
	return openAt(options, prefix, 50*time.Microsecond)
}

// openAt is open with the round trip by which queries go, which would otherwise
// depend on what the machine does.
func openAt(options *redis.Options, prefix string, trip time.Duration) (*store, error) {
	rdb := redis.NewClient(options)
	client, err := repo.New(rdb, repo.Config{Prefix: prefix, RoundTrip: trip})
	if err != nil {
		return nil, err
	}
	return &store{
		rdb: rdb, client: client,
		accounts: NewAccounts(client), hand: hand{rdb, prefix + "{accounts}:"},
		members: NewMembers(client), seek: hand{rdb, prefix + "{members}:"},
	}, nil
}

func (s *store) close() {
	_ = s.client.Close()
	_ = s.rdb.Close()
}

const (
	stored   = 2000 // accounts that reads and writes find
	statuses = 10
)

// The accounts that are stored, as they are at first and as they are moved to:
// another address, another status, another score. GetMany takes their ids.
var (
	first = accounts("a", 0)
	moved = accounts("b", 1)
	ids   = func() []string {
		list := make([]string, stored)
		for i, a := range first {
			list[i] = a.ID
		}
		return list
	}()
)

func accounts(mark string, shift int) []*Account {
	list := make([]*Account, stored)
	for i := range list {
		list[i] = account("u", mark, i, shift)
	}
	return list
}

// account returns account number i of a kind.
func account(kind, mark string, i, shift int) *Account {
	n := fmt.Sprintf("%s%07d", kind, i)
	return &Account{
		ID:     n,
		Email:  mark + n + "@example.com",
		Status: "status-" + strconv.Itoa((i+shift)%statuses),
		Score:  int64(i*7919%1000003 + shift),
		Text:   strings.Repeat(n+" ", 200)[:200],
		Visits: int64(i),
		Active: i%2 == 0,
	}
}

// seed stores the first accounts.
func (s *store) seed(ctx context.Context) error { return s.accounts.SaveMany(ctx, first) }

// prepare gets ready for operations from … from+n-1; it is not measured.
func (s *store) prepare(from, n int) error {
	if !s.fresh && !s.made || s.canned && s.batch != nil && from >= afterCanned {
		return nil
	}
	s.batch, s.from = make([]*Account, n), from
	for i := range s.batch {
		s.batch[i] = account("n", "n", from+i, 0)
	}
	if s.made && !s.canned {
		return s.live.accounts.SaveMany(context.Background(), s.batch)
	}
	return nil
}

// new returns the fresh account of an operation.
func (s *store) new(i int) *Account { return s.batch[i-s.from] }

// run prepares and carries out one operation.
func (s *store) run(op func(*store, int) error, i int) error {
	if err := s.prepare(i, 1); err != nil {
		return err
	}
	return op(s, i)
}
