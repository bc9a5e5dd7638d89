package repo

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// String returns the configuration without its passwords.
func (c Config) String() string {
	address := strings.Join(c.Addrs, ",")
	if c.URL != "" {
		address = redact(c.URL)
	}
	return fmt.Sprintf("redisgen.Config{%s prefix=%q user=%q}", address, c.Prefix, c.Username)
}

// Format writes String for every verb, so that none shows a password.
func (c Config) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		_, _ = fmt.Fprintf(f, "%q", c.String())
		return
	}
	_, _ = io.WriteString(f, c.String())
}

// LogValue returns for slog what String does.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns what String does: for JSON, and whatever else goes by the
// fields of a struct.
func (c Config) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
