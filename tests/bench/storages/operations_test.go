package storages

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// operation is what is measured: of conversations and messages in turn.
type operation struct {
	name      string
	documents int // in one call
	// calls prepares n calls, or as many as there can be.
	calls func(s *subject, n int) []call
}

type call func(ctx context.Context) error

// operations in the order in which they are called: what is inserted is deleted, so that the
// tables stay as large as they are.
var operations = []operation{
	{"Insert", 1, inserts}, {"BulkInsert of 100, each", 100, bulkInserts}, {"Get", 1, gets},
	{"Select of 50", 1, pages}, {"Update", 1, updates}, {"Delete", 1, deletes},
}

func inserts(s *subject, n int) []call {
	return each(n, func(int) call {
		table, doc := document(s.next)
		s.added = append(s.added, placeOf(s.next))
		s.next++
		return func(ctx context.Context) error {
			_, err := s.Insert(ctx, table, doc)
			return err
		}
	})
}

func bulkInserts(s *subject, n int) []call {
	return each(n, func(i int) call {
		first := s.next + i%2
		docs, table := make([]storage.Document, 100), placeOf(first).table
		for j := range docs {
			_, docs[j] = document(first + 2*j)
			s.added = append(s.added, placeOf(first+2*j))
		}
		s.next += 2 * len(docs)
		return func(ctx context.Context) error {
			_, err := s.BulkInsert(ctx, table, docs)
			return err
		}
	})
}

func gets(s *subject, n int) []call {
	return each(n, func(int) call {
		at := placeOf(rand.IntN(s.stored))
		return func(ctx context.Context) error {
			_, err := s.Get(ctx, at.table, at.id)
			return err
		}
	})
}

func pages(s *subject, n int) []call {
	return each(n, func(int) call {
		user := userID(rand.IntN(users))
		return func(ctx context.Context) error {
			docs, err := s.Newest(ctx, user, page)
			if err == nil && s.stored == records && len(docs) != page {
				err = fmt.Errorf("%d conversations of %s", len(docs), user)
			}
			return err
		}
	})
}

func updates(s *subject, n int) []call {
	return each(n, func(int) call {
		i := rand.IntN(s.stored)
		at, field := placeOf(i), [...]string{"title", "content"}[i%2]
		changes := storage.Document{field: fmt.Sprintf("Changed to %08d, of which not much is known", rand.IntN(1e8))}
		return func(ctx context.Context) error {
			return there(s.Update(ctx, at.table, at.id, changes))
		}
	})
}

func deletes(s *subject, n int) []call {
	list := each(min(n, len(s.added)), func(i int) call {
		at := s.added[i]
		return func(ctx context.Context) error { return there(s.Delete(ctx, at.table, at.id)) }
	})
	s.added = s.added[len(list):]
	return list
}

func each(n int, one func(i int) call) (list []call) {
	for i := range n {
		list = append(list, one(i))
	}
	return list
}

// there returns an error if a document was not there.
func there(was bool, err error) error {
	if err == nil && !was {
		err = storage.ErrNotFound
	}
	return err
}
