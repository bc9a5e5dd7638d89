package redisd_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
)

func TestDeployments(t *testing.T) {
	for name, want := range map[string]string{
		"":                        "redis_mode:standalone",
		"standalone":              "redis_mode:standalone",
		"resp2":                   "redis_mode:standalone",
		"unix+functions":          "redis_mode:standalone",
		"tls+acl":                 "redis_mode:standalone",
		"valkey8":                 "valkey_version:8.",
		"sentinel+tls+acl+redis8": "redis_version:8.",
		"cluster+resp2+acl":       "redis_mode:cluster",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(redisd.DeploymentVariable, name)
			d := redisd.StartDeployment(t, redisd.Clock())
			client := d.Client()
			if err := client.Set(t.Context(), d.Prefix()+"k", "v", time.Hour).Err(); err != nil {
				t.Fatal(err)
			}
			if info, err := client.Info(t.Context(), "server").Result(); !strings.Contains(info, want) {
				t.Errorf("INFO server has no %q, %v:\n%s", want, err, info)
			}
			d.Advance(time.Hour + time.Millisecond)
			if n, err := client.Exists(t.Context(), d.Prefix()+"k").Result(); n != 0 || err != nil {
				t.Errorf("after its time the key is there: %d, %v", n, err)
			}
			if resp2 := strings.Contains(name, "resp2"); resp2 != (d.Options().Protocol == 2) {
				t.Errorf("protocol %d", d.Options().Protocol)
			}
			if functions := strings.Contains(name, "functions"); functions != d.Functions() {
				t.Errorf("functions: %v", d.Functions())
			}
		})
	}
}

func TestUnknownDeployment(t *testing.T) {
	for name, want := range map[string]string{
		"clutser":         `no deployment "clutser"`,
		"cluster+":        `no deployment ""`,
		"cluster+unix":    "one of sentinel, cluster and unix",
		"redis8+valkey8":  "one version",
		"cluster+cluster": "one of sentinel, cluster and unix",
	} {
		t.Setenv(redisd.DeploymentVariable, name)
		for _, start := range []func(testing.TB){
			func(t testing.TB) { redisd.StartDeployment(t) },
			func(t testing.TB) { redisd.SharedDeployment(t) },
			func(t testing.TB) { redisd.Start(t) },
		} {
			if message := fatal(t, start); !strings.Contains(message, want) {
				t.Errorf("%s: %q does not say %q", name, message, want)
			}
		}
	}
}

func TestSharedDeployment(t *testing.T) {
	one, two := redisd.SharedDeployment(t), redisd.SharedDeployment(t)
	if one.Options().Addrs[0] != two.Options().Addrs[0] || one.Prefix() == two.Prefix() {
		t.Errorf("%v with prefix %s and %v with %s", one.Options().Addrs, one.Prefix(), two.Options().Addrs, two.Prefix())
	}
	if message := fatal(t, func(t testing.TB) { redisd.SharedDeployment(t).Kill() }); !strings.Contains(message, "disturb other tests") {
		t.Errorf("Kill: %s", message)
	}
	roundTrip(t, one.Client())
}

// On a busy machine, servers are slow to answer, and no other is to take their place.
func TestDeploymentsAreSteady(t *testing.T) {
	const patience = int64(time.Hour / time.Millisecond)
	for _, name := range []string{"sentinel", "cluster"} {
		t.Setenv(redisd.DeploymentVariable, name)
		d := redisd.StartDeployment(t)
		roundTrip(t, d.Client())
		for _, s := range d.Sentinels() {
			cmd := redis.NewMapStringStringCmd(t.Context(), "SENTINEL", "MASTER", redisd.MasterName)
			_ = s.Client().Process(t.Context(), cmd)
			if after, err := strconv.ParseInt(cmd.Val()["down-after-milliseconds"], 10, 64); err != nil || after < patience {
				t.Errorf("sentinels take a primary for gone after %d ms, %v", after, err)
			}
		}
		for _, s := range d.Nodes() {
			text := s.Client().ConfigGet(t.Context(), "cluster-node-timeout").Val()["cluster-node-timeout"]
			if timeout, err := strconv.ParseInt(text, 10, 64); name == "cluster" && (err != nil || timeout < patience) {
				t.Errorf("nodes take each other for gone after %d ms, %v", timeout, err)
			}
		}
	}
}
