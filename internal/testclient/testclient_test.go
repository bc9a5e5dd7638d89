package testclient_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// A client works on each kind of deployment, and all that it wrote can be looked at.
func TestConfig(t *testing.T) {
	for _, name := range []string{"standalone", "resp2+acl", "unix+functions", "sentinel+tls+acl", "cluster+resp2+acl+functions"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(redisd.DeploymentVariable, name)
			packages, err := testclient.LoadPackages("../../tests/app")
			if err != nil {
				t.Fatal(err)
			}
			d := testclient.Start(t).For(packages...)
			d.Load(t, func(c *repo.Client) []repo.AnyEntity { return []repo.AnyEntity{app.NewUsers(c), app.NewTokens(c)} })
			client := d.Open(t, repo.Config{Prefix: "t*:"})
			if err := app.NewUsers(client).Create(t.Context(), &app.User{ID: "7", Username: "ann", Status: app.Active}); err != nil {
				t.Fatal(err)
			}
			for n := range 20 {
				if err := app.NewTokens(client).Create(t.Context(), &app.Token{Number: int64(n)}); err != nil {
					t.Fatal(err)
				}
			}
			keys, err := testclient.Keys(t.Context(), d.Client(), "t*:")
			if err != nil || !slices.Contains(keys, "t*:{users}:r:7") || !slices.Contains(keys, "t*:{tokens}:r:"+strconv.Itoa(19)) {
				t.Errorf("Keys = %v, %v", keys, err)
			}
			if info, err := testclient.Admin(client).Do(t.Context(), "CLIENT", "INFO").Text(); strings.Contains(info, "resp=2") != strings.Contains(name, "resp2") {
				t.Errorf("the client's connection is %s, %v", info, err)
			}
			stats, err := testclient.Stats(t.Context(), d.Client())
			if called := strings.Contains(stats, "cmdstat_fcall:"); called != d.Functions() || err != nil {
				t.Errorf("functions called: %v, %v", called, err)
			}
		})
	}
}
