package sqldoc

import (
	"context"
	"errors"
	"fmt"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// errNested is of what there is not within a transaction.
var errNested = fmt.Errorf("%w within a transaction", errors.ErrUnsupported)

// fail returns the error of an operation; nil if there is none.
func (s *Store) fail(op, table, id string, err error) error {
	if err == nil {
		return nil
	}
	if noTable(err) {
		s.forget()
	}
	return &storage.Error{Backend: s.backend, Op: op, Table: table, ID: id, Err: err}
}

// lost tells whether an error means that a connection was lost.
func lost(err error) bool {
	return errors.Is(err, storage.ErrConnection) && !errors.Is(err, storage.ErrClosed)
}

// noTable tells whether an error means that there is no such table.
func noTable(err error) bool { return errors.Is(err, storage.ErrNoTable) }

// fatal tells whether an error concerns all that a transaction does.
func fatal(err error) bool {
	for _, class := range []error{storage.ErrConnection, storage.ErrNoTable, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}
