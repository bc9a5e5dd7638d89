package s3

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

func TestConfig(t *testing.T) {
	for name, config := range map[string]Config{
		"bucket_name":           {},
		"prefix":                {Bucket: "b", Prefix: "a//b"},
		"prefix has":            {Bucket: "b", Prefix: strings.Repeat("x", 201)},
		"aws_secret_access_key": {Bucket: "b", AccessKeyID: "id"},
		"batch_size":            {Bucket: "b", BatchSize: -1},
		"timeout":               {Bucket: "b", Timeout: -1},
		"encryption_key":        {Bucket: "b", EncryptionKey: "k"},
		"endpoint_url":          {Bucket: "b", EndpointURL: "https://user:very-secret@host"},
		"endpoint_url is":       {Bucket: "b", EndpointURL: "host:9000"},
	} {
		_, err := New(config)
		if !errors.Is(err, storage.ErrValidation) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "very-secret") {
			t.Errorf("%+v: %v, want one about %s", config, err, name)
		}
	}
	for given, want := range map[string]string{"": "tframex/", "/": "", "a": "a/", "/a/b/": "a/b/"} {
		if s, err := New(Config{Bucket: "b", Prefix: given}); err != nil || s.config.Prefix != want {
			t.Errorf("prefix %q: %+v, %v; want %q", given, s, err, want)
		}
	}
	if s, err := New(Config{Bucket: "b"}); err != nil || *s.config.PathStyle {
		t.Errorf("paths of AWS: %v", err)
	}
	if s, err := New(Config{Bucket: "b", EndpointURL: "http://h", PathStyle: new(false)}); err != nil || *s.config.PathStyle {
		t.Errorf("hosts of another server: %v", err)
	}
}

// TestSettings gives all settings to the driver.
func TestSettings(t *testing.T) {
	s, err := storage.New(storage.Config{Type: "S3", Settings: map[string]any{
		"bucket_name": "b", "prefix": "p", "region": "eu-west-1", "aws_access_key_id": "i", "aws_secret_access_key": "s", "aws_session_token": "t", "endpoint_url": "https://h",
		"path_style": false, "encryption": "aws:kms", "encryption_key": "k", "batch_size": 7, "max_scan": 8, "timeout": 1.5, "retries": 2, "read_only": true, "unconditional": true, "trust_ids": true,
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := s.(*Storage).config
	if *got.PathStyle {
		t.Error("path_style is set")
	}
	got.PathStyle = nil
	want := Config{
		Bucket: "b", Prefix: "p/", Region: "eu-west-1", AccessKeyID: "i", SecretAccessKey: "s", SessionToken: "t", EndpointURL: "https://h", Encryption: "aws:kms", EncryptionKey: "k",
		BatchSize: 7, MaxScan: 8, Timeout: 1500 * time.Millisecond, Retries: 2, ReadOnly: true, Unconditional: true, TrustIDs: true,
	}
	if got != want {
		t.Errorf("the configuration is %+v, want %+v", got, want)
	}
	s, err = storage.New(storage.Config{Type: "s3", Settings: map[string]any{"bucket_name": "b", "prefix": "", "retries": 0}})
	if err != nil {
		t.Fatal(err)
	}
	if c := s.(*Storage).config; c.Prefix != "" || c.Retries != 0 {
		t.Errorf("with settings that are empty and 0, prefix is %q and retries %d", c.Prefix, c.Retries)
	}
	s, err = storage.New(storage.Config{Type: "s3", Settings: map[string]any{"bucket_name": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	defaults, _ := Config{Bucket: "b"}.withDefaults()
	got = s.(*Storage).config
	got.PathStyle, defaults.PathStyle = nil, nil
	if got != defaults {
		t.Errorf("the defaults are %+v, want %+v", got, defaults)
	}
}

func TestReadOnly(t *testing.T) {
	f := serve(t, nil)
	must[string](t)(connect(t, f, Config{}).Insert(t.Context(), "things", doc{"id": "a"}))
	s := connect(t, f, Config{ReadOnly: true})
	for op, change := range map[string]func() error{
		"CreateTable": func() error { return s.CreateTable(t.Context(), "things", nil) },
		"DropTable":   func() error { _, err := s.DropTable(t.Context(), "things"); return err },
		"Insert":      func() error { _, err := s.Insert(t.Context(), "things", doc{}); return err },
		"BulkInsert":  func() error { _, err := s.BulkInsert(t.Context(), "things", []doc{{}}); return err },
		"Update":      func() error { _, err := s.Update(t.Context(), "things", "a", doc{"n": 1}); return err },
		"Delete":      func() error { _, err := s.Delete(t.Context(), "things", "a"); return err },
		"Import":      func() error { _, err := s.Import(t.Context(), "things", nil, storage.Refuse); return err },
	} {
		if err := change(); !errors.Is(err, storage.ErrQuery) || !strings.Contains(err.Error(), "read_only") {
			t.Errorf("%s: %v, want ErrQuery", op, err)
		}
	}
	if got := must[doc](t)(s.Get(t.Context(), "things", "a")); got["id"] != "a" || len(f.keys(t)) != 1 {
		t.Errorf("the document is %v", got)
	}
}

func TestNoBucket(t *testing.T) {
	f := serve(t, nil)
	s, err := New(Config{Bucket: "elsewhere", EndpointURL: f.URL, AccessKeyID: "key", SecretAccessKey: "very-secret"})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Initialize(t.Context())
	if !errors.Is(err, storage.ErrConnection) || !strings.Contains(err.Error(), "elsewhere") {
		t.Errorf("a bucket that is not there: %v", err)
	}
	if _, ok := errors.AsType[*storage.Error](err); !ok {
		t.Errorf("%T is no *storage.Error", err)
	}
}

func TestEncryption(t *testing.T) {
	var algorithm, key atomic.Value
	f := serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				algorithm.Store(r.Header.Get("X-Amz-Server-Side-Encryption"))
				key.Store(r.Header.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"))
			}
			next.ServeHTTP(w, r)
		})
	})
	for _, config := range []Config{{}, {Encryption: "AES256"}, {Encryption: "aws:kms", EncryptionKey: "k"}} {
		must[string](t)(connect(t, f, config).Insert(t.Context(), "things", doc{}))
		if algorithm.Load() != config.Encryption || key.Load() != config.EncryptionKey {
			t.Errorf("%+v: %q and %q", config, algorithm.Load(), key.Load())
		}
	}
}
