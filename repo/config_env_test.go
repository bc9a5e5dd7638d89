package repo

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestConfigFromEnv(t *testing.T) {
	for name, value := range map[string]string{
		"ADDRS": "a:1, b:2,", "MASTER_NAME": "main", "DB": "3", "CLIENT_NAME": "jobs", "PREFIX": "app:", "CLUSTER": "false",
		"USERNAME": "ann", "PASSWORD": "p,q", "SENTINEL_USERNAME": "bob", "SENTINEL_PASSWORD": "r",
		"TLS": "true", "TLS_CA_FILE": "/ca", "TLS_CERT_FILE": "/c", "TLS_KEY_FILE": "/k", "TLS_SERVER_NAME": "n",
		"POOL_SIZE": "7", "MIN_IDLE_CONNS": "2", "DIAL_TIMEOUT": "1s", "READ_TIMEOUT": "2s", "WRITE_TIMEOUT": "3s", "POOL_TIMEOUT": "4s",
		"MAX_RETRIES": "-1", "RETRY_TIMEOUT": "5m", "MIN_RETRY_BACKOFF": "6ms", "MAX_RETRY_BACKOFF": "7ms", "SERVICE_PORT": "x",
	} {
		t.Setenv("CACHE_"+name, value)
	}
	t.Setenv("REDIS_DB", "4") // of another prefix
	want := Config{
		Addrs: []string{"a:1", "b:2"}, MasterName: "main", DB: 3, ClientName: "jobs", Prefix: "app:",
		Username: "ann", Password: "p,q", SentinelUsername: "bob", SentinelPassword: "r",
		tls: true, TLSCAFile: "/ca", TLSCertFile: "/c", TLSKeyFile: "/k", TLSServerName: "n",
		PoolSize: 7, MinIdleConns: 2, DialTimeout: time.Second, ReadTimeout: 2 * time.Second, WriteTimeout: 3 * time.Second, PoolTimeout: 4 * time.Second,
		MaxRetries: -1, RetryTimeout: 5 * time.Minute, MinRetryBackoff: 6 * time.Millisecond, MaxRetryBackoff: 7 * time.Millisecond,
	}
	if got, err := ConfigFromEnv("CACHE_"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", plain(got), err, plain(want))
	}
}

func TestConfigFromEnvWithURL(t *testing.T) {
	t.Setenv("REDIS_URL", "redis+cluster://ann:s3cret@a,b")
	t.Setenv("REDIS_PASSWORD", "") // not set
	t.Setenv("REDIS_PASSWORD_FILE", "/run/password")
	config, err := ConfigFromEnv("REDIS_")
	if err != nil || config.fillFromURL() != nil || !config.Cluster || config.Username != "ann" || config.Password != "" || config.PasswordFile != "/run/password" {
		t.Errorf("%+v, %v", plain(config), err)
	}
}

func TestConfigFromEnvMistakes(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"REDIS_DB", "first", "a number"},
		{"REDIS_CLUSTER", "maybe", "true or false"},
		{"REDIS_TLS", "2", "true or false"},
		{"REDIS_POOL_SIZE", "1.5", "a number"},
		{"REDIS_READ_TIMEOUT", "3", "500ms or 3s"},
		{"REDIS_RETRY_TIMEOUT", "soon", "500ms or 3s"},
		{"REDIS_URL", "http://u:s3cret@h", "scheme"},
		{"REDIS_URL", "redis://u:s3cret/x@h", "malformed"},
		{"REDIS_PREFIX", "{a}", "brace"},
		{"REDIS_PASSWORD_FILE", "/run/password", "one of Password"},
		{"REDIS_TLS_KEY_FILE", "/run/key", "go together"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("REDIS_PASSWORD", "s3cret")
			t.Setenv(test.name, test.value)
			_, err := ConfigFromEnv("REDIS_")
			named := test.name
			if test.want == "brace" || test.want == "one of Password" || test.want == "go together" {
				named = "REDIS_" // of several, which a Config names
			}
			if !errors.Is(err, errConfig) || !strings.Contains(err.Error(), named) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestReadPassword(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if _, err := readPassword(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	for text, want := range map[string]string{"s3cret": "s3cret", "s3cret\r\n": "s3cret", " a b \n": " a b", "\n": "", "": ""} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readPassword(file)
		if got != want || (want == "") != errors.Is(err, errNoPassword) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
