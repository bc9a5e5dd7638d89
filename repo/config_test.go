package repo

import (
	"bytes"
	"context"
	"crypto/tls"
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
	config := Config{URL: "rediss://h:1"}
	if err := config.fillFromURL(); err != nil || config.TLS == nil || config.TLS.ServerName != "h" {
		t.Errorf("rediss://: TLS %+v, %v", config.TLS, err)
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
	config = Config{Addrs: []string{"a:1", "b:2"}, Password: secret}
	if want := `redisgen.Config{a:1,b:2 prefix="" user=""}`; config.String() != want {
		t.Errorf("%s, want %s", config, want)
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
