package postgresd_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/redisgen/redisgen/internal/postgresd"
)

// connect logs in, and closes the connection when the test ends.
func connect(t *testing.T, login postgresd.Login, config *tls.Config) *pgx.Conn {
	t.Helper()
	c, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable", login.Host, login.Port, login.Username, login.Database))
	if err != nil {
		t.Fatal(err)
	}
	c.Password, c.TLSConfig = login.Password, config
	conn, err := pgx.ConnectConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func exec(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestSharedKeepsLoginsApart(t *testing.T) {
	one, two := postgresd.Shared(t), postgresd.Shared(t)
	if one.Pid() != two.Pid() {
		t.Errorf("two servers are shared, %d and %d", one.Pid(), two.Pid())
	}
	for _, server := range []*postgresd.Server{one, two} {
		exec(t, connect(t, server.Login(), nil), "CREATE TABLE things (id int)")
	}
}

func TestStart(t *testing.T) {
	var server *postgresd.Server
	t.Run("TLS and restart", func(t *testing.T) {
		server = postgresd.Start(t, postgresd.TLS())
		config := trust(t, server.CAFile())
		login := server.Login()
		exec(t, connect(t, login, config), "CREATE TABLE things AS SELECT 1 AS n")
		pid := server.Pid()
		server.Restart()
		if server.Pid() == pid {
			t.Error("the process is the same")
		}
		exec(t, connect(t, login, config), "SELECT n FROM things")
	})
	if err := syscall.Kill(server.Pid(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("signal to process %d after its test: %v, want no such process", server.Pid(), err)
	}
	if _, err := os.Stat(server.CAFile()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("files of the server after its test: %v, want none", err)
	}
}

// trust returns a configuration that takes what an authority has signed.
func trust(t *testing.T, file string) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &tls.Config{ServerName: "localhost", RootCAs: roots}
}

func TestSharedIsNotDisturbed(t *testing.T) {
	for name, disturb := range map[string]func(*postgresd.Server){"Stop": (*postgresd.Server).Stop, "Start": (*postgresd.Server).Start, "Restart": (*postgresd.Server).Restart} {
		fake := &fatal{TB: t}
		func() {
			defer func() { _ = recover() }()
			disturb(postgresd.Shared(fake))
		}()
		if !strings.Contains(fake.message, "use postgresd.Start") {
			t.Errorf("%s: %s", name, fake.message)
		}
	}
}

// fatal is a test that notes why it fails, and goes no further.
type fatal struct {
	testing.TB
	message string
}

func (f *fatal) Fatalf(format string, args ...any) {
	f.message = fmt.Sprintf(format, args...)
	panic(f.message)
}
