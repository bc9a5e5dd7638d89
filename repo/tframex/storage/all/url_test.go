package all

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// object is short for the settings of a configuration.
type object = map[string]any

func TestParseURL(t *testing.T) {
	for text, want := range map[string]storage.Config{
		"memory:":              {Type: "memory"},
		"MEMORY://":            {Type: "memory"},
		"memory:?max_size=5":   {Type: "memory", Settings: object{"max_size": int64(5)}},
		"sqlite:path/to.db":    {Type: "sqlite", Settings: object{"database_path": "path/to.db"}},
		"sqlite:/path/to.db":   {Type: "sqlite", Settings: object{"database_path": "/path/to.db"}},
		`sqlite:C:\to.db`:      {Type: "sqlite", Settings: object{"database_path": `C:\to.db`}},
		"sqlite:a%3Fb c@d#e,%": {},
		"sqlite:a%3Fb c@d#e,%25?wal_mode=false&pool_size=3": {Type: "sqlite", Settings: object{"database_path": "a?b c@d#e,%", "wal_mode": false, "pool_size": int64(3)}},
		"postgresql://me:p%40%2Fw@host:5433/data%20base?ssl_mode=require&command_timeout=1m": {Type: "postgresql", Settings: object{
			"host": "host", "port": int64(5433), "database": "data base", "username": "me", "password": "p@/w", "ssl_mode": "require", "command_timeout": time.Minute,
		}},
		"postgres://[::1]/d":      {Type: "postgresql", Settings: object{"host": "::1", "database": "d"}},
		"postgresql:///d":         {Type: "postgresql", Settings: object{"database": "d"}},
		"postgresql:///d?host=/x": {Type: "postgresql", Settings: object{"host": "/x", "database": "d"}},
		"redis://host":            {Type: "redis", Settings: object{"host": "host"}},
		"redis://":                {Type: "redis"},
		"redis://:pw@host/":       {Type: "redis", Settings: object{"host": "host", "password": "pw"}},
		"Redis://me:p@w@host:6380/2?key_prefix=&ttl.sessions=60&ttl.temp_data=1m": {Type: "redis", Settings: object{
			"host": "host", "port": int64(6380), "db": int64(2), "username": "me", "password": "p@w", "key_prefix": "",
			"ttl": object{"sessions": time.Minute, "temp_data": time.Minute},
		}},
		"rediss://host?connection_pool_size=3": {Type: "redis", Settings: object{"host": "host", "ssl": true, "connection_pool_size": int64(3)}},
		"redis+cluster://me:pw@a:1,b:2?key_prefix=x:&tls_ca_file=ca.pem": {Type: "redis", Settings: object{
			"url": "redis+cluster://me:pw@a:1,b:2?tls_ca_file=ca.pem", "key_prefix": "x:",
		}},
		"rediss+sentinel://a,b/primary/1": {Type: "redis", Settings: object{"url": "rediss+sentinel://a,b/primary/1"}},
		"unix:///run/redis.sock?db=2":     {Type: "redis", Settings: object{"url": "unix:///run/redis.sock", "db": int64(2)}},
		"s3://bucket":                     {Type: "s3", Settings: object{"bucket_name": "bucket"}},
		"s3://bucket/?prefix=":            {Type: "s3", Settings: object{"bucket_name": "bucket", "prefix": ""}},
		"s3://bucket/a/b?region=eu-west-1&endpoint_url=http://localhost:9000": {Type: "s3", Settings: object{
			"bucket_name": "bucket", "prefix": "a/b/", "region": "eu-west-1", "endpoint_url": "http://localhost:9000",
		}},
	} {
		got, err := storage.ParseURL(text)
		if want.Type == "" {
			if !errors.Is(err, storage.ErrValidation) {
				t.Errorf("%s: %v, %v", text, got, err)
			}
			continue
		}
		if want.Settings == nil {
			want.Settings = object{}
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v of %q, %v", text, map[string]any(got.Settings), got.Type, err)
		}
	}
}

// secret is the password of these tests; no error has it.
const secret = "hunter2"

func TestParseURLNamesEachMistake(t *testing.T) {
	const malformed = "URL: is malformed; percent-encode what is special in its parts"
	for text, want := range map[string][]string{
		"redis://me:hunter2/x@host":                          {malformed},
		"redis://me:hunter2?x@host":                          {malformed},
		"redis://me:hunter2#x@host":                          {malformed},
		"redis://me:%zz" + secret + "@host":                  {malformed},
		"redis:host":                                         {malformed},
		"redis://host:port":                                  {malformed},
		"redis://host/0?password=hunter2@":                   {malformed},
		"redis://host/0?password=hunter2;x":                  {malformed},
		"redis://host/zero":                                  {`db: "zero": must be a whole number`},
		"redis://host:6379?port=6379":                        {`port: is there twice`},
		"redis://host?ssl=true&ssl=true":                     {`ssl: is there twice`},
		"redis://host?key_prefx=a&pasword=hunter2&ssl=maybe": {`key_prefx: unknown parameter; did you mean key_prefix?`, `pasword: unknown parameter; did you mean password?`, `ssl: "maybe": must be true or false`},
		"redis://me:hunter2@a,b":                             {`URL: names several hosts; those of Redis begin with redis+cluster:// or redis+sentinel://`},
		"redis://host?ttl.sessions=-5":                       {`ttl.sessions: -5: must be at least 1 second`},
		"redis://host?socket_timeout=":                       {`socket_timeout: "": must be a number of seconds`},
		"postgresql://me:hunter2@host/d?sslmode=require":     {`sslmode: unknown parameter; did you mean ssl_mode?`},
		"postgresql://me:hunter2@host/d?database=e":          {`database: is there twice`},
		"postgresql://host:0/d":                              {`port: 0: must be at least 1`},
		"s3://key:hunter2@bucket":                            {`URL: write s3://bucket/prefix; keys and the address of the service are parameters`},
		"s3://bucket:80":                                     {`URL: write s3://bucket/prefix; keys and the address of the service are parameters`},
		"s3:///prefix":                                       {`URL: write s3://bucket/prefix; keys and the address of the service are parameters`},
		"sqlite:":                                            {`URL: write sqlite:path, and an absolute path with one slash in front: sqlite:/path`},
		"sqlite:///to.db":                                    {`URL: write sqlite:path, and an absolute path with one slash in front: sqlite:/path`},
		"memory:hunter2":                                     {`URL: write the settings as parameters, memory:?key=value`},
	} {
		config, err := storage.ParseURL(text)
		found, ok := errors.AsType[*storage.ConfigError](err)
		if !ok {
			t.Errorf("%s: %v, %v", text, config, err)
			continue
		}
		var got []string
		for _, mistake := range found.Mistakes {
			got = append(got, mistake.Error())
		}
		if !slices.Equal(got, want) || strings.Contains(err.Error(), secret) || !errors.Is(err, storage.ErrValidation) {
			t.Errorf("%s:\n got %q\nwant %q", text, got, want)
		}
	}
	for _, text := range []string{"", "to.db", "//host", "hunter2@host:x", "drawer:x"} {
		if _, err := storage.ParseURL(text); !errors.Is(err, storage.ErrValidation) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestURLsOfServers has a parameter of Redis's own URLs that there is not be refused by Open.
func TestURLsOfServers(t *testing.T) {
	config, err := storage.ParseURL("redis+cluster://me:hunter2@127.0.0.1:1,127.0.0.1:2?key_prefix=x:&key_prefx=y:")
	if err != nil {
		t.Fatal(err)
	}
	_, err = storage.Open(t.Context(), config)
	if !errors.Is(err, storage.ErrValidation) || !strings.Contains(err.Error(), "key_prefx") || strings.Contains(err.Error(), secret) {
		t.Errorf("%v", err)
	}
}

// TestURLsPrintWithoutSecrets has no form of a password be in what is printed.
func TestURLsPrintWithoutSecrets(t *testing.T) {
	for _, text := range []string{
		"redis://me:hunter2@host", "redis+cluster://me:hunter2@a,b", "unix://me:hunter2@/run/redis.sock", "postgresql://me:hunter2@host/d",
		"postgresql://host/d?password=hunter2", "s3://bucket?aws_secret_access_key=hunter2", "redis://host?url=redis://me:hunter2%40host",
		"s3://bucket?endpoint_url=http://me:hunter2%40host",
	} {
		config, err := storage.ParseURL(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v", config, config, config), secret) {
			t.Errorf("%s: %v", text, config)
		}
	}
}

// FuzzParseURL has no error be anything but a mistake.
func FuzzParseURL(f *testing.F) {
	for _, seed := range []string{
		"memory:", "sqlite:path/to.db?wal_mode=true", "postgresql://me:pw@host:5432/d?ssl_mode=require", "redis://:pw@[::1]:6379/0?ttl.sessions=1h",
		"rediss+cluster://a:1,b:2?key_prefix=x", "s3://bucket/a?prefix=b", "redis://%", "x", ":", "redis:?%3d", "unix:?url=x", "s3:////?;",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		config, err := storage.ParseURL(text)
		if err == nil {
			err = storage.Validate(config)
		}
		if err != nil && !errors.Is(err, storage.ErrValidation) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// FuzzURLPassword has a password be read as it was meant, or refused without being shown,
// encoded or not.
func FuzzURLPassword(f *testing.F) {
	for _, seed := range []string{"plain", "a@b:c", "a/b", "a?b=c", "a#b", "a%zz", "ü&é", "1/2", "a,b", "a b\n", "]["} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, password string) {
		password = "4" + password + "hunter2"
		for _, form := range []string{"redis://me:%s@host", "postgresql://me:%s@host/d", "s3://me:%s@host"} {
			config, err := storage.ParseURL(fmt.Sprintf(form, password))
			for _, text := range []string{fmt.Sprint(err), config.String()} {
				if strings.Contains(text, secret) {
					t.Errorf("%q: %s", password, text)
				}
			}
		}
		config, err := storage.ParseURL("redis://" + url.UserPassword("me", password).String() + "@host")
		if err != nil || config.Settings["password"] != password {
			t.Errorf("%q: %v, %v", password, config, err)
		}
	})
}
