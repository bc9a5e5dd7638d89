package storage

import (
	"errors"
	"fmt"
	"strings"
)

// Errors of storages, for errors.Is.
var (
	// ErrConnection: the backend is not there, or does not let us in.
	ErrConnection = errors.New("no connection")
	// ErrClosed: the storage is not connected, or was closed. It is an ErrConnection.
	ErrClosed = fmt.Errorf("%w: the storage is closed", ErrConnection)
	// ErrQuery: the backend has refused what it was asked.
	ErrQuery = errors.New("query failed")
	// ErrValidation: a document, a filter, a name or a setting that cannot be.
	ErrValidation = errors.New("not valid")
	// ErrNotFound: there is no such document.
	ErrNotFound = errors.New("not found")
	// ErrNoTable: there is no such table.
	ErrNoTable = errors.New("no such table")
	// ErrDuplicate: there is a document with the id, or with a value that is unique.
	// It is an ErrValidation.
	ErrDuplicate = fmt.Errorf("%w: exists already", ErrValidation)
	// ErrScan: the filter or the order would look at more documents than the storage
	// is allowed to. It is an ErrQuery.
	ErrScan = fmt.Errorf("%w: too many documents to look at", ErrQuery)
)

// Error is the error of an operation. It names what the operation was on, and has no values
// of documents.
type Error struct {
	Backend string
	Op      string // the method: "Insert"
	Table   string // "" if it is for none
	ID      string // of the document, "" if it is for none or many
	Err     error
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "storage %s: %s", e.Backend, e.Op)
	if e.Table != "" {
		fmt.Fprintf(&b, " %q", e.Table)
	}
	if e.ID != "" {
		fmt.Fprintf(&b, " %q", e.ID)
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	return b.String()
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// BulkError tells which documents of BulkInsert were not stored.
type BulkError struct {
	Errs []error // by document; nil of those that were stored
}

func (e *BulkError) Error() string {
	failed, first := 0, error(nil)
	for _, err := range e.Errs {
		if err != nil {
			failed++
			if first == nil {
				first = err
			}
		}
	}
	return fmt.Sprintf("%d of %d documents were not stored; the first: %v", failed, len(e.Errs), first)
}

// Unwrap returns the errors.
func (e *BulkError) Unwrap() []error {
	var list []error
	for _, err := range e.Errs {
		if err != nil {
			list = append(list, err)
		}
	}
	return list
}
