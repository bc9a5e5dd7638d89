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

// The schemas of the packages that the tests use.
var schemas = map[string]func() (*schema.Package, error){
	"places": sync.OnceValues(func() (*schema.Package, error) { return loaded("../places") }),
	"tree":   sync.OnceValues(func() (*schema.Package, error) { return loaded("./tree") }),
}

func loaded(dir string) (*schema.Package, error) {
	packages, mistakes, err := load.Load("", dir)
	if err != nil || len(mistakes) > 0 {
		return nil, errors.Join(err, mistakes)
	}
	return packages[0].Package, nil
}

// clean fails the test if a keyspace of package places is not what its records imply.
func clean(t *testing.T, client *repo.Client) {
	t.Helper()
	cleanOf(t, client, "places")
}

// cleanOf is clean for one of the packages.
func cleanOf(t *testing.T, client *repo.Client, name string) {
	t.Helper()
	p, err := schemas[name]()
	must(t, err)
	problems, err := integrity.CheckPackage(context.Background(), client.Redis(), client.Prefix(), p, false)
	must(t, err)
	for _, problem := range problems {
		t.Error(problem)
	}
}
