package repo

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
)

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// copyFile gives a file what another one has.
func copyFile(t *testing.T, to, from string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(text))
}

// reconnect closes a server's connections, and reads by a new one.
func reconnect(t *testing.T, server *redisd.Server, client *Client) error {
	t.Helper()
	if err := server.Client().Do(t.Context(), "client", "kill", "type", "normal", "skipme", "yes").Err(); err != nil {
		t.Fatal(err)
	}
	_, err := client.do(t.Context(), &call{args: []any{"ping"}})
	return err
}

func TestTLSFiles(t *testing.T) {
	server := redisd.Start(t, redisd.TLS())
	certs := server.TLS()
	files := Config{Addrs: []string{server.Addr()}, TLSCAFile: certs.CAFile, TLSCertFile: certs.CertFile, TLSKeyFile: certs.KeyFile, MaxRetries: -1}
	named, dialled := files, files
	named.TLSServerName = "localhost"
	var dials atomic.Int64
	dialled.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	for name, config := range map[string]Config{
		"fields": files, "server name": named, "own dialer": dialled,
		"URL": {URL: "rediss://" + server.Addr() + "?tls_ca_file=" + certs.CAFile + "&tls_cert_file=" + certs.CertFile + "&tls_key_file=" + certs.KeyFile},
	} {
		client, log := open(t, config)
		if _, err := client.Health(t.Context()); err != nil || log.Len() > 0 {
			t.Errorf("%s: %v, logged %s", name, err, log)
		}
	}
	if dials.Load() == 0 {
		t.Error("the Dialer was not asked")
	}
	foreign := redisd.Start(t, redisd.TLS()).TLS()
	other, stranger, bare := files, files, files
	other.TLSServerName = "other.example"
	stranger.TLSCAFile = foreign.CAFile
	bare.TLSCertFile, bare.TLSKeyFile = "", ""
	for name, config := range map[string]Config{"other name": other, "other authority": stranger, "no certificate": bare} {
		if _, err := Open(t.Context(), config); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s: Open = %v, want a complaint of the certificate", name, err)
		}
	}
}

func TestTLSFilesThatChange(t *testing.T) {
	server, foreign := redisd.Start(t, redisd.TLS()), redisd.Start(t, redisd.TLS()).TLS()
	certs, dir := server.TLS(), t.TempDir()
	cert, key := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	copyFile(t, cert, certs.CertFile)
	copyFile(t, key, certs.KeyFile)
	client, log := open(t, Config{Addrs: []string{server.Addr()}, TLSCAFile: certs.CAFile, TLSCertFile: cert, TLSKeyFile: key, RetryTimeout: 50 * time.Millisecond})
	copyFile(t, cert, foreign.CertFile) // and not yet the key
	if err := reconnect(t, server, client); err != nil || !strings.Contains(log.String(), "those before") {
		t.Errorf("while the files are replaced: %v, logged %q", err, log)
	}
	copyFile(t, key, foreign.KeyFile)
	if err := reconnect(t, server, client); err == nil || !strings.Contains(err.Error(), "unknown certificate authority") {
		t.Errorf("with a certificate of another authority: %v", err)
	}
	copyFile(t, cert, certs.CertFile)
	copyFile(t, key, certs.KeyFile)
	if err := reconnect(t, server, client); err != nil {
		t.Errorf("with a good certificate again: %v", err)
	}
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	if err := reconnect(t, server, client); err != nil {
		t.Errorf("without the file: %v", err)
	}
}

// rotated is a server with a user app, whose passwords can be changed.
type rotated struct {
	*redisd.Server
	t *testing.T
}

func startRotated(t *testing.T) rotated {
	return rotated{redisd.Start(t, redisd.Password("admin"), redisd.User("app", "old", "~*", "+@all")), t}
}

func (r rotated) user(rules ...any) {
	r.t.Helper()
	if err := r.Client().Do(r.t.Context(), append([]any{"acl", "setuser", "app"}, rules...)...).Err(); err != nil {
		r.t.Fatal(err)
	}
}

// Nothing fails while both passwords are good, nor when the old one goes.
func TestPasswordFileUnderLoad(t *testing.T) {
	server := startRotated(t)
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, "old\n")
	client, _ := open(t, Config{Addrs: []string{server.Addr()}, Username: "app", PasswordFile: file})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	results := make(chan error)
	var done atomic.Int64
	const workers = 8
	for range workers {
		go func() {
			for ctx.Err() == nil {
				if _, err := client.do(t.Context(), &call{args: []any{"set", "k", "v"}}); err != nil {
					results <- err
					return
				}
				done.Add(1)
			}
			results <- nil
		}()
	}
	more := func() {
		t.Helper()
		for until, deadline := done.Load()+50, time.Now().Add(20*time.Second); done.Load() < until; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the load does not go on")
			}
		}
	}
	more()
	server.user(">new")
	more()
	write(t, file, "new\n")
	more()
	if err := reconnect(t, server.Server, client); err != nil {
		t.Error(err)
	}
	more()
	server.user("<old")
	more()
	if err := reconnect(t, server.Server, client); err != nil {
		t.Error(err)
	}
	more()
	stop()
	for range workers {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

// A server that refuses the credentials has the client ask for them again.
func TestCredentialsAreAskedForAgain(t *testing.T) {
	server := startRotated(t)
	var asked atomic.Int64
	passwords := func(list ...string) func(context.Context) (string, string, error) {
		asked.Store(0)
		return func(context.Context) (string, string, error) {
			return "app", list[min(int(asked.Add(1)), len(list))-1], nil
		}
	}
	for _, test := range [][]string{{"wrong", "wrong", "old"}, {"", "", "old"}} {
		open(t, Config{Addrs: []string{server.Addr()}, Credentials: passwords(test...), SweepInterval: -1})
		if asked.Load() < 3 {
			t.Errorf("%q: asked %d times", test, asked.Load())
		}
	}
	if _, err := Open(t.Context(), Config{Addrs: []string{server.Addr()}, Credentials: passwords("wrong"), RetryTimeout: 50 * time.Millisecond}); err == nil || !isAuth(errors.Unwrap(err)) {
		t.Errorf("Open = %v, want WRONGPASS", err)
	}
	dials := 0
	_, err := Open(t.Context(), Config{Addrs: []string{server.Addr()}, Username: "app", Password: "wrong", Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials++
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}})
	if err == nil || dials != 1 {
		t.Errorf("a password that does not change was sent %d times: %v", dials, err)
	}
}

// A write for which there are no credentials has certainly not been sent.
func TestCredentialsThatFail(t *testing.T) {
	server := startRotated(t)
	lost := errors.New("the vault is closed")
	fails := false
	client, _ := open(t, Config{Addrs: []string{server.Addr()}, RetryTimeout: 50 * time.Millisecond, SweepInterval: -1, Credentials: func(context.Context) (string, string, error) {
		if fails {
			return "", "", lost
		}
		return "app", "old", nil
	}})
	fails = true
	if err := reconnect(t, server.Server, client); !errors.Is(err, lost) {
		t.Errorf("%v, want what Credentials says", err)
	}
	if _, err := client.do(t.Context(), &call{args: []any{"set", "k", "v"}, write: true}); !errors.Is(err, lost) || errors.Is(err, ErrUncertain) {
		t.Errorf("a write: %v", err)
	}
}

// A name that leads to another server now is followed when the server it led to
// has become a replica, by single calls and by those of a pipeline.
func TestPrimaryThatMoves(t *testing.T) {
	for _, n := range []int{1, 3} {
		one, other := redisd.Start(t), redisd.Start(t)
		var target atomic.Pointer[redisd.Server]
		target.Store(one)
		client, _ := open(t, Config{Addrs: []string{"redis.example:6379"}, SweepInterval: -1, Dialer: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, target.Load().Addr())
		}})
		set := func() {
			t.Helper()
			var calls []*call
			for range n {
				calls = append(calls, &call{args: []any{"set", "{users}", "v"}})
			}
			_, errs := client.sendAll(t.Context(), calls)
			for _, err := range errs {
				if err != nil {
					t.Errorf("of %d calls: %v", n, err)
				}
			}
		}
		set()
		host, port, _ := net.SplitHostPort(other.Addr())
		if err := one.Client().Do(t.Context(), "replicaof", host, port).Err(); err != nil {
			t.Fatal(err)
		}
		target.Store(other)
		set()
		if err := other.Client().Get(t.Context(), "{users}").Err(); err != nil {
			t.Error(err)
		}
	}
}

// Without a sentinel that knows the primary, a write has certainly not been sent,
// and is sent again.
func TestSentinelsThatAreSilent(t *testing.T) {
	attempts := 0
	config := Config{MasterName: "main", Addrs: []string{"127.0.0.1:1"}, RetryTimeout: 50 * time.Millisecond, SweepInterval: -1, Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
		attempts++
		return nil, errors.New("no route")
	}}.withDefaults()
	rdb, _, err := config.connect()
	if err != nil {
		t.Fatal(err)
	}
	client, err := newClient(rdb, true, config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = client.do(t.Context(), &call{args: []any{"set", "k", "v"}, write: true})
	if err == nil || errors.Is(err, ErrUncertain) || !strings.Contains(err.Error(), "no route") || attempts < 2 {
		t.Errorf("%v after %d attempts", err, attempts)
	}
}
