package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// errReadOnly is what writes to a storage lead to that is for reading.
var errReadOnly = fmt.Errorf("%w: the storage is read-only", storage.ErrQuery)

// failure is an error of package repo or of the server, of one of the kinds of package
// storage. What it says has no values of documents.
type failure struct {
	text      string
	kind, err error
}

func (f *failure) Error() string { return f.text }

// Unwrap returns the kind and the error.
func (f *failure) Unwrap() []error { return []error{f.kind, f.err} }

// fail returns the error of an operation, nil if there is none.
func (s *Storage) fail(op, table, id string, err error) error {
	if err == nil {
		return nil
	}
	if done, ok := err.(*storage.Error); ok {
		return done
	}
	if record, ok := errors.AsType[*repo.RecordError](err); ok && id == "" {
		id = record.ID
	}
	return &storage.Error{Backend: s.Backend(), Op: op, Table: table, ID: id, Err: classify(err)}
}

// classify returns an error as one of package storage.
func classify(err error) error {
	if one, ok := errors.AsType[*storage.RecordError](err); ok {
		return one
	}
	for _, kind := range []error{storage.ErrConnection, storage.ErrQuery, storage.ErrValidation, storage.ErrNotFound, storage.ErrNoTable, errors.ErrUnsupported} {
		if errors.Is(err, kind) {
			return causeOf(err)
		}
	}
	if many, ok := errors.AsType[*repo.ManyError](err); ok {
		if inner := many.Unwrap(); len(inner) > 0 {
			return classify(inner[0])
		}
	}
	cause := causeOf(err)
	switch {
	case errors.Is(err, repo.ErrNotFound):
		return &failure{storage.ErrNotFound.Error(), storage.ErrNotFound, err}
	case errors.Is(err, repo.ErrExists):
		return &failure{storage.ErrDuplicate.Error() + ": there is a document with the id", storage.ErrDuplicate, err}
	case errors.Is(err, repo.ErrUnique):
		return &failure{storage.ErrDuplicate.Error() + ": another document has the value" + uniqueField(err), storage.ErrDuplicate, err}
	case errors.Is(err, repo.ErrClosed), errors.Is(err, redis.ErrClosed):
		return &failure{storage.ErrClosed.Error(), storage.ErrClosed, err}
	case isValue(err):
		return &failure{fmt.Sprintf("%v: %v", storage.ErrValidation, cause), storage.ErrValidation, err}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded) && !isNetwork(err):
		return err
	case isConnection(err):
		return &failure{fmt.Sprintf("%v: %v", storage.ErrConnection, cause), storage.ErrConnection, err}
	}
	return &failure{fmt.Sprintf("%v: %v", storage.ErrQuery, cause), storage.ErrQuery, err}
}

// opening classifies an error of connecting, which is one of a configuration or of the
// connection.
func opening(err error) error {
	kind := storage.ErrConnection
	if strings.Contains(err.Error(), "bad Config") {
		kind = storage.ErrValidation
	}
	return &failure{fmt.Sprintf("%v: %v", kind, err), kind, err}
}

// causeOf returns an error without what package repo says of the record.
func causeOf(err error) error {
	if record, ok := errors.AsType[*repo.RecordError](err); ok {
		return record.Err
	}
	return err
}

func uniqueField(err error) string {
	if taken, ok := errors.AsType[*repo.UniqueError](err); ok {
		return " of field " + taken.Index
	}
	return ""
}

// isValue tells whether a value cannot be stored.
func isValue(err error) bool {
	if _, ok := errors.AsType[*repo.FieldError](err); ok {
		return true
	}
	for _, one := range []error{repo.ErrEnum, repo.ErrRange, repo.ErrNaN, repo.ErrUTF8, repo.ErrTooLarge, repo.ErrNoKey} {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}

func isNetwork(err error) bool {
	_, ok := errors.AsType[net.Error](err)
	return ok && err != context.DeadlineExceeded
}

// isConnection tells whether the server could not be reached, is not ready, or does not let
// us in.
func isConnection(err error) bool {
	if isNetwork(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted) || errors.Is(err, repo.ErrUncertain) {
		return true
	}
	text := causeOf(err).Error()
	for _, mark := range []string{"WRONGPASS", "NOAUTH", "LOADING", "CLUSTERDOWN", "MASTERDOWN", "max number of clients reached", "connection refused", "broken pipe"} {
		if strings.Contains(text, mark) {
			return true
		}
	}
	return false
}
