package backup

import (
	"errors"
	"fmt"
)

// Errors of this package, for errors.Is. Those of the storage and of reading and writing
// files are wrapped, too.
var (
	// ErrFormat: the file is no backup.
	ErrFormat = errors.New("this is no backup")
	// ErrVersion: the backup is of a version that this program does not know. It is an
	// ErrFormat.
	ErrVersion = fmt.Errorf("%w that this program can read", ErrFormat)
	// ErrDamaged: the backup is not as it was written: changed, cut off, or put together
	// from parts.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrTable: the backup does not have a table that is asked for.
	ErrTable = errors.New("the backup does not have the table")
	// ErrRefused: the storage has not taken all records. The report lists them.
	ErrRefused = errors.New("records were refused")
	// ErrState: the state of an interrupted restore is not one of this restore.
	ErrState = errors.New("the state is not of this restore")
)

// damaged returns an ErrDamaged that says where and how.
func damaged(line int64, format string, args ...any) error {
	return fmt.Errorf("%w: line %d: %w", ErrDamaged, line, fmt.Errorf(format, args...))
}
