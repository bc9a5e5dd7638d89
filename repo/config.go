package repo

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Config says how to reach Redis and how a [Client] behaves. The zero value is
// a server on localhost:6379 without password.
type Config struct {
	// URL is redis://user:password@host:port/db, rediss:// for TLS, or
	// unix://path, with go-redis's query parameters. It sets Addrs, Username,
	// Password, DB and TLS where these are empty.
	URL string
	// Addrs are host:port of the server; of several nodes of a cluster; or of
	// the sentinels, if MasterName is set. Default localhost:6379.
	Addrs []string
	// MasterName is the name by which Sentinel knows the primary.
	MasterName string
	// Cluster makes one address that of a cluster.
	Cluster bool
	// Username and Password are those of an ACL user; Password alone is the
	// default user's.
	Username, Password string
	// SentinelUsername and SentinelPassword are for the sentinels themselves.
	SentinelUsername, SentinelPassword string
	// DB is the number of the database. A cluster has only 0.
	DB int
	// TLS turns on TLS.
	TLS *tls.Config
	// ClientName shows in CLIENT LIST.
	ClientName string

	// Prefix is what every key begins with: "app:". It cannot contain braces,
	// which would decide where keys live in a cluster.
	Prefix string

	// PoolSize is the number of connections to each server at most. Default: 10
	// for each CPU.
	PoolSize int
	// MinIdleConns are kept open. Default 0.
	MinIdleConns int
	// DialTimeout, ReadTimeout, WriteTimeout and PoolTimeout bound a connection
	// being made, a reply, a request, and the wait for a free connection.
	// Defaults 5 s, 3 s, 3 s, and ReadTimeout + 1 s. A deadline of the context
	// holds as well.
	DialTimeout, ReadTimeout, WriteTimeout, PoolTimeout time.Duration

	// MaxRetries is how often what is known not to have been carried out is
	// sent again; reads, and writes of entities with the retry option, also if
	// their reply was lost. Default 3; negative: never.
	MaxRetries int
	// MinRetryBackoff and MaxRetryBackoff bound the pause between two attempts.
	// Defaults 8 ms and 512 ms; negative: no pause.
	MinRetryBackoff, MaxRetryBackoff time.Duration

	// RoundTrip is how long a round trip to the server takes. Queries read a page
	// in one, by a script; or in two, ids and then records, which costs the server
	// a third to a half, where a round trip takes less than about 3 µs for each
	// record of the page. In two, a record that changes between them is returned as
	// it is then, and may no longer meet the conditions. time.Hour has the script
	// read every page. Default: the fastest that was seen.
	RoundTrip time.Duration

	// RequireIndex has every query fail that no index narrows, as
	// [Query.RequireIndex] does one. Default false: it walks all records, some
	// hundreds a round trip.
	RequireIndex bool

	// MaxIDSize and MaxValueSize are how many bytes the id of a record and the value
	// of a field, as they are stored, have at most. What is larger is ErrTooLarge,
	// and nothing is sent. Defaults 16 KiB and 64 MiB; Redis itself takes 512 MB in
	// one value. Negative: no limit.
	MaxIDSize, MaxValueSize int

	// Durability is what every write asks for; [Client.Durable] changes that for some.
	// Default: that the primary has carried it out.
	Durability Durability

	// Functions has scripts called as Redis Functions, which "redisgen functions
	// load" or [LoadFunctions] has put on the server before: the user of the
	// program needs neither EVAL nor SCRIPT. Redis 7 or later, and Valkey, have
	// them. Default false.
	Functions bool

	// SweepInterval is the longest time for which the index entries of an
	// expired record may stay in memory; queries never see them. Default 1 s;
	// negative: nothing is swept in the background.
	SweepInterval time.Duration

	// Clock gives the time for created and updated fields. Default: the
	// server's clock. Expiry always goes by the server's.
	Clock func() time.Time
	// NewID makes up keys that are empty on create. Default: UUIDv7.
	NewID func() string
	// Logger takes what happens in the background. Default slog.Default().
	// go-redis reports failed dials by itself; see its SetLogger.
	Logger *slog.Logger
	// Dialer makes connections; default a net.Dialer.
	Dialer func(ctx context.Context, network, addr string) (net.Conn, error)

	parsed *redis.Options // of URL
}

// String returns the configuration without its passwords.
func (c Config) String() string {
	address := strings.Join(c.Addrs, ",")
	if c.URL != "" {
		address = redact(c.URL)
	}
	return fmt.Sprintf("redisgen.Config{%s prefix=%q user=%q}", address, c.Prefix, c.Username)
}

// GoString is String, so that %#v shows no password either.
func (c Config) GoString() string { return c.String() }

// redact returns a URL without its password and parameters; no part of one in
// which the password may stand anywhere else than where it belongs.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Opaque != "" || u.Scheme == "" || strings.Contains(u.Host+u.Path+u.RawQuery+u.Fragment, "@") {
		return hiddenURL
	}
	u.RawQuery, u.Fragment = "", ""
	return u.Redacted()
}

const hiddenURL = "(URL not shown)"

// errConfig is what the errors of a bad Config are.
var errConfig = errors.New("redisgen: bad Config")

func (c Config) check() error {
	if strings.ContainsAny(c.Prefix, "{}") {
		return fmt.Errorf("%w: Prefix %q contains a brace; braces decide where keys live in a cluster", errConfig, c.Prefix)
	}
	if err := c.Durability.check(); err != nil {
		return err
	}
	if c.DB != 0 && (c.Cluster || len(c.Addrs) > 1 && c.MasterName == "") {
		return fmt.Errorf("%w: DB is %d; a cluster has only database 0", errConfig, c.DB)
	}
	return nil
}

func (c Config) withDefaults() Config {
	or := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	or(&c.DialTimeout, 5*time.Second)
	or(&c.ReadTimeout, 3*time.Second)
	or(&c.WriteTimeout, 3*time.Second)
	or(&c.PoolTimeout, c.ReadTimeout+time.Second)
	or(&c.MinRetryBackoff, 8*time.Millisecond)
	or(&c.MaxRetryBackoff, 512*time.Millisecond)
	or(&c.SweepInterval, time.Second)
	if c.MaxRetries == 0 {
		c.MaxRetries = 3
	}
	c.MaxIDSize = cmp.Or(c.MaxIDSize, 16<<10)
	c.MaxValueSize = cmp.Or(c.MaxValueSize, 64<<20)
	if c.NewID == nil {
		c.NewID = newUUID
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// universal returns the options of go-redis's client.
func (c Config) universal() *redis.UniversalOptions {
	c = c.withDefaults()
	if len(c.Addrs) == 0 {
		c.Addrs = []string{"localhost:6379"}
	}
	from := c.parsed
	if from == nil {
		from = &redis.Options{}
	}
	return &redis.UniversalOptions{
		Addrs: c.Addrs, MasterName: c.MasterName, IsClusterMode: c.Cluster, DB: c.DB, ClientName: c.ClientName,
		Username: c.Username, Password: c.Password,
		SentinelUsername: c.SentinelUsername, SentinelPassword: c.SentinelPassword,
		TLSConfig: c.TLS, PoolSize: c.PoolSize, MinIdleConns: c.MinIdleConns, Dialer: c.Dialer,
		DialTimeout: c.DialTimeout, ReadTimeout: c.ReadTimeout, WriteTimeout: c.WriteTimeout, PoolTimeout: c.PoolTimeout,
		Protocol: from.Protocol, PoolFIFO: from.PoolFIFO, MaxIdleConns: from.MaxIdleConns, MaxActiveConns: from.MaxActiveConns,
		MaxConcurrentDials: from.MaxConcurrentDials, ConnMaxIdleTime: from.ConnMaxIdleTime,
		ConnMaxLifetime: from.ConnMaxLifetime, ConnMaxLifetimeJitter: from.ConnMaxLifetimeJitter,
		PipelineReadBufferSize: from.PipelineReadBufferSize, PipelineWriteBufferSize: from.PipelineWriteBufferSize,
		PipelinePoolSize: from.PipelinePoolSize,
		// The client itself repeats what may be repeated, with its own pauses.
		MaxRetries: -1, DialerRetries: 1,
		// Without this, go-redis waits for ReadTimeout whatever the context says.
		ContextTimeoutEnabled: true,
	}
}

// fillFromURL sets what the URL says and the other fields do not.
func (c *Config) fillFromURL() error {
	if c.URL == "" {
		return nil
	}
	o, err := redis.ParseURL(c.URL)
	if err != nil {
		return fmt.Errorf("%w: URL %s: %s", errConfig, redact(c.URL), withoutURL(err, c.URL))
	}
	c.parsed = o
	if len(c.Addrs) == 0 {
		c.Addrs = []string{o.Addr}
	}
	if c.Username == "" {
		c.Username = o.Username
	}
	if c.Password == "" {
		c.Password = o.Password
	}
	if c.DB == 0 {
		c.DB = o.DB
	}
	if c.TLS == nil {
		c.TLS = o.TLSConfig
	}
	if c.ClientName == "" {
		c.ClientName = o.ClientName
	}
	for _, d := range []struct{ to, from *time.Duration }{
		{&c.DialTimeout, &o.DialTimeout}, {&c.ReadTimeout, &o.ReadTimeout}, {&c.WriteTimeout, &o.WriteTimeout},
		{&c.PoolTimeout, &o.PoolTimeout}, {&c.MinRetryBackoff, &o.MinRetryBackoff}, {&c.MaxRetryBackoff, &o.MaxRetryBackoff},
	} {
		if *d.to == 0 {
			*d.to = *d.from
		}
	}
	for _, n := range []struct{ to, from *int }{
		{&c.PoolSize, &o.PoolSize}, {&c.MinIdleConns, &o.MinIdleConns}, {&c.MaxRetries, &o.MaxRetries},
	} {
		if *n.to == 0 {
			*n.to = *n.from
		}
	}
	return nil
}

// withoutURL returns what is wrong with a URL without quoting it, for it may
// have a password in it.
func withoutURL(err error, address string) string {
	if redact(address) == hiddenURL {
		return "malformed; percent-encode what is special in user name and password"
	}
	return strings.ReplaceAll(err.Error(), address, "it")
}
