package repo

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestConfigFromURL(t *testing.T) {
	own := &tls.Config{ServerName: "own"}
	for _, test := range []struct {
		name         string
		config, want Config
	}{
		{"no URL", Config{Addrs: []string{"a:1"}}, Config{Addrs: []string{"a:1"}}},
		{"plain", Config{URL: "redis://h:1"}, Config{Addrs: []string{"h:1"}}},
		{"default port", Config{URL: "redis://h"}, Config{Addrs: []string{"h:6379"}}},
		{"all of it", Config{URL: "redis://u:p@h:1/3"}, Config{Addrs: []string{"h:1"}, Username: "u", Password: "p", DB: 3}},
		{"password alone", Config{URL: "redis://:p@h:1"}, Config{Addrs: []string{"h:1"}, Password: "p"}},
		{"escaped password", Config{URL: "redis://u:p%2F%40%23@h:1"}, Config{Addrs: []string{"h:1"}, Username: "u", Password: "p/@#"}},
		{
			"fields before the URL",
			Config{URL: "redis://u:p@h:1/3?client_name=c&dial_timeout=1s&pool_size=3&max_retries=9", Addrs: []string{"a:2"}, Username: "x", Password: "y", DB: 4, ClientName: "z", DialTimeout: 5, PoolSize: 7, MaxRetries: 1},
			Config{Addrs: []string{"a:2"}, Username: "x", Password: "y", DB: 4, ClientName: "z", DialTimeout: 5, PoolSize: 7, MaxRetries: 1},
		},
		{
			"parameters",
			Config{URL: "redis://h:1?client_name=c&dial_timeout=1s&read_timeout=2s&write_timeout=3s&pool_timeout=4s&min_retry_backoff=5ms&max_retry_backoff=6ms&pool_size=7&min_idle_conns=8&max_retries=9"},
			Config{
				Addrs: []string{"h:1"}, ClientName: "c", DialTimeout: time.Second, ReadTimeout: 2 * time.Second, WriteTimeout: 3 * time.Second, PoolTimeout: 4 * time.Second,
				MinRetryBackoff: 5 * time.Millisecond, MaxRetryBackoff: 6 * time.Millisecond, PoolSize: 7, MinIdleConns: 8, MaxRetries: 9,
			},
		},
		{"socket", Config{URL: "unix:///run/redis.sock?db=2"}, Config{Addrs: []string{"/run/redis.sock"}, DB: 2}},
		{"own TLS", Config{URL: "rediss://h:1", TLS: own}, Config{Addrs: []string{"h:1"}, TLS: own}},
		{
			"files and time",
			Config{URL: "redis://h:1?tls_ca_file=/ca&tls_cert_file=/c&tls_key_file=/k&tls_server_name=n&retry_timeout=2s"},
			Config{Addrs: []string{"h:1"}, TLSCAFile: "/ca", TLSCertFile: "/c", TLSKeyFile: "/k", TLSServerName: "n", RetryTimeout: 2 * time.Second},
		},
		{"sentinel", Config{URL: "redis+sentinel://a,b:2/main"}, Config{Addrs: []string{"a:26379", "b:2"}, MasterName: "main"}},
		{
			"sentinel, all of it",
			Config{URL: "redis+sentinel://u:p,q@a:1,[::1]:2,[::1]/main/3?sentinel_username=su&sentinel_password=sp&addr=c:4&pool_size=7"},
			Config{
				Addrs: []string{"a:1", "[::1]:2", "[::1]:26379", "c:4"}, MasterName: "main", DB: 3, Username: "u", Password: "p,q",
				SentinelUsername: "su", SentinelPassword: "sp", PoolSize: 7,
			},
		},
		{"master by parameter", Config{URL: "redis+sentinel://a/3?master_name=main"}, Config{Addrs: []string{"a:26379"}, MasterName: "main", DB: 3}},
		{
			"fields before the URL of sentinels", Config{URL: "redis+sentinel://a/main?sentinel_password=p", MasterName: "other", SentinelPassword: "q"},
			Config{Addrs: []string{"a:26379"}, MasterName: "other", SentinelPassword: "q"},
		},
		{"cluster", Config{URL: "redis+cluster://u:p@a,b:2?addr=c:3"}, Config{Addrs: []string{"a:6379", "b:2", "c:3"}, Cluster: true, Username: "u", Password: "p"}},
		{"cluster of one address", Config{URL: "redis+cluster://"}, Config{Addrs: []string{"localhost:6379"}, Cluster: true}},
		{"password file before the URL", Config{URL: "redis://u:p@h:1", PasswordFile: "/f"}, Config{Addrs: []string{"h:1"}, Username: "u", PasswordFile: "/f"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := test.config.URL
			if err := test.config.fillFromURL(); err != nil {
				t.Fatal(err)
			}
			test.want.URL, test.config.parsed = url, nil
			if !reflect.DeepEqual(test.config, test.want) {
				t.Errorf("%#v\nwant %#v", plain(test.config), plain(test.want))
			}
		})
	}
	rare := Config{URL: "redis://h:1?protocol=2&pool_fifo=true&max_idle_conns=3&conn_max_lifetime=4s"}
	if err := rare.fillFromURL(); err != nil {
		t.Fatal(err)
	}
	if o, err := rare.withDefaults().universal(rare.dialer()); err != nil || o.Protocol != 2 || !o.PoolFIFO || o.MaxIdleConns != 3 || o.ConnMaxLifetime != 4*time.Second {
		t.Errorf("options for go-redis alone are lost: %+v", o)
	}
	for url, name := range map[string]string{"rediss://h:1": "h", "rediss+cluster://h:1": "", "rediss+sentinel://h:1/main": ""} {
		config := Config{URL: url}
		if err := config.fillFromURL(); err != nil || config.TLS == nil || config.TLS.ServerName != name {
			t.Errorf("%s: TLS %+v, %v", url, config.TLS, err)
		}
	}
}

// plain is a Config that prints all that it has.
type plain Config

func TestConfigDefaults(t *testing.T) {
	c := Config{}.withDefaults()
	got := []any{c.DialTimeout, c.ReadTimeout, c.WriteTimeout, c.PoolTimeout, c.RetryTimeout, c.MinRetryBackoff, c.MaxRetryBackoff, c.SweepInterval, c.MaxRetries}
	want := []any{2 * time.Second, 3 * time.Second, 3 * time.Second, 4 * time.Second, 5 * time.Second, 8 * time.Millisecond, 512 * time.Millisecond, time.Second, 0}
	if !reflect.DeepEqual(got, want) || c.NewID == nil || c.Logger == nil || c.Clock != nil {
		t.Errorf("defaults %v, want %v; %+v", got, want, plain(c))
	}
	if c := (Config{ReadTimeout: 10 * time.Second}).withDefaults(); c.PoolTimeout != 11*time.Second {
		t.Errorf("a ReadTimeout of 10 s makes a PoolTimeout of %v", c.PoolTimeout)
	}
	o, err := c.universal(c.dialer())
	if err != nil || o.Addrs[0] != "localhost:6379" || !o.ContextTimeoutEnabled {
		t.Errorf("options %+v", o)
	}
	c = Config{MaxRetries: -1, SweepInterval: -1}
	if c = c.withDefaults(); c.MaxRetries != -1 || c.SweepInterval != -1 {
		t.Errorf("what is off is turned on: %+v", plain(c))
	}
}

func TestConfigMistakes(t *testing.T) {
	for _, test := range []struct {
		config Config
		want   string
	}{
		{Config{Prefix: "{a}:"}, "brace"},
		{Config{Prefix: "a}"}, "brace"},
		{Config{Cluster: true, DB: 1}, "a cluster has only database 0"},
		{Config{Addrs: []string{"a:1", "b:1"}, DB: 1}, "a cluster has only database 0"},
		{Config{URL: "redis://h:1/1", Cluster: true}, "a cluster has only database 0"},
		{Config{URL: "http://h:1"}, "scheme"},
		{Config{URL: "redis://h:1/x"}, "database number"},
		{Config{URL: "redis://h:1?colour=red"}, "colour"},
		{Config{URL: "h:1"}, "URL"},
		{Config{URL: "redis://a,b"}, "redis+cluster://"},
		{Config{URL: "redis+cluster://a,"}, "malformed"},
		{Config{URL: "redis+cluster://a/1"}, "a cluster has only database 0"},
		{Config{URL: "redis+ring://a"}, "+sentinel or +cluster"},
		{Config{URL: "redis+sentinel://a"}, "name of the primary"},
		{Config{URL: "redis+sentinel://a/main/x"}, "database number"},
		{Config{URL: "redis+sentinel://a/main?colour=red"}, "colour"},
		{Config{URL: "redis://a?master_name=main"}, "master_name"},
		{Config{URL: "redis://a?retry_timeout=x"}, "retry_timeout"},
		{Config{Cluster: true, MasterName: "main"}, "without Sentinel"},
		{Config{Password: "p", PasswordFile: "f"}, "one of Password, PasswordFile and Credentials"},
		{Config{Password: "p", Credentials: nobody}, "one of Password, PasswordFile and Credentials"},
		{Config{TLSCertFile: "f"}, "set both or none"},
		{Config{TLSKeyFile: "f"}, "set both or none"},
		{Config{TLSCAFile: "/no/such/file"}, "no such file"},
	} {
		client, err := Open(t.Context(), test.config)
		if !errors.Is(err, errConfig) || client != nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%#v: %v, want %q", plain(test.config), err, test.want)
		}
	}
	for _, config := range []Config{{MasterName: "m", Addrs: []string{"a:1", "b:1"}, DB: 1}, {Prefix: "a:b/c "}, {DB: 1, Addrs: []string{"a:1"}}} {
		if err := config.check(); err != nil {
			t.Errorf("%v: %v", config, err)
		}
	}
	rdb := redis.NewClient(&redis.Options{})
	defer rdb.Close()
	if _, err := New(rdb, Config{Prefix: "{"}); !errors.Is(err, errConfig) {
		t.Errorf("New: %v", err)
	}
}

// What is wrong with a URL is often its password, which must not be quoted.
func TestConfigHidesPasswords(t *testing.T) {
	const secret = "s3cret"
	for _, url := range []string{
		"redis://user:s3cret@h:1", "redis://:s3cret@h:1/0", "redis://user:s3cret@h:1/x", "redis://user:s3cret@h:1?colour=red", "http://user:s3cret@h:1",
		"redis://user:s3cret/x@h:1", "redis://user:x/s3cret@h:1", "redis://user:12/s3cret@h:1", "redis://user:s3cret#x@h:1", "redis://user:12#s3cret@h:1",
		"redis://user:s3cret?x@h:1", "redis://user:12?s3cret@h:1", "redis://user:s3cret%@h:1", "redis://user:%zzs3cret@h:1", "redis://user:s3cret x@h:1",
		"redis://user:s3cret[@h:1", "redis://:s3cret", "redis://user:s3cret", "redis://user:s3cret\n@h:1", "user:s3cret@h:1", "//user:s3cret@h:1",
		"redis+cluster://u:s3cret@a,b:2", "redis+cluster://a,u:s3cret@b:2", "redis+sentinel://:s3cret@a,b/main", "redis+sentinel://a/main?sentinel_password=s3cret",
		"redis+sentinel://a/main?sentinel_password=s3cret&colour=red", "redis+cluster://u:1,2/s3cret@b:2", "redis+cluster://u:s3cret@a,b c",
		"redis:user:s3cret@h:1", "redis://h:1?password=s3cret", "unix://user:s3cret@/run/s?x=1", "redis://user:a@s3cret/@h:1", "%s3cret", ":s3cret@h:1",
	} {
		config := Config{URL: url, Password: secret, SentinelPassword: secret, MaxRetries: -1, Prefix: "p:", Username: "ann"}
		for _, text := range printed(config) {
			if strings.Contains(text, secret) {
				t.Errorf("%s is printed as %s", url, text)
			}
		}
		config.Dialer = refuse
		config.Password = ""
		if client, err := Open(t.Context(), config); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: Open: %v, %v", url, client, err)
		}
	}
	config := Config{URL: "redis://user:s3cret@h:1/2", Prefix: "p:", Username: "ann"}
	if want := `redisgen.Config{redis://user:xxxxx@h:1/2 prefix="p:" user="ann"}`; config.String() != want {
		t.Errorf("%s, want %s", config, want)
	}
	config = Config{URL: "redis+cluster://u:s3cret@a,b:2?addr=c"}
	if want := `redisgen.Config{redis+cluster://u:xxxxx@a,b:2 prefix="" user=""}`; config.String() != want {
		t.Errorf("%s, want %s", config, want)
	}
	config = Config{Addrs: []string{"a:1", "b:2"}, Password: secret}
	if want := `redisgen.Config{a:1,b:2 prefix="" user=""}`; config.String() != want {
		t.Errorf("%s, want %s", config, want)
	}
}

func nobody(context.Context) (string, string, error) { return "", "", nil }

// Every verb and encoding prints the same, whatever secrets there are.
func TestConfigPrintsInOneWay(t *testing.T) {
	const secret = "s3cret"
	config := Config{
		URL: "redis://u:s3cret@h:1?x=s3cret", Addrs: []string{"h:1"}, Username: "u", Password: secret, SentinelUsername: "su", SentinelPassword: secret,
		TLS: &tls.Config{ServerName: secret}, parsed: &redis.Options{Password: secret},
	}
	want := config.String()
	for verb := 'A'; verb <= 'z'; verb++ {
		if verb > 'Z' && verb < 'a' || strings.ContainsRune("Tpqw", verb) {
			continue // no verb, no value, quoted, or refused by vet
		}
		if got := fmt.Sprintf("%"+string(verb), config); got != want {
			t.Errorf("%%%c: %s", verb, got)
		}
	}
	text, err := json.Marshal(map[string]any{"config": config, "at": &config})
	if err != nil || strings.Contains(string(text), secret) || !strings.Contains(string(text), "redisgen.Config{") {
		t.Errorf("%s, %v", text, err)
	}
}

// printed returns a value as programs print it.
func printed(config Config) []string {
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("connecting", "config", config, "at", &config)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("connecting", "config", config)
	return []string{
		config.String(), fmt.Sprint(config), fmt.Sprintf("%v %+v %#v %s %q", config, config, config, config, config), fmt.Sprintf("%v %+v %#v", &config, &config, &config),
		fmt.Sprintf("%+v", struct{ C Config }{config}), fmt.Sprintf("%#v", []Config{config}), log.String(),
	}
}

func refuse(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("no network in this test")
}
