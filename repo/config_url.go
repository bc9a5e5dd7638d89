package repo

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// address is a URL that may name several hosts.
type address struct {
	*url.URL          // with the first host
	more     []string // the others
}

// errMalformed does not quote the URL, for its password may stand anywhere.
var errMalformed = errors.New("malformed; percent-encode what is special in user name and password")

func parseAddress(text string) (address, error) {
	scheme, rest, found := strings.Cut(text, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	user := strings.LastIndexByte(rest[:end], '@') + 1
	hosts := strings.Split(rest[user:end], ",")
	u, err := url.Parse(scheme + "://" + rest[:user] + hosts[0] + rest[end:])
	if err != nil || !found || scheme == "" || strings.Contains(u.Host+u.Path+u.RawQuery+u.Fragment, "@") {
		return address{}, errMalformed
	}
	for _, host := range hosts[1:] {
		if other, err := url.Parse("redis://" + host); err != nil || host == "" || other.Host != host {
			return address{}, errMalformed
		}
	}
	return address{u, hosts[1:]}, nil
}

// redact returns a URL without its password and parameters; no part of one in
// which the password may stand anywhere else than where it belongs.
func redact(text string) string {
	a, err := parseAddress(text)
	if err != nil {
		return "(URL not shown)"
	}
	a.RawQuery, a.Fragment = "", ""
	a.Host = strings.Join(append([]string{a.Host}, a.more...), ",")
	return a.Redacted()
}

// fillFromURL sets what the URL says and the other fields do not.
func (c *Config) fillFromURL() error {
	if c.URL == "" {
		return nil
	}
	a, err := parseAddress(c.URL)
	if err == nil {
		err = c.fillFromAddress(a)
	}
	if err != nil {
		return fmt.Errorf("%w: URL %s: %w", errConfig, redact(c.URL), err)
	}
	return nil
}

func (c *Config) fillFromAddress(a address) error {
	scheme, kind, _ := strings.Cut(a.Scheme, "+")
	q := a.Query()
	take := func(name string) string {
		defer q.Del(name)
		return q.Get(name)
	}
	more, port := a.more, "6379"
	switch kind {
	case "sentinel":
		port = "26379"
		fill(&c.MasterName, masterOf(a, take("master_name")))
		fill(&c.SentinelUsername, take("sentinel_username"))
		fill(&c.SentinelPassword, take("sentinel_password"))
		if c.MasterName == "" {
			return errors.New("the name of the primary is missing; write it as the path, redis+sentinel://host:port/name")
		}
	case "cluster":
		c.Cluster = true
	case "":
		if len(more) > 0 {
			return errors.New("several hosts; begin with redis+cluster:// or redis+sentinel://")
		}
	default:
		return fmt.Errorf("unknown scheme %s; write redis, rediss, unix, or redis or rediss with +sentinel or +cluster", a.Scheme)
	}
	if kind != "" {
		more = append(more, q["addr"]...)
		q.Del("addr")
	}
	if text := take("retry_timeout"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("retry_timeout: %w", err)
		}
		fill(&c.RetryTimeout, d)
	}
	if err := c.fillFlags(take); err != nil {
		return err
	}
	fill(&c.TLSCAFile, take("tls_ca_file"))
	fill(&c.TLSCertFile, take("tls_cert_file"))
	fill(&c.TLSKeyFile, take("tls_key_file"))
	fill(&c.TLSServerName, take("tls_server_name"))
	a.Scheme, a.RawQuery = scheme, q.Encode()
	o, err := redis.ParseURL(a.URL.String())
	if err != nil {
		return err
	}
	addrs := []string{o.Addr}
	if kind != "" {
		addrs = nil
		for _, host := range append([]string{a.Host}, more...) {
			addrs = append(addrs, withPort(host, port))
		}
		if o.TLSConfig != nil {
			o.TLSConfig.ServerName = "" // each server has its own
		}
	}
	if len(c.Addrs) == 0 {
		c.Addrs = addrs
	}
	c.fillFromOptions(o)
	return nil
}

// fillFlags turns on what parameters turn on.
func (c *Config) fillFlags(take func(string) string) error {
	for _, name := range []string{"cache", "auto_pipeline"} {
		text := take(name)
		if text == "" {
			continue
		}
		on, err := strconv.ParseBool(text)
		switch {
		case err != nil:
			return fmt.Errorf("%s: write true or false", name)
		case on && name == "cache" && c.Cache == nil:
			c.Cache = &Cache{}
		case on && name == "auto_pipeline":
			c.AutoPipeline = true
		}
	}
	return nil
}

// masterOf takes the name of the primary from the path, which the database may
// follow, unless a parameter has it.
func masterOf(a address, parameter string) string {
	if parameter != "" {
		return parameter
	}
	name, db, _ := strings.Cut(strings.Trim(a.Path, "/"), "/")
	a.Path, a.RawPath = "/"+db, ""
	return name
}

func withPort(host, port string) string {
	u := url.URL{Host: host}
	if u.Port() != "" {
		port = u.Port()
	}
	name := u.Hostname()
	if name == "" {
		name = "localhost"
	}
	return net.JoinHostPort(name, port)
}

// fill sets what is zero.
func fill[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}

func (c *Config) fillFromOptions(o *redis.Options) {
	c.parsed = o
	if c.Credentials == nil {
		fill(&c.Username, o.Username)
	}
	if c.Credentials == nil && c.PasswordFile == "" {
		fill(&c.Password, o.Password)
	}
	fill(&c.DB, o.DB)
	fill[*tls.Config](&c.TLS, o.TLSConfig)
	fill(&c.ClientName, o.ClientName)
	fill(&c.DialTimeout, o.DialTimeout)
	fill(&c.ReadTimeout, o.ReadTimeout)
	fill(&c.WriteTimeout, o.WriteTimeout)
	fill(&c.PoolTimeout, o.PoolTimeout)
	fill(&c.MinRetryBackoff, o.MinRetryBackoff)
	fill(&c.MaxRetryBackoff, o.MaxRetryBackoff)
	fill(&c.PoolSize, o.PoolSize)
	fill(&c.MinIdleConns, o.MinIdleConns)
	fill(&c.MaxRetries, o.MaxRetries)
}
