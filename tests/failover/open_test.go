package failover

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// use writes and reads a record, and wants so many primaries.
func use(t *testing.T, config repo.Config, primaries int) {
	t.Helper()
	client, err := repo.Open(t.Context(), config)
	must(t, err)
	defer client.Close()
	users := app.NewUsers(client)
	must(t, users.Create(t.Context(), user("ann", 1)))
	if _, err := users.GetByUsername(t.Context(), "ann"); err != nil {
		t.Error(err)
	}
	must(t, users.Delete(t.Context(), "ann"))
	if health, err := client.Health(t.Context()); err != nil || len(health.Nodes) != primaries || health.Nodes[0].Role != "master" {
		t.Errorf("%+v, %v", health, err)
	}
}

// files are the parameters of a URL for certificates.
func files(c *redisd.Certificates) string {
	return url.Values{"tls_ca_file": {c.CAFile}, "tls_cert_file": {c.CertFile}, "tls_key_file": {c.KeyFile}}.Encode()
}

// setenv describes a deployment by variables.
func setenv(t *testing.T, c *redisd.Certificates, variables map[string]string) {
	t.Helper()
	variables["TLS_CA_FILE"], variables["TLS_CERT_FILE"], variables["TLS_KEY_FILE"] = c.CAFile, c.CertFile, c.KeyFile
	for name, value := range variables {
		t.Setenv("REDIS_"+name, value)
	}
}

func fromEnv(t *testing.T) repo.Config {
	t.Helper()
	config, err := repo.ConfigFromEnv("REDIS_")
	must(t, err)
	return config
}

// Sentinels and servers that ask for certificates and passwords are reached by
// URL and by environment.
func TestOpenBySentinel(t *testing.T) {
	r := redisd.StartReplicated(t, redisd.TLS(), redisd.User("app", "s3cret", "~*", "+@all"))
	login := "sentinel_username=app&sentinel_password=s3cret&"
	at := "rediss+sentinel://app:s3cret@" + strings.Join(r.SentinelAddrs(), ",") + "/" + redisd.MasterName
	use(t, repo.Config{URL: at + "?" + login + files(r.TLS()), Prefix: r.Prefix()}, 1)
	setenv(t, r.TLS(), map[string]string{
		"ADDRS": strings.Join(r.SentinelAddrs(), ","), "MASTER_NAME": redisd.MasterName, "PREFIX": r.Prefix(),
		"USERNAME": "app", "PASSWORD": "s3cret", "SENTINEL_USERNAME": "app", "SENTINEL_PASSWORD": "s3cret",
	})
	use(t, fromEnv(t), 1)
	for name, text := range map[string]string{
		"no login at the sentinels": at + "?" + files(r.TLS()),
		"another primary":           strings.Replace(at, "/"+redisd.MasterName, "/other", 1) + "?" + login + files(r.TLS()),
	} {
		_, err := repo.Open(t.Context(), repo.Config{URL: text, RetryTimeout: time.Millisecond})
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: Open = %v", name, err)
		}
	}
}

// The same of a cluster.
func TestOpenACluster(t *testing.T) {
	c := redisd.StartCluster(t, redisd.TLS(), redisd.User("app", "s3cret", "~*", "+@all"))
	use(t, repo.Config{URL: "rediss+cluster://app:s3cret@" + strings.Join(c.Addrs()[2:4], ",") + "?" + files(c.TLS()), Prefix: c.Prefix()}, 3)
	setenv(t, c.TLS(), map[string]string{"ADDRS": c.Addrs()[0], "CLUSTER": "true", "USERNAME": "app", "PASSWORD": "s3cret", "PREFIX": c.Prefix()})
	use(t, fromEnv(t), 3)
}
