package redis

import (
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/limit"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

func init() {
	storage.Register(storage.Driver{
		Type:    "redis",
		Summary: "Redis or Valkey: a server, Sentinel or a cluster",
		Settings: []storage.Setting{
			{Path: "host", Kind: storage.Text, Default: "localhost", Doc: "The server. Not used if url or addrs is set."},
			{Path: "port", Kind: storage.Integer, Default: int64(6379), Min: 1, Max: 65535, Doc: "The port of host."},
			{Path: "db", Kind: storage.Integer, Default: int64(0), Min: 0, Max: 1 << 20, Doc: "The number of the database; a cluster has only 0."},
			{Path: "username", Kind: storage.Text, Doc: "The ACL user. Left out: the default user."},
			{Path: "password", Kind: storage.Text, Secret: true, Doc: "The password."},
			{Path: "url", Kind: storage.Text, Secret: true, Doc: "redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://, in place of host, port, db, username and password where it has them."},
			{Path: "addrs", Kind: storage.Texts, Doc: "host:port of several nodes of a cluster or, with sentinel_master, of the sentinels."},
			{Path: "sentinel_master", Kind: storage.Text, Doc: "The name by which the sentinels at addrs know the primary."},
			{Path: "ssl", Kind: storage.Flag, Default: false, Doc: "Whether connections are encrypted by TLS. Each key below that begins with ssl_ has that too."},
			{Path: "ssl_ca_file", Kind: storage.Text, Doc: "A file with the certificates, in PEM, of the authorities that sign those of servers. Left out: those of the system."},
			{Path: "ssl_cert_file", Kind: storage.Text, Doc: "A file with the certificate of the client, in PEM."},
			{Path: "ssl_key_file", Kind: storage.Text, Doc: "A file with the key of ssl_cert_file, in PEM."},
			{Path: "ssl_server_name", Kind: storage.Text, Doc: "The name that certificates of servers have. Left out: the host."},
			{Path: "connection_pool_size", Kind: storage.Integer, Default: int64(10), Min: 1, Max: 10000, Doc: "The most connections to a server."},
			{Path: "socket_timeout", Kind: storage.Seconds, Default: 5 * time.Second, Min: 0.001, Max: 3600, Unit: "seconds", Doc: "How long a connection, a request and an answer may take, each."},
			{Path: "retry_on_timeout", Kind: storage.Flag, Default: true, Doc: "Whether what is known not to have been carried out is sent again, for five seconds; reads also if their answer was lost."},
			{Path: "health_check_interval", Kind: storage.Seconds, Default: 30 * time.Second, Min: 0, Max: 86400, Unit: "seconds", Doc: "How often the server is asked whether it can be used; changes are logged. 0: never."},
			{Path: "key_prefix", Kind: storage.Text, Default: "tframex:", Doc: "What all keys begin with. It has no braces."},
			{Path: "ttl.sessions", Kind: storage.Seconds, Default: time.Hour, Min: 1, Max: 1e9, Unit: "seconds", Doc: "How long a session lives that does not say when it ends."},
			{Path: "ttl.temp_data", Kind: storage.Seconds, Default: 5 * time.Minute, Min: 1, Max: 1e9, Unit: "seconds", Doc: "How long temporary data is kept."},
			{Path: "max_scan", Kind: storage.Integer, Default: int64(10000), Min: 1, Max: 1e9, Unit: "documents", Doc: "How many documents are looked at, at most, for a condition or an order that no index answers."},
			{Path: "raw_commands", Kind: storage.Texts, Doc: "The commands that ExecuteRaw takes. Left out: those that read."},
			{Path: "cache", Kind: storage.Flag, Default: false, Doc: "Whether documents that were read by id are kept in memory until they change. For one server, with database 0."},
			{Path: "auto_pipelining", Kind: storage.Flag, Default: false, Doc: "Whether calls that are made at the same time share round trips."},
			{Path: "notifications", Kind: storage.Flag, Default: false, Doc: "Whether the typed side publishes new messages and changes of flows."},
			{Path: "rate_limit.requests", Kind: storage.Integer, Min: 1, Max: 1e6, Doc: "How many requests of a user the typed side admits in rate_limit.per. Left out: any."},
			{Path: "rate_limit.per", Kind: storage.Seconds, Default: time.Minute, Min: 0.001, Max: 86400 * 366, Unit: "seconds", Doc: "The time that rate_limit.requests is for."},
			{Path: "audit.retention", Kind: storage.Seconds, Min: 1, Max: 9e9, Unit: "seconds", Doc: "How long entries of the audit trail are kept. Left out: for ever."},
			{Path: "read_only", Kind: storage.Flag, Default: false, Doc: "Whether everything that writes fails."},
		},
		Open: func(v storage.Values) (storage.Storage, error) {
			config, err := fromValues(v)
			if err != nil {
				return nil, err
			}
			return New(config)
		},
	})
}

// fromValues returns what settings mean.
func fromValues(v storage.Values) (Config, error) {
	timeout := v.Seconds("socket_timeout")
	c := Config{
		Connection: repo.Config{
			URL: v.Text("url"), Addrs: v.Texts("addrs"), MasterName: v.Text("sentinel_master"),
			Username: v.Text("username"), Password: v.Text("password"), DB: int(v.Int("db")),
			TLSCAFile: v.Text("ssl_ca_file"), TLSCertFile: v.Text("ssl_cert_file"), TLSKeyFile: v.Text("ssl_key_file"), TLSServerName: v.Text("ssl_server_name"),
			PoolSize: int(v.Int("connection_pool_size")), DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout,
			Prefix: v.Text("key_prefix"), AutoPipeline: v.Flag("auto_pipelining"),
		},
		MaxScan: int(v.Int("max_scan")), RawCommands: v.Texts("raw_commands"), HealthInterval: v.Seconds("health_check_interval"), ReadOnly: v.Flag("read_only"),
	}
	if c.Connection.Prefix == "" {
		return c, fmt.Errorf("%w: key_prefix is empty; leave it out for %q", storage.ErrValidation, "tframex:")
	}
	if v.Flag("ssl") {
		c.Connection.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if v.Flag("cache") {
		c.Connection.Cache = &repo.Cache{}
	}
	if !v.Flag("retry_on_timeout") {
		c.Connection.MaxRetries = -1
	}
	if c.HealthInterval == 0 {
		c.HealthInterval = -1
	}
	if c.Connection.URL == "" && len(c.Connection.Addrs) == 0 {
		if c.Connection.MasterName != "" {
			return c, fmt.Errorf("%w: sentinel_master needs the sentinels in addrs", storage.ErrValidation)
		}
		c.Connection.Addrs = []string{net.JoinHostPort(v.Text("host"), strconv.FormatInt(v.Int("port"), 10))}
	}
	c.Typed.SessionTTL, c.Typed.TempTTL = v.Seconds("ttl.sessions"), v.Seconds("ttl.temp_data")
	c.Typed.Notify, c.Typed.AuditRetention = v.Flag("notifications"), v.Seconds("audit.retention")
	if v.Has("rate_limit.requests") {
		c.Typed.UserLimits = []limit.Limit{limit.Rate(int(v.Int("rate_limit.requests")), v.Seconds("rate_limit.per"))}
	}
	return c, nil
}
