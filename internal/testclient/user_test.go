package testclient_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// recorded is a test whose failures are kept, and that ends when it is told to.
type recorded struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (r *recorded) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorded) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

// end does what a test does when it ends, and returns how it has failed.
func (r *recorded) end() string {
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
	return strings.Join(r.failures, "\n")
}

// On a deployment with ACLs, the user of a client has the keys of its prefix and entities and no
// others, and a test fails in which it was denied anything.
func TestDenied(t *testing.T) {
	for _, name := range []string{"acl", "acl+functions"} {
		t.Setenv(redisd.DeploymentVariable, name)
		packages, err := testclient.LoadPackages("../../tests/app")
		if err != nil {
			t.Fatal(err)
		}
		d := testclient.Start(t).For(packages...)
		for _, c := range []struct {
			name, denied string
			use          func(context.Context, *repo.Client) error
		}{
			{"its own keys", "", func(ctx context.Context, c *repo.Client) error {
				return c.Redis().HSet(ctx, "mine:{users}:r:1", "id", "1").Err()
			}},
			{"administrator", "", func(ctx context.Context, c *repo.Client) error {
				return testclient.Admin(c).Set(ctx, "x", "1", 0).Err()
			}},
			{"other prefix", "key other:{users}:r:1", func(ctx context.Context, c *repo.Client) error {
				return c.Redis().HSet(ctx, "other:{users}:r:1", "id", "1").Err()
			}},
			{"other entity", "key mine:{others}:r:1", func(ctx context.Context, c *repo.Client) error {
				return c.Redis().HSet(ctx, "mine:{others}:r:1", "id", "1").Err()
			}},
			{"command", "command flushall", func(ctx context.Context, c *repo.Client) error { return c.Redis().FlushAll(ctx).Err() }},
			{"key that a script writes", "key other:{users}", func(ctx context.Context, c *repo.Client) error {
				tenant := repo.Config{Prefix: "other:", SweepInterval: -1, Functions: d.Functions()}
				other, err := repo.New(c.Redis(), tenant)
				if err != nil {
					return err
				}
				defer other.Close()
				if err := app.NewUsers(other).Create(ctx, &app.User{ID: "1", Username: "ann", Status: app.Active}); !errors.Is(err, repo.ErrDenied) {
					return fmt.Errorf("Create: %w", err)
				}
				return nil
			}},
		} {
			r := &recorded{TB: t}
			d.Load(r, func(c *repo.Client) []repo.AnyEntity { return []repo.AnyEntity{app.NewUsers(c)} })
			client := d.Open(r, repo.Config{Prefix: "mine:", SweepInterval: -1})
			err := c.use(t.Context(), client)
			if denied := c.denied != "" && !strings.HasPrefix(c.name, "key"); (err != nil) != denied {
				t.Errorf("%s: %s: %v", name, c.name, err)
			}
			switch failure := r.end(); {
			case c.denied == "" && failure != "":
				t.Errorf("%s: %s: the test fails: %s", name, c.name, failure)
			case !strings.Contains(failure, c.denied):
				t.Errorf("%s: %s: the test fails with %q, want %q", name, c.name, failure, c.denied)
			}
		}
	}
}
