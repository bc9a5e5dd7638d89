package tx

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/internal/load"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
)

// loaded is the schema of package places.
var loaded = sync.OnceValues(func() (*schema.Package, error) {
	packages, mistakes, err := load.Load("", "../places")
	if err != nil || len(mistakes) > 0 {
		return nil, errors.Join(err, mistakes)
	}
	return packages[0].Package, nil
})

// clean fails the test if the keyspace of a client is not what its records imply.
func clean(t *testing.T, client *repo.Client) {
	t.Helper()
	p, err := loaded()
	must(t, err)
	problems, err := integrity.CheckPackage(context.Background(), client.Redis(), client.Prefix(), p, false)
	must(t, err)
	for _, problem := range problems {
		t.Error(problem)
	}
}
