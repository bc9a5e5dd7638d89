package redis

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Config says how a [Storage] reaches Redis and how it behaves. The zero value is a server
// on localhost:6379 without password.
type Config struct {
	// Connection is how Redis is reached: addresses, Sentinel, cluster, user, password,
	// TLS, pool, timeouts, retries, cache and pipelines. The default of its Prefix is
	// "tframex:".
	Connection repo.Config
	// Typed is how the typed side works, which Store returns: how long sessions and
	// temporary data live, limits of users, how long the audit trail is kept,
	// notifications. Sessions that are inserted without expires_at live as long too.
	// Its Clock and Logger are those of Connection if it has none.
	Typed tframex.StoreOptions
	// MaxScan is how many documents Select and Count look at, at most, for a condition or
	// an order that no index answers. Default 10,000; negative: all.
	MaxScan int
	// RawCommands are the commands that ExecuteRaw takes. Default: [RawReads]. Commands
	// that there are not in [RawCommands] are refused by New.
	RawCommands []string
	// HealthInterval is how often the server is asked, in the background, whether it can
	// be used; changes are logged. Default 30 s; negative: never.
	HealthInterval time.Duration
	// ReadOnly has all methods that write fail, with [storage.ErrQuery].
	ReadOnly bool
	// Type is what Backend returns, for backends that are made of this one. Default
	// "redis".
	Type string
}

func (c Config) withDefaults() Config {
	c.Connection.Prefix = cmp.Or(c.Connection.Prefix, "tframex:")
	c.MaxScan = cmp.Or(c.MaxScan, 10_000)
	c.HealthInterval = cmp.Or(c.HealthInterval, 30*time.Second)
	c.Type = cmp.Or(c.Type, "redis")
	c.Typed.SessionTTL = cmp.Or(c.Typed.SessionTTL, time.Hour)
	if c.Connection.Logger == nil {
		c.Connection.Logger = slog.Default()
	}
	if c.Typed.Logger == nil {
		c.Typed.Logger = c.Connection.Logger
	}
	if c.Typed.Clock == nil {
		c.Typed.Clock = c.Connection.Clock
	}
	if c.RawCommands == nil {
		c.RawCommands = RawReads()
	}
	return c
}

func (c Config) check() error {
	if strings.ContainsAny(c.Connection.Prefix, "{}") {
		return fmt.Errorf("%w: key_prefix %q has a brace; braces decide where keys live in a cluster", storage.ErrValidation, c.Connection.Prefix)
	}
	for _, name := range c.RawCommands {
		if _, ok := rawCommands[strings.ToUpper(name)]; !ok {
			return fmt.Errorf("%w: raw_commands: %.40q is none of those that ExecuteRaw can check the keys of: %s",
				storage.ErrValidation, name, strings.Join(RawCommands(), ", "))
		}
	}
	if c.ReadOnly {
		for _, name := range c.RawCommands {
			if !slices.Contains(RawReads(), strings.ToUpper(name)) {
				return fmt.Errorf("%w: raw_commands: %s writes, and the storage is read_only", storage.ErrValidation, strings.ToUpper(name))
			}
		}
	}
	return nil
}
