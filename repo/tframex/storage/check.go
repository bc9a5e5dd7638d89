package storage

import (
	"context"
	"fmt"
)

// Checker is what a [Storage] can be besides: one that can tell whether it takes a record,
// without storing it.
type Checker interface {
	// Check returns the error with which Import would refuse the record if the table
	// were empty, nil if it would store it. Nothing is written.
	Check(ctx context.Context, table string, r Record) error
}

// Check tells whether a storage takes a record, as [Checker] has it. Of a storage that is
// none, it knows what all of them refuse: names, ids and documents that cannot be.
func Check(ctx context.Context, s Storage, table string, r Record) error {
	if err := CheckTable(table); err != nil {
		return err
	}
	if err := CheckID(r.ID); err != nil {
		return err
	}
	if _, err := CheckDocument(r.Document); err != nil {
		return err
	}
	if c, ok := s.(Checker); ok {
		return c.Check(ctx, table, r)
	}
	return nil
}

// RecordError is the error of Export for one record that cannot be read, such as a row whose
// text is no JSON. It ends that Export, and another one can go on behind the record, from
// Position.
type RecordError struct {
	ID       string
	Position string
	Err      error
}

func (e *RecordError) Error() string { return fmt.Sprintf("record %q: %v", e.ID, e.Err) }

// Unwrap returns the reason.
func (e *RecordError) Unwrap() error { return e.Err }
