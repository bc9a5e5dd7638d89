package postgresql

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Config says which server is meant, and how it is used.
type Config struct {
	// Host is a name, an address, or the folder of a socket.
	Host string
	// Port is that of the server; 0: 5432.
	Port int
	// Database is the name of the database, which has to be there.
	Database string
	Username string
	Password string
	// PoolSize is how many connections are held at least; 0: 20, or PoolMaxSize if that is less.
	PoolSize int
	// PoolMaxSize is how many connections there are at most; 0: 50, or PoolSize if that is more.
	PoolMaxSize int
	// SSLMode is disable, allow, prefer, require, verify-ca or verify-full, as in
	// https://www.postgresql.org/docs/15/libpq-ssl.html; "": prefer.
	SSLMode string
	// SSLCAFile, SSLCertFile and SSLKeyFile are files in PEM: authorities that the server's
	// certificate may be signed by, and the client's certificate and key.
	SSLCAFile, SSLCertFile, SSLKeyFile string
	// CommandTimeout is how long a statement may take; 0: 60 seconds.
	CommandTimeout time.Duration
	// NoTables: a table comes to be by CreateTable alone, not with its first document.
	NoTables bool
	// ReadOnly: the server refuses whatever writes.
	ReadOnly bool
}

// sslModes are those of the protocol.
var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// check returns the configuration with its defaults.
func (c Config) check() (Config, error) {
	for _, required := range []struct{ key, value string }{{"host", c.Host}, {"database", c.Database}, {"username", c.Username}} {
		if required.value == "" {
			return c, fmt.Errorf("%w: %s is missing", storage.ErrValidation, required.key)
		}
	}
	if c.Port < 0 || c.Port > 65535 || c.PoolSize < 0 || c.PoolMaxSize < 0 || c.CommandTimeout < 0 {
		return c, fmt.Errorf("%w: port, pool sizes or command_timeout out of range", storage.ErrValidation)
	}
	if c.SSLMode == "" {
		c.SSLMode = "prefer"
	}
	if !slices.Contains(sslModes, c.SSLMode) {
		return c, fmt.Errorf("%w: no ssl_mode %.40q; there are %s", storage.ErrValidation, c.SSLMode, strings.Join(sslModes, ", "))
	}
	if (c.SSLCertFile == "") != (c.SSLKeyFile == "") {
		return c, fmt.Errorf("%w: ssl_cert_file and ssl_key_file go together", storage.ErrValidation)
	}
	if c.Port == 0 {
		c.Port = 5432
	}
	if c.CommandTimeout == 0 {
		c.CommandTimeout = 60 * time.Second
	}
	return c.checkPool()
}

func (c Config) checkPool() (Config, error) {
	switch {
	case c.PoolSize == 0 && c.PoolMaxSize == 0:
		c.PoolSize, c.PoolMaxSize = 20, 50
	case c.PoolSize == 0:
		c.PoolSize = min(20, c.PoolMaxSize)
	case c.PoolMaxSize == 0:
		c.PoolMaxSize = max(50, c.PoolSize)
	}
	if c.PoolSize > c.PoolMaxSize {
		return c, fmt.Errorf("%w: pool_size, %d, is more than pool_max_size, %d", storage.ErrValidation, c.PoolSize, c.PoolMaxSize)
	}
	return c, nil
}

// quoting is how values are written in a connection string.
var quoting = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

// pool returns the configuration of the pool. The password is not part of a text on the way.
func (c Config) pool() (*pgxpool.Config, error) {
	var text strings.Builder
	for _, setting := range []struct{ key, value string }{
		{"host", c.Host}, {"port", fmt.Sprint(c.Port)}, {"dbname", c.Database}, {"user", c.Username}, {"sslmode", c.SSLMode},
		{"sslrootcert", c.SSLCAFile}, {"sslcert", c.SSLCertFile}, {"sslkey", c.SSLKeyFile},
	} {
		if setting.value != "" {
			fmt.Fprintf(&text, "%s='%s' ", setting.key, quoting.Replace(setting.value))
		}
	}
	pool, err := pgxpool.ParseConfig(text.String())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", storage.ErrValidation, err)
	}
	pool.ConnConfig.Password = c.Password
	pool.ConnConfig.ConnectTimeout = min(c.CommandTimeout, 10*time.Second)
	pool.MinConns, pool.MaxConns = int32(c.PoolSize), int32(c.PoolMaxSize)
	if c.ReadOnly {
		pool.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	}
	return pool, nil
}

func init() {
	storage.Register(storage.Driver{
		Type:    "postgresql",
		Summary: "documents in tables of a PostgreSQL server",
		Settings: []storage.Setting{
			{Path: "host", Kind: storage.Text, Required: true, Doc: "Name or address of the server, or the folder of its socket."},
			{Path: "port", Kind: storage.Integer, Default: int64(5432), Min: 1, Max: 65535, Doc: "Port of the server."},
			{Path: "database", Kind: storage.Text, Required: true, Doc: "Name of the database, which has to be there."},
			{Path: "username", Kind: storage.Text, Required: true, Doc: "User that logs in."},
			{Path: "password", Kind: storage.Text, Required: true, Secret: true, Doc: "Password of the user."},
			{Path: "pool_size", Kind: storage.Integer, Default: int64(20), Min: 1, Max: 10_000, Doc: "Connections that are held at least."},
			{Path: "pool_max_size", Kind: storage.Integer, Default: int64(50), Min: 1, Max: 10_000, Doc: "Connections that there are at most."},
			{Path: "ssl_mode", Kind: storage.Text, Default: "prefer", Choices: sslModes, Doc: "Whether TLS is used, and what of the server's certificate is verified."},
			{Path: "ssl_ca_file", Kind: storage.Text, Doc: "Authorities that the server's certificate may be signed by, PEM."},
			{Path: "ssl_cert_file", Kind: storage.Text, Doc: "Certificate of the client, PEM."},
			{Path: "ssl_key_file", Kind: storage.Text, Doc: "Key of the client's certificate, PEM."},
			{Path: "command_timeout", Kind: storage.Seconds, Default: 60 * time.Second, Min: 0.001, Max: 86400, Unit: "seconds", Doc: "How long a statement may take."},
			{Path: "create_tables", Kind: storage.Flag, Default: true, Doc: "Whether a table comes to be with its first document."},
			{Path: "read_only", Kind: storage.Flag, Default: false, Doc: "Whether the server is told to refuse whatever writes."},
		},
		Open: func(v storage.Values) (storage.Storage, error) {
			return New(Config{
				Host:           v.Text("host"),
				Port:           int(v.Int("port")),
				Database:       v.Text("database"),
				Username:       v.Text("username"),
				Password:       v.Text("password"),
				PoolSize:       int(v.Int("pool_size")),
				PoolMaxSize:    int(v.Int("pool_max_size")),
				SSLMode:        v.Text("ssl_mode"),
				SSLCAFile:      v.Text("ssl_ca_file"),
				SSLCertFile:    v.Text("ssl_cert_file"),
				SSLKeyFile:     v.Text("ssl_key_file"),
				CommandTimeout: v.Seconds("command_timeout"),
				NoTables:       !v.Flag("create_tables"),
				ReadOnly:       v.Flag("read_only"),
			})
		},
	})
}
