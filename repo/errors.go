package repo

import (
	"errors"
	"fmt"
	"strings"
)

// Errors of operations on records. Each comes wrapped with the entity and the
// id; test with [errors.Is].
var (
	// ErrNotFound: there is no such record, or it has expired.
	ErrNotFound = errors.New("not found")
	// ErrExists: Create found a record with that key.
	ErrExists = errors.New("already exists")
	// ErrConflict: the record has changed since it was read.
	ErrConflict = errors.New("changed since it was read")
	// ErrUnique: another record has that value; the error is a [*UniqueError].
	ErrUnique = errors.New("value is taken")
	// ErrReference: the record refers to one that is not there; the error is a
	// [*ReferenceError].
	ErrReference = errors.New("there is no such record")
	// ErrReferenced: another record refers to the one to be deleted, or to one that
	// would go with it; the error is a [*ReferenceError].
	ErrReferenced = errors.New("another record refers to it")
	// ErrUncertain: the connection failed after the write was sent, so it may
	// or may not have taken effect. Read the record to find out.
	ErrUncertain = errors.New("outcome unknown")
	// ErrPlacement: the keyspace has records of the entity that are placed in
	// another way, such as in another number of shards. Nothing was done.
	ErrPlacement = errors.New("placed in another way")
	// ErrFunctions: the server lacks a function that [Config.Functions] has called;
	// nothing was done.
	ErrFunctions = errors.New("function is missing")
	// ErrClosed: the client is closed.
	ErrClosed = errors.New("client is closed")
)

// Errors of values, wrapped in a [*FieldError].
var (
	// ErrEnum: the value is not one of the type's constants.
	ErrEnum = errors.New("not one of the declared constants")
	// ErrRange: the number or time is outside of what can be stored exactly.
	ErrRange = errors.New("out of range")
	// ErrNaN: a sorted field cannot hold NaN or an infinity.
	ErrNaN = errors.New("NaN and infinities have no order")
	// ErrUTF8: a string inside a JSON value is not UTF-8, and would be changed.
	ErrUTF8 = errors.New("not valid UTF-8")
)

// Errors of calls that cannot work as written.
var (
	// ErrNoKey: the key is empty and cannot be made up.
	ErrNoKey = errors.New("the key is empty")
	// ErrNoTTL: a TTL was given for an entity that does not expire.
	ErrNoTTL = errors.New("records of this entity do not expire: add ttl to its redisgen:entity line")
	// ErrNoIndex: no index narrows the query or has its order, and walking all
	// records is forbidden or cannot help.
	ErrNoIndex = errors.New("no index answers this query")
	// ErrCrossShard: records of one transaction are in different shards.
	ErrCrossShard = errors.New("records of a transaction must be in one shard")
	// ErrTxSize: a transaction has more records than one script call should write.
	ErrTxSize = errors.New("too many records for one transaction")
	// ErrMultiple: One found several records.
	ErrMultiple = errors.New("several records meet the conditions")
	// ErrCursor: the cursor is damaged or belongs to another query.
	ErrCursor = errors.New("cursor does not belong to this query")
)

// RecordError says which record an operation failed on.
type RecordError struct {
	Op     string // "Create"
	Entity string // "users"
	ID     string // empty for operations on several records
	Err    error
}

func (e *RecordError) Error() string {
	if e.ID == "" {
		return fmt.Sprintf("redisgen: %s %s: %v", e.Op, e.Entity, e.Err)
	}
	return fmt.Sprintf("redisgen: %s %s %q: %v", e.Op, e.Entity, shorten(e.ID), e.Err)
}

func (e *RecordError) Unwrap() error { return e.Err }

// UniqueError says which unique index refused a write, and whose value it is.
// errors.Is(err, ErrUnique) holds.
type UniqueError struct {
	Entity string
	Index  string
	Value  string // the value, empty if the field is secret; of a group the joined values
	Owner  string // id of the record that has the value
}

func (e *UniqueError) Error() string {
	return fmt.Sprintf("%s %q is taken by %q", e.Index, shorten(e.Value), shorten(e.Owner))
}

// Is reports whether target is ErrUnique.
func (e *UniqueError) Is(target error) bool { return target == ErrUnique }

// FieldError says which field of an entity cannot be written or read, and why.
// It does not contain the value, unless the field is not secret and its type's
// own error does.
type FieldError struct {
	Entity string
	Field  string
	Err    error
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("%s.%s: %v", e.Entity, e.Field, e.Err)
}

func (e *FieldError) Unwrap() error { return e.Err }

// errSecret stands for the error of a secret field's type.
var errSecret = errors.New("cannot be marshaled or unmarshaled")

// concealed returns the error of a field's type, which may print the value;
// another one if the field is secret.
func (info *entityInfo) concealed(field int, err error) error {
	if info.fields[field].Secret {
		return errSecret
	}
	return err
}

// ManyError has the results of an operation on several records of which some
// failed. errors.Is and errors.As look at all of them.
type ManyError struct {
	Errs []error // one for each item, nil where it succeeded
}

func (e *ManyError) Error() string {
	var failed []error
	for _, err := range e.Errs {
		if err != nil {
			failed = append(failed, err)
		}
	}
	return fmt.Sprintf("%d of %d failed, first: %v", len(failed), len(e.Errs), failed[0])
}

// Unwrap returns the errors of the items that failed.
func (e *ManyError) Unwrap() []error {
	var failed []error
	for _, err := range e.Errs {
		if err != nil {
			failed = append(failed, err)
		}
	}
	return failed
}

// manyError returns nil if no item failed.
func manyError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return &ManyError{Errs: errs}
		}
	}
	return nil
}

// shorten keeps long ids and values from filling a log.
func shorten(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
