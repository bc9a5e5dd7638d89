package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/redis/go-redis/v9"
)

// credentials returns what asks for user name and password when a connection is
// made, nil if they never change.
func (c Config) credentials() func(context.Context) (username, password string, err error) {
	ask := c.Credentials
	if c.PasswordFile != "" {
		ask = func(context.Context) (string, string, error) {
			password, err := readPassword(c.PasswordFile)
			return c.Username, password, err
		}
	}
	if ask == nil {
		return nil
	}
	return func(ctx context.Context) (string, string, error) {
		username, password, err := ask(ctx)
		if err != nil {
			return "", "", notConnected(fmt.Errorf("redisgen: credentials: %w", err))
		}
		return username, password, nil
	}
}

// readPassword reads a file that has a password, and maybe a line's end.
func readPassword(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("password file: %w", err)
	}
	password := strings.TrimRight(string(text), " \t\r\n")
	if password == "" {
		return "", fmt.Errorf("password file %s: %w", file, errNoPassword)
	}
	return password, nil
}

var errNoPassword = errors.New("there is no password in it")

// greet has a server tell whether it takes the credentials of a new connection:
// without a password, go-redis does not look.
func greet(ctx context.Context, conn *redis.Conn) error {
	return conn.Ping(ctx).Err()
}

// isAuth tells whether a server refused credentials, or lacks them; it has then
// carried out nothing.
func isAuth(err error) bool {
	text := err.Error()
	return strings.HasPrefix(text, "WRONGPASS ") || strings.HasPrefix(text, "NOAUTH ")
}
