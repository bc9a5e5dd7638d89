package repo

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Config says how to reach Redis and how a [Client] behaves. The zero value is
// a server on localhost:6379 without password. It prints without passwords.
type Config struct {
	// URL is redis://user:password@host:port/db; rediss:// for TLS; unix://path;
	// redis+sentinel://host:port,host:port/master/db or
	// redis+cluster://host:port,host:port, with rediss for TLS. It has go-redis's
	// query parameters, and more that docs/deployment.md has. It sets the fields
	// of Config that are empty.
	URL string
	// Addrs are host:port of the server; of several nodes of a cluster; or of
	// the sentinels, if MasterName is set. Default localhost:6379.
	Addrs []string
	// MasterName is the name by which Sentinel knows the primary.
	MasterName string
	// ReplicaAddrs are host:port of the replicas that [Client.StaleReads] may read.
	// Default: those that the primary names, as always in a cluster.
	ReplicaAddrs []string
	// Cluster makes one address that of a cluster.
	Cluster bool
	// Username and Password are those of an ACL user; Password alone is the
	// default user's.
	Username, Password string
	// PasswordFile has the password in place of Password. It is read for each new
	// connection; white space at its end does not count.
	PasswordFile string
	// Credentials returns user name and password in place of the fields, for each
	// new connection; again, if the server refuses them. Its errors fail calls
	// that need a new connection.
	Credentials func(ctx context.Context) (username, password string, err error)
	// SentinelUsername and SentinelPassword are for the sentinels themselves.
	SentinelUsername, SentinelPassword string
	// DB is the number of the database. A cluster has only 0.
	DB int
	// TLS turns on TLS, and so does each of the fields below. Without a
	// ServerName, each server has to prove the name that it is dialled by.
	TLS *tls.Config
	// TLSCAFile has the certificates of the authorities that sign those of
	// servers, PEM, in place of the system's. TLSCertFile and TLSKeyFile have the
	// client's certificate and its key. When the files change, new connections
	// go by the new ones; if those do not fit together, by the ones before.
	TLSCAFile, TLSCertFile, TLSKeyFile string
	// TLSServerName is the name in the certificates of servers.
	TLSServerName string
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
	// Defaults 2 s, 3 s, 3 s, and ReadTimeout + 1 s. A deadline of the context
	// holds as well.
	DialTimeout, ReadTimeout, WriteTimeout, PoolTimeout time.Duration

	// RetryTimeout is for how long, after it has failed, what is known not to have
	// been carried out is sent again; reads, and writes of entities with the retry
	// option, also if their reply was lost. Default 5 s, in which a primary is
	// replaced; negative: as long as the context lasts.
	RetryTimeout time.Duration
	// MaxRetries is how often, within RetryTimeout. Default: any number; negative:
	// never.
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

	// Cache keeps records that were read in memory, and drops those that change. With
	// [New], the connection over which that is told is made in the background. Default
	// nil: nothing is kept.
	Cache *Cache

	// AutoPipeline has calls that goroutines make at the same time share pipelines: with
	// many goroutines more calls a second, with few as many as without. Default false.
	AutoPipeline bool

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
	// Observers are told of every operation. Packages repo/telemetry and
	// repo/promrepo have one each, for OpenTelemetry and for Prometheus.
	Observers []Observer
	// Instrument is given the connection that Open makes, before anything is sent, to
	// add hooks to it. What it returns is called by Close, if it is not nil. A
	// connection that is given to New has the hooks that its owner has added.
	Instrument func(redis.UniversalClient) (stop func(), err error)
	// Dialer makes connections, on which TLS is then spoken; default a net.Dialer.
	Dialer func(ctx context.Context, network, addr string) (net.Conn, error)

	tls    bool           // with the system's authorities
	parsed *redis.Options // of URL
}

// errConfig is what the errors of a bad Config are.
var errConfig = errors.New("redisgen: bad Config")

func (c Config) check() error {
	if strings.ContainsAny(c.Prefix, "{}") {
		return fmt.Errorf("%w: Prefix %q contains a brace; braces decide where keys live in a cluster", errConfig, c.Prefix)
	}
	if err := c.Durability.check(); err != nil {
		return err
	}
	if c.DB != 0 && c.isCluster() {
		return fmt.Errorf("%w: DB is %d; a cluster has only database 0", errConfig, c.DB)
	}
	if c.Cluster && c.MasterName != "" {
		return fmt.Errorf("%w: Cluster and MasterName: a cluster replaces its primaries without Sentinel; leave one empty", errConfig)
	}
	if err := c.Cache.check(c); err != nil {
		return err
	}
	passwords := 0
	for _, has := range []bool{c.Password != "", c.PasswordFile != "", c.Credentials != nil} {
		if has {
			passwords++
		}
	}
	if passwords > 1 {
		return fmt.Errorf("%w: set one of Password, PasswordFile and Credentials", errConfig)
	}
	if (c.TLSCertFile == "") != (c.TLSKeyFile == "") {
		return fmt.Errorf("%w: TLSCertFile and TLSKeyFile go together; set both or none", errConfig)
	}
	return nil
}

// isCluster tells whether the addresses are those of a cluster.
func (c Config) isCluster() bool {
	return c.Cluster || len(c.Addrs) > 1 && c.MasterName == ""
}

func (c Config) withDefaults() Config {
	or := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	or(&c.DialTimeout, 2*time.Second)
	or(&c.ReadTimeout, 3*time.Second)
	or(&c.WriteTimeout, 3*time.Second)
	or(&c.PoolTimeout, c.ReadTimeout+time.Second)
	or(&c.RetryTimeout, 5*time.Second)
	or(&c.MinRetryBackoff, 8*time.Millisecond)
	or(&c.MaxRetryBackoff, 512*time.Millisecond)
	or(&c.SweepInterval, time.Second)
	if len(c.Addrs) == 0 {
		c.Addrs = []string{"localhost:6379"}
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
