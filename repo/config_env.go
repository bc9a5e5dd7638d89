package repo

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ConfigFromEnv returns the Config that environment variables describe. Their
// names are the prefix, such as REDIS_, and
//
//	URL ADDRS MASTER_NAME CLUSTER DB CLIENT_NAME PREFIX
//	USERNAME PASSWORD PASSWORD_FILE SENTINEL_USERNAME SENTINEL_PASSWORD
//	TLS TLS_CA_FILE TLS_CERT_FILE TLS_KEY_FILE TLS_SERVER_NAME
//	POOL_SIZE MIN_IDLE_CONNS DIAL_TIMEOUT READ_TIMEOUT WRITE_TIMEOUT POOL_TIMEOUT
//	MAX_RETRIES RETRY_TIMEOUT MIN_RETRY_BACKOFF MAX_RETRY_BACKOFF CACHE AUTO_PIPELINE
//
// Each sets the field of that name. Addresses are parted by commas, CLUSTER,
// TLS, CACHE and AUTO_PIPELINE are true or false, and times are as in 1m30s. What is empty or not set
// leaves the field as it is; the fields come before the URL. A value that is
// none is an error that names the variable.
func ConfigFromEnv(prefix string) (Config, error) {
	var c Config
	e := environment{prefix: prefix}
	e.text("URL", &c.URL)
	e.list("ADDRS", &c.Addrs)
	e.text("MASTER_NAME", &c.MasterName)
	e.truth("CLUSTER", &c.Cluster)
	e.number("DB", &c.DB)
	e.text("CLIENT_NAME", &c.ClientName)
	e.text("PREFIX", &c.Prefix)
	e.text("USERNAME", &c.Username)
	e.text("PASSWORD", &c.Password)
	e.text("PASSWORD_FILE", &c.PasswordFile)
	e.text("SENTINEL_USERNAME", &c.SentinelUsername)
	e.text("SENTINEL_PASSWORD", &c.SentinelPassword)
	e.truth("TLS", &c.tls)
	e.text("TLS_CA_FILE", &c.TLSCAFile)
	e.text("TLS_CERT_FILE", &c.TLSCertFile)
	e.text("TLS_KEY_FILE", &c.TLSKeyFile)
	e.text("TLS_SERVER_NAME", &c.TLSServerName)
	e.number("POOL_SIZE", &c.PoolSize)
	e.number("MIN_IDLE_CONNS", &c.MinIdleConns)
	e.duration("DIAL_TIMEOUT", &c.DialTimeout)
	e.duration("READ_TIMEOUT", &c.ReadTimeout)
	e.duration("WRITE_TIMEOUT", &c.WriteTimeout)
	e.duration("POOL_TIMEOUT", &c.PoolTimeout)
	e.number("MAX_RETRIES", &c.MaxRetries)
	e.duration("RETRY_TIMEOUT", &c.RetryTimeout)
	e.duration("MIN_RETRY_BACKOFF", &c.MinRetryBackoff)
	e.duration("MAX_RETRY_BACKOFF", &c.MaxRetryBackoff)
	cached := false
	if e.truth("CACHE", &cached); cached {
		c.Cache = &Cache{}
	}
	e.truth("AUTO_PIPELINE", &c.AutoPipeline)
	if e.err != nil {
		return Config{}, e.err
	}
	return c, c.checkEnv(prefix)
}

// checkEnv looks for what Open would find wrong.
func (c Config) checkEnv(prefix string) error {
	if err := c.fillFromURL(); err != nil {
		return fmt.Errorf("%sURL: %w", prefix, err)
	}
	if err := c.check(); err != nil {
		return fmt.Errorf("variables %s…: %w", prefix, err)
	}
	return nil
}

// environment reads variables up to the first that has a bad value.
type environment struct {
	prefix string
	err    error
}

// value hands the value of a variable to set, if it has one.
func (e *environment) value(name, kind string, set func(string) error) {
	value := os.Getenv(e.prefix + name)
	if e.err != nil || value == "" {
		return
	}
	if set(value) != nil {
		e.err = fmt.Errorf("%w: %s%s is %q; write %s", errConfig, e.prefix, name, shorten(value), kind)
	}
}

func (e *environment) text(name string, to *string) {
	e.value(name, "", func(s string) error { *to = s; return nil })
}

func (e *environment) list(name string, to *[]string) {
	e.value(name, "", func(s string) error {
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" {
				*to = append(*to, part)
			}
		}
		return nil
	})
}

func (e *environment) truth(name string, to *bool) {
	e.value(name, "true or false", func(s string) (err error) { *to, err = strconv.ParseBool(s); return })
}

func (e *environment) number(name string, to *int) {
	e.value(name, "a number", func(s string) (err error) { *to, err = strconv.Atoi(s); return })
}

func (e *environment) duration(name string, to *time.Duration) {
	e.value(name, "a time such as 500ms or 3s", func(s string) (err error) { *to, err = time.ParseDuration(s); return })
}
