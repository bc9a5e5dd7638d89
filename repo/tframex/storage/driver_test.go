package storage_test

import (
	"errors"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// nobody is a storage that is never made.
type nobody struct{ storage.Storage }

// What a driver returns with an error is no storage, also if it is a pointer that is nil.
func TestNewReturnsNilWithErrors(t *testing.T) {
	storage.Register(storage.Driver{Type: "nobody", Open: func(storage.Values) (storage.Storage, error) {
		var none *nobody
		return none, storage.ErrValidation
	}})
	s, err := storage.New(storage.Config{Type: "nobody"})
	if s != nil || !errors.Is(err, storage.ErrValidation) {
		t.Errorf("New = %v, %v", s, err)
	}
}
