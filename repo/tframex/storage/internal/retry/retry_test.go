package retry

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// stuck is a storage whose Export does not get behind a record that cannot be read.
type stuck struct{ storage.Storage }

func (stuck) Export(context.Context, string, string) iter.Seq2[storage.Record, error] {
	return func(yield func(storage.Record, error) bool) {
		yield(storage.Record{}, &storage.RecordError{ID: "r", Position: "1", Err: storage.ErrValidation})
	}
}

// A storage that names one record again and again is at fault: what is behind it is not
// dropped in silence.
func TestExportThatStays(t *testing.T) {
	var errs []error
	for _, err := range Records(t.Context(), stuck{}, "things", "", 0) {
		errs = append(errs, err)
	}
	if len(errs) != 2 || Unreadable(errs[0]) == nil || Unreadable(errs[1]) != nil || !errors.Is(errs[1], storage.ErrQuery) {
		t.Errorf("errors %v, want the record and then ErrQuery", errs)
	}
}
